"""Own the wire shape of runs, their events and their chunks, shared by routes and stream."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from core.runs import Chunk, Run, RunEvent, RunStatus


class RunView(BaseModel):
    """Hold one run: what was asked, the problem that came of it, how it is solved, the result.

    `problem`, `plan` and `result` are null in lists. `waiting_for` says why a run that is not
    finished does not go on.
    """

    run_id: UUID
    kind: str
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
    elapsed_s: float | None


class RunEventView(BaseModel):
    """Hold one step in the life of a run: when, who, what and why.

    On the stream the last event carries the `run` with its result, its problem left out.
    """

    run_id: UUID
    sequence: int
    at: datetime
    kind: str
    status: RunStatus
    who: str
    why: str | None
    detail: dict[str, Any]
    run: RunView | None = None


class RunPage(BaseModel):
    """Hold one page of runs, newest first; pass `next_before` as `before` for the next."""

    items: list[RunView]
    next_before: UUID | None


class EventList(BaseModel):
    """List the events of a run in their order."""

    items: list[RunEventView]


class ChunkView(BaseModel):
    """Hold how one chunk of a run went; `snapshot_id` names the backend as it was then."""

    stage: str
    index: int
    elapsed_s: float
    waited_s: float
    attempts: int
    worker: str
    error: dict[str, Any] | None
    snapshot_id: str | None = Field(description="The digest of the snapshot, in hexadecimal.")


class ChunkPage(BaseModel):
    """Hold one page of chunks by stage and index; pass `next_after` as `after` for the next."""

    items: list[ChunkView]
    next_after: str | None


def run_view(run: Run, *, with_problem: bool = True) -> RunView:
    """Turn a stored run into its wire shape; `elapsed_s` runs from submission to the end."""
    finished = run.finished_at
    elapsed_s = None if finished is None else (finished - run.created_at).total_seconds()
    return RunView(
        run_id=run.run_id,
        kind=run.kind,
        status=run.status,
        specification=run.specification,
        problem=run.problem if with_problem else None,
        plan=run.plan,
        result=run.result,
        error=run.error,
        backend=run.backend,
        seed=run.seed,
        code_version=run.code_version,
        vintage=run.vintage,
        submitted_by=run.submitted_by,
        priority=run.priority,
        deadline=run.deadline,
        labels=run.labels,
        waiting_for=run.waiting_for,
        cancel_requested=run.cancel_requested,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=finished,
        elapsed_s=elapsed_s,
    )


def event_view(event: RunEvent, run: Run | None = None) -> RunEventView:
    """Turn a stored event into its wire shape, with the run that ended by it."""
    return RunEventView(
        run_id=event.run_id,
        sequence=event.sequence,
        at=event.at,
        kind=event.kind,
        status=event.status,
        who=event.who,
        why=event.why,
        detail=event.detail,
        run=None if run is None else run_view(run, with_problem=False),
    )


def chunk_view(chunk: Chunk) -> ChunkView:
    """Turn a stored chunk into its wire shape, without its result."""
    return ChunkView(
        stage=chunk.stage,
        index=chunk.index,
        elapsed_s=chunk.elapsed_s,
        waited_s=chunk.waited_s,
        attempts=chunk.attempts,
        worker=chunk.worker,
        error=chunk.error,
        snapshot_id=None if chunk.snapshot_id is None else chunk.snapshot_id.hex(),
    )
