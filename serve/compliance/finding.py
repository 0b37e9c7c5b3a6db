"""Own what a check of a control is given, and what it says."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from serve.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Hold what is looked at: the services of a replica, for an organisation, at a moment.

    `operations` counts those of the API, `undeclared` those that do not say whom they let in.
    """

    services: Services
    org_id: UUID
    now: datetime
    operations: int
    undeclared: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Say whether a control holds now, by what; `remedy` is what to do where it does not."""

    holds: bool
    evidence: str
    remedy: str = ""


def holds(evidence: str) -> Finding:
    """Return that a control holds."""
    return Finding(holds=True, evidence=evidence)


def fails(evidence: str, remedy: str) -> Finding:
    """Return that a control does not hold."""
    return Finding(holds=False, evidence=evidence, remedy=remedy)
