"""Own the vocabulary of runs: kinds, status, the run as stored, its events and its chunks."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

MARKET_ORG = UUID("00000000-0000-7000-8000-000000000000")
"""Own what every organisation may read: prices that came from a venue or its sandbox."""

DEFAULT_ORG = UUID("00000000-0000-7000-8000-000000000001")
"""Name the one organisation that the first migration seeds."""

SHOTS_PER_BLOCK = 1024
"""Seed random numbers per block of this many shots, so grouping never changes a result."""

MANAGER = "run-manager"
"""Name who carries runs out, in the events that it writes."""


class RunKind(StrEnum):
    """Name the kinds of run."""

    PORTFOLIO = "portfolio"
    HEDGE = "hedge"
    SWEEP = "sweep"
    CIRCUIT = "circuit"
    OBSERVABLE = "observable"
    AMPLITUDE = "amplitude"
    LANDSCAPE = "landscape"
    BACKTEST = "backtest"
    RISK = "risk"


class RunStatus(StrEnum):
    """Name the states of a run; the last three are final."""

    QUEUED = "queued"
    PLANNING = "planning"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """Record one step in the life of a run: when, who, what, and why.

    `sequence` counts from 1 without holes; `status` is the one after the step.
    """

    run_id: UUID
    sequence: int
    at: datetime
    kind: str
    status: RunStatus
    who: str
    why: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """Hold a run that is about to be stored as queued.

    `problem` is what is to be solved, settled when the run was submitted; `specification_hash`
    digests organisation, kind, specification, code version and data vintage. `deadline` is the
    moment after which the run is no longer wanted.
    """

    org_id: UUID
    run_id: UUID
    kind: RunKind
    specification: dict[str, Any]
    specification_hash: bytes
    problem: dict[str, Any]
    backend: str
    seed: int
    code_version: str
    vintage: str | None
    submitted_by: str
    priority: int = 0
    deadline: datetime | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Hold one run as stored.

    `problem` is what is solved, `plan` how: the backend chosen and why, and the chunks. `backend`
    is as asked until the plan names the one chosen. `waiting_for` says why a queued or running run
    does not go on. `problem`, `plan` and `result` are None in lists, which leave them out, and a
    specification of more than 4 KiB as stored is empty there.
    """

    org_id: UUID
    run_id: UUID
    kind: RunKind
    status: RunStatus
    specification: dict[str, Any]
    problem: dict[str, Any] | None
    plan: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    backend: str
    seed: int
    code_version: str
    vintage: str | None
    submitted_by: str
    priority: int
    deadline: datetime | None
    labels: tuple[str, ...]
    waiting_for: str | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRun:
    """Hold what decides when a run that is not final is carried out; `plan` names its limits."""

    org_id: UUID
    run_id: UUID
    kind: RunKind
    status: RunStatus
    backend: str
    priority: int
    deadline: datetime | None
    cancel_requested: bool
    plan: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Choose runs to list; None and empty choose all. `label` is one that a run must carry."""

    statuses: tuple[RunStatus, ...] = ()
    kinds: tuple[RunKind, ...] = ()
    backend: str | None = None
    label: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Hold the stored outcome of one chunk of a run: a result, or the error that it ends with.

    `snapshot_id` names the backend as it was when the chunk was claimed. `waited_s` went by
    between claim and start, `elapsed_s` while it ran; `worker` names the process that ran it.
    """

    run_id: UUID
    stage: str
    index: int
    result: dict[str, Any] | None
    elapsed_s: float
    error: dict[str, Any] | None = None
    waited_s: float = 0.0
    attempts: int = 1
    worker: str = ""
    snapshot_id: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSnapshot:
    """Hold a backend as it was at one moment; `digest` of the body names it."""

    digest: bytes
    backend: str
    body: dict[str, Any] = field(hash=False)
