"""Own the states that a run goes through, and which step leads from which to which."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.runs import RunStatus

_ENDS = frozenset({RunStatus.FAILED, RunStatus.CANCELLED})

ALLOWED_TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.PLANNING}) | _ENDS,
    RunStatus.PLANNING: frozenset({RunStatus.RUNNING}) | _ENDS,
    RunStatus.RUNNING: frozenset({RunStatus.SUCCEEDED}) | _ENDS,
    RunStatus.SUCCEEDED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Describe one step: its kind, who took it, why, and the status it leads to.

    `to` None leaves the status as it is, as progress does.
    """

    kind: str
    who: str
    to: RunStatus | None = None
    why: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def into(
        cls,
        status: RunStatus,
        *,
        who: str,
        why: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> "Step":
        """Make the step that leads to a status and is named after it."""
        return cls(kind=status.value, who=who, to=status, why=why, detail=detail or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Hold where a run stands: its status, and the number of its last event."""

    status: RunStatus
    sequence: int


def advance(life: Life, steps: Sequence[Step]) -> tuple[Life, list[tuple[int, RunStatus, Step]]]:
    """Take steps in order; return where the run stands then, and each step's number and status.

    Nothing happens to a run that is final, whoever comes late. Steps to the status that the run
    already has are left out, so that a caller may repeat them.

    Raises:
        ValueError: a run of its status never goes where a step leads.
    """
    taken = []
    for step in steps:
        if life.status.is_final:
            break
        if step.to is life.status:
            continue
        if step.to is not None and step.to not in ALLOWED_TRANSITIONS[life.status]:
            message = f"a run cannot go from {life.status} to {step.to}"
            raise ValueError(message)
        life = replace(life, status=step.to or life.status, sequence=life.sequence + 1)
        taken.append((life.sequence, life.status, step))
    return life, taken
