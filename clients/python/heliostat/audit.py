"""Own the typed answers about the audit trail and compliance."""

from datetime import datetime

from heliostat.models import Model


class AuditEntry(Model):
    """Hold one act: who did what to which thing; `digest` covers it and the entry before."""

    position: int
    at: datetime
    actor: str
    action: str
    target: str | None = None
    details: dict[str, str | int | bool | None]
    previous: str
    digest: str


class AuditPage(Model):
    """Hold one page, newest first; `next_before` is None on the last one."""

    items: tuple[AuditEntry, ...]
    next_before: int | None = None


class AuditFault(Model):
    """Say what is wrong with the trail at a position."""

    position: int
    kind: str
    detail: str


class AuditVerification(Model):
    """Tell whether the trail of all organisations is whole, and where it ends."""

    whole: bool
    entries: int
    anchors: int
    last_anchored: int
    head: str
    faults: tuple[AuditFault, ...]


class Control(Model):
    """Hold one control: what is demanded, by which clauses, and what its check found."""

    control_id: str
    demand: str
    clauses: tuple[str, ...]
    holds: bool
    evidence: str
    remedy: str | None = None


class ComplianceReport(Model):
    """Hold the findings of every control that software can evidence."""

    checked_at: datetime
    holds: bool
    items: tuple[Control, ...]
