"""Own the state file of a stack: what the supervisor has done, read by every command."""

import json
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from cluster.local.credentials import write_private


class StackStatus(StrEnum):
    """Name the states of a local stack."""

    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Hold one step of a start; `elapsed_s` is None while it runs."""

    name: str
    elapsed_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """Hold what is known of a stack.

    `supervisor_created` guards against a reused process id. `main_product` is what the main job
    is about, known once the vendors are. `sign_in_link` lets in an owner who has no password yet.
    """

    stack_id: str
    status: StackStatus
    port: int
    supervisor_pid: int
    supervisor_created: float
    steps: tuple[Step, ...] = ()
    elapsed_s: float | None = None
    problem: str = ""
    remedy: str = ""
    main_product: str = ""
    sign_in_link: str = ""
    services: dict[str, int] = field(default_factory=dict)

    @property
    def supervisor_alive(self) -> bool:
        try:
            process = psutil.Process(self.supervisor_pid)
            same = abs(process.create_time() - self.supervisor_created) < 1.0
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def with_step(self, step: Step) -> "StackState":
        """Return the state with the step of this name added or replaced."""
        kept = [step if known.name == step.name else known for known in self.steps]
        if step not in kept:
            kept.append(step)
        return replace(self, steps=tuple(kept))


def read_state(path: Path) -> StackState | None:
    """Read the state file; None where no stack was ever started."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    raw["status"] = StackStatus(raw["status"])
    raw["steps"] = tuple(Step(**step) for step in raw["steps"])
    return StackState(**raw)


def write_state(path: Path, state: StackState) -> None:
    """Replace the state file in one step."""
    write_private(path, json.dumps(asdict(state), indent=1))
