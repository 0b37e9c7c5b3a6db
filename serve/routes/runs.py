"""Own runs over HTTP: submit, try out, list, read, cancel."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel

from core.backends import Backend
from core.clock import utc_from_ns
from core.errors import InvalidInput, SourceUnavailable
from core.identity import Permission
from core.logs import get_logger
from core.runs import RunFilter, RunKind, RunStatus
from serve import submission
from serve.identity.access import PrincipalOf, needs
from serve.middleware.bodies import MAX_RUN_BYTES
from serve.routes.run_views import RunPage, RunView, run_view
from serve.run_requests import Label, RunBody
from serve.services import ServicesOf
from storage import plans, runs

log = get_logger(__name__)
router = APIRouter(tags=["runs"])

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


class Trial(BaseModel):
    """Tell what a run would be, had it been submitted: where, for how long, within which limits.

    `estimated_s` is on one core; `choice` says why, and what else was weighed.
    """

    kind: str
    specification: dict[str, Any]
    backend: str
    method: str | None
    estimated_s: float
    why: str
    choice: dict[str, Any]
    qubits: int
    points: int
    shots: int
    plan: str
    limits: dict[str, int]


@router.post(
    "/runs",
    status_code=202,
    responses={200: {"model": RunView}},
    max_body_size=MAX_RUN_BYTES,
    dependencies=[needs(Permission.RUNS_SUBMIT)],
)
async def submit_run(
    body: RunBody,
    response: Response,
    caller: PrincipalOf,
    services: ServicesOf,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> RunView:
    """Store a run and start it; the answer comes before the work.

    A run that is already answered comes at once, with the status 200.
    """
    run = await submission.submit(body, idempotency_key, caller, services)
    if run.status is RunStatus.SUCCEEDED:
        response.status_code = 200
    response.headers["Location"] = f"/v1/runs/{run.run_id}"
    return run_view(run)


@router.post(
    "/runs/validate", max_body_size=MAX_RUN_BYTES, dependencies=[needs(Permission.RUNS_SUBMIT)]
)
async def validate_run(body: RunBody, caller: PrincipalOf, services: ServicesOf) -> Trial:
    """Tell what a run would be, or why it would be refused, and store nothing."""
    prepared = await submission.prepare(body, caller, services)
    async with services.pools.read(caller.org_id) as connection:
        plan = await plans.plan_of(connection, caller.org_id)
    submission.require_within(plan, prepared.kind, prepared.workload, body.priority)
    choice, workload = prepared.choice, prepared.workload
    return Trial(
        kind=prepared.kind,
        specification=prepared.posed.specification.to_json(),
        backend=str(choice.backend),
        method=choice.method,
        estimated_s=choice.seconds,
        why=choice.why,
        choice=choice.to_json(),
        qubits=workload.qubits,
        points=workload.points,
        shots=workload.shots,
        plan=plan.name,
        limits={
            "qubits": plan.max_qubits,
            "points": plan.max_points,
            "shots": plan.max_shots,
            "priority": plan.max_priority,
            "running": plan.max_running,
            "unfinished": plan.max_unfinished,
            "qpu_seconds": plan.qpu_seconds,
        },
    )


async def _filter(
    status: Annotated[list[RunStatus] | None, Query(description="Any of these.")] = None,
    kind: Annotated[list[RunKind] | None, Query(description="Any of these.")] = None,
    backend: Annotated[str | None, Query(max_length=80)] = None,
    label: Annotated[Label | None, Query(description="One that the run carries.")] = None,
    created_from: Annotated[
        datetime | None, Query(description="From this time on; without a zone it is UTC.")
    ] = None,
    created_before: Annotated[datetime | None, Query(description="Before this time.")] = None,
) -> RunFilter:
    """Return which runs are asked for, checked before the store is asked."""
    return RunFilter(
        statuses=tuple(dict.fromkeys(status or ())),
        kinds=tuple(dict.fromkeys(kind or ())),
        backend=None if backend is None else str(Backend.parse(backend)),
        label=label,
        created_from=_moment("created_from", created_from),
        created_before=_moment("created_before", created_before),
    )


def _moment(field: str, moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if not _FIRST <= aware <= _LAST:
        raise InvalidInput(field=field, reason=f"expected a time from {_FIRST} to {_LAST}")
    return aware.astimezone(UTC)


@router.get("/runs", dependencies=[needs(Permission.RUNS_READ)])
async def list_runs(
    caller: PrincipalOf,
    services: ServicesOf,
    chosen: Annotated[RunFilter, Depends(_filter)],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="`next_before` of the page before.")] = None,
) -> RunPage:
    """List runs, newest first, without problem, plan and result."""
    async with services.pools.read(caller.org_id) as connection:
        page = await runs.list_page(connection, caller.org_id, chosen, limit, before)
    last = page[-1].run_id if len(page) == limit else None
    return RunPage(items=[run_view(run) for run in page], next_before=last)


@router.get("/runs/{run_id}", dependencies=[needs(Permission.RUNS_READ)])
async def read_run(run_id: UUID, caller: PrincipalOf, services: ServicesOf) -> RunView:
    """Return a run with its problem and result."""
    async with services.pools.read(caller.org_id) as connection:
        return run_view(await runs.get(connection, caller.org_id, run_id))


@router.post("/runs/{run_id}/cancel", status_code=202, dependencies=[needs(Permission.RUNS_CANCEL)])
async def cancel_run(run_id: UUID, caller: PrincipalOf, services: ServicesOf) -> RunView:
    """Stop a run that is not finished."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.write(caller.org_id) as connection:
        await runs.request_cancel(connection, caller.org_id, run_id, caller.actor, now)
    try:
        await services.runs.cancel(caller.org_id, run_id)
    except SourceUnavailable as error:
        # The wish is stored; the manager heeds it when it is back.
        log.warning("run.cancel.postponed", run_id=str(run_id), reason=error.detail)
    async with services.pools.read(caller.org_id) as connection:
        return run_view(await runs.get(connection, caller.org_id, run_id))
