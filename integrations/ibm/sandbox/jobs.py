"""Own the sandbox's jobs and sessions: what they are, how they are listed, how they end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

FINAL = frozenset({"Completed", "Failed", "Cancelled"})
RAN_TOO_LONG = 1305
MAX_TAGS = 8
MAX_TAG_LENGTH = 86


@dataclass(kw_only=True)
class Job:
    """Hold one job; `quantum_s` is what it is charged for."""

    id: str
    program: str
    device: str
    params: dict[str, Any]
    tags: tuple[str, ...]
    session_id: str | None
    cost_s: int | None
    created: datetime
    is_private: bool = False
    status: str = "Queued"
    reason: str | None = None
    reason_code: int | None = None
    result: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    quantum_s: float = 0.0

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def view(self, *, with_params: bool) -> dict[str, Any]:
        """Return the job as the vendor shows it."""
        state = {"status": self.status, "reason": self.reason, "reason_code": self.reason_code}
        shown: dict[str, Any] = {
            "id": self.id,
            "backend": self.device,
            "state": {key: value for key, value in state.items() if value is not None},
            "status": self.status,
            "program": {"id": self.program},
            "created": _stamp(self.created),
            "cost": self.cost_s,
            "tags": list(self.tags),
            "session_id": self.session_id,
            "private": self.is_private,
            "usage": {"quantum_seconds": self.quantum_s},
            "estimated_running_time_seconds": self.quantum_s,
        }
        return {**shown, "params": self.params} if with_params else shown

    def metrics(self) -> dict[str, Any]:
        """Return when the job did what, and what it is charged for once it has ended."""
        return {
            "timestamps": {
                "created": _stamp(self.created),
                "running": _stamp(self.started),
                "finished": _stamp(self.finished),
            },
            "usage": {
                "qpu_charge_time_seconds": self.quantum_s,
                "status": "complete" if self.is_final else "pending",
            },
            "caller": "qiskit",
        }


@dataclass(kw_only=True)
class Session:
    """Hold one batch or session: jobs that the vendor carries out close together."""

    id: str
    device: str
    mode: str
    max_ttl_s: int
    started: datetime
    is_accepting: bool = True

    def view(self, jobs: Sequence[Job]) -> dict[str, Any]:
        """Return the session as the vendor shows it."""
        running = any(not job.is_final for job in jobs)
        state = "active" if running else "open" if self.is_accepting else "closed"
        return {
            "id": self.id,
            "backend_name": self.device,
            "mode": self.mode,
            "max_ttl": self.max_ttl_s,
            "interactive_ttl": 60,
            "active_ttl": self.max_ttl_s,
            "state": state,
            "accepting_jobs": self.is_accepting,
            "started_at": _stamp(self.started),
            "elapsed_time": sum(job.quantum_s for job in jobs),
        }


@dataclass(kw_only=True)
class JobStore:
    """Hold all jobs and sessions, in the order in which they came."""

    jobs: dict[str, Job] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)

    def of_session(self, session_id: str) -> list[Job]:
        """List the jobs of a session."""
        return [job for job in self.jobs.values() if job.session_id == session_id]

    def waiting(self, device: str) -> int:
        """Count the jobs of a device that have not ended."""
        return sum(job.device == device and not job.is_final for job in self.jobs.values())

    def charged_s(self) -> float:
        """Return the seconds that all jobs are charged for."""
        return sum(job.quantum_s for job in self.jobs.values())

    def page(self, query: Mapping[str, str], tags: Sequence[str]) -> dict[str, Any]:
        """Return one page of the jobs that a query names, the newest first unless `sort=ASC`.

        Raises:
            ValueError: a number or a moment of the query cannot be read.
        """
        limit, offset = int(query.get("limit", "20")), int(query.get("offset", "0"))
        found = [job for job in self.jobs.values() if _matches(job, query, tags)]
        if query.get("sort") != "ASC":
            found.reverse()
        shown = [job.view(with_params=False) for job in found[offset : offset + limit]]
        return {"jobs": shown, "count": len(found), "limit": limit, "offset": offset}


def _matches(job: Job, query: Mapping[str, str], tags: Sequence[str]) -> bool:
    equal = {"backend": job.device, "program": job.program, "session_id": job.session_id}
    if any(query[key] != value for key, value in equal.items() if key in query):
        return False
    if "pending" in query and (query["pending"] == "true") is job.is_final:
        return False
    if not set(tags) <= set(job.tags):
        return False
    after, before = query.get("created_after"), query.get("created_before")
    return not (
        (after is not None and job.created < datetime.fromisoformat(after))
        or (before is not None and job.created > datetime.fromisoformat(before))
    )


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
