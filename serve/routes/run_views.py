"""Own the wire shape of a run, shared by its routes and its stream."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from core.runs import Run, RunEvent, RunStatus


class RunView(BaseModel):
    """Hold one run: what was asked, the problem that came of it, and the result."""

    run_id: UUID
    kind: str
    status: RunStatus
    specification: dict[str, Any]
    problem: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    elapsed_s: float | None


class RunEventView(BaseModel):
    """Hold one step in the life of a run."""

    run_id: UUID
    sequence: int
    at: datetime
    kind: str
    status: RunStatus
    detail: dict[str, Any]


class RunPage(BaseModel):
    """Hold one page of runs, newest first; pass `next_before` as `before` for the next."""

    items: list[RunView]
    next_before: UUID | None


def run_view(run: Run) -> RunView:
    """Turn a stored run into its wire shape; `elapsed_s` runs from submission to the end."""
    finished = run.finished_at
    elapsed_s = None if finished is None else (finished - run.created_at).total_seconds()
    return RunView(
        run_id=run.run_id,
        kind=run.kind,
        status=run.status,
        specification=run.specification,
        problem=run.problem,
        result=run.result,
        error=run.error,
        cancel_requested=run.cancel_requested,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=finished,
        elapsed_s=elapsed_s,
    )


def event_view(event: RunEvent) -> RunEventView:
    """Turn a stored event into its wire shape."""
    return RunEventView(
        run_id=event.run_id,
        sequence=event.sequence,
        at=event.at,
        kind=event.kind,
        status=event.status,
        detail=event.detail,
    )
