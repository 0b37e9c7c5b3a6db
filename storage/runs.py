"""Own the stored life of runs: the run, its steps, and the keys of the requests that made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from core.errors import (
    IdempotencyKeyReused,
    InvalidInput,
    RunAlreadyFinished,
    RunNotFound,
    TooManyRuns,
)
from core.run_life import Life, Step, advance
from core.runs import MANAGER, NewRun, QueuedRun, Run, RunEvent, RunFilter, RunKind, RunStatus
from storage import plans, sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("runs")
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9999, 12, 31, tzinfo=UTC)
_LEFT_OUT = {"problem": None, "plan": None, "result": None}
_STARTED = frozenset({RunStatus.PLANNING, RunStatus.RUNNING})


class Unchanged(Enum):
    """Stand for a value that is to stay as it is, where None is a value."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Locked:
    org_id: UUID
    run_id: UUID
    life: Life
    waiting_for: str | None
    cancel_requested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    waiting_for: str | None
    cancel_requested: bool
    plan: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    backend: str | None = None


async def create(
    conn: "WriteConn",
    new: NewRun,
    idempotency_key: str | None,
    request_hash: bytes,
    now: datetime,
    max_unfinished: int,
) -> tuple[Run, bool]:
    """Store a queued run with its first event, or return the run this key made before.

    The second value tells whether it is new. Callers of one organisation wait for each other until
    their transactions end, so that a key makes one run and no two of them fill the last place.

    Raises:
        IdempotencyKeyReused: the key came before with another `request_hash`.
        TooManyRuns: the organisation has `max_unfinished` runs that are not final.
    """
    await conn.execute(_SQL["lock_submissions"], new.org_id)
    if idempotency_key is not None:
        made = await find_by_key(conn, new.org_id, idempotency_key, request_hash)
        if made is not None:
            return made, False
        await conn.execute(
            _SQL["insert_key"], new.org_id, idempotency_key, request_hash, new.run_id, now
        )
    if await conn.fetchval(_SQL["count_unfinished"], new.org_id, max_unfinished) >= max_unfinished:
        plan = await plans.plan_of(conn, new.org_id)
        raise TooManyRuns(plan=plan.name, limit=max_unfinished)
    await conn.execute(_SQL["insert_run"], *_values_of(new), now)
    return await get(conn, new.org_id, new.run_id), True


async def find_by_key(
    conn: "ReadConn", org_id: UUID, idempotency_key: str, request_hash: bytes
) -> Run | None:
    """Return the run that this key made before, if any.

    Raises:
        IdempotencyKeyReused: the key came before with another `request_hash`.
    """
    row = await conn.fetchrow(_SQL["read_key"], org_id, idempotency_key)
    if row is None:
        return None
    if row["request_hash"] != request_hash:
        raise IdempotencyKeyReused(key=idempotency_key)
    return await get(conn, org_id, row["run_id"])


async def get(conn: "ReadConn", org_id: UUID, run_id: UUID) -> Run:
    """Return a run.

    Raises:
        RunNotFound: the organisation has none of this id.
    """
    row = await conn.fetchrow(_SQL["read_run"], org_id, run_id)
    if row is None:
        raise RunNotFound(run_id=str(run_id))
    return _run(dict(row))


async def find_finished(conn: "ReadConn", org_id: UUID, specification_hash: bytes) -> Run | None:
    """Return the newest succeeded run of this specification, if any."""
    row = await conn.fetchrow(_SQL["find_finished"], org_id, specification_hash)
    return None if row is None else _run(dict(row))


async def list_page(
    conn: "ReadConn",
    org_id: UUID,
    filter: RunFilter,
    limit: int,
    before: UUID | None = None,
) -> list[Run]:
    """List the runs that a filter chooses, newest first, from the one before `before` on.

    Runs of one moment come by id. Problem, plan and result are left out, and a specification that
    takes more than 4 KiB is empty.

    Raises:
        InvalidInput: the organisation has no run `before`.
    """
    upper = (filter.created_before or _AFTER_ALL, UUID(int=0))
    if before is not None:
        moment = await conn.fetchval(_SQL["created_at"], org_id, before)
        if moment is None:
            raise InvalidInput(field="before", reason=f"there is no run {before}")
        upper = min(upper, (moment, before))
    bounds = (org_id, limit, *upper, filter.created_from or _BEFORE_ALL)
    states = (filter.statuses or tuple(RunStatus), filter.kinds or tuple(RunKind))
    if filter.label is not None:
        rows = await conn.fetch(
            _SQL["page_by_label"], *bounds, *states, filter.backend, filter.label
        )
    elif filter.backend is not None:
        rows = await conn.fetch(_SQL["page_by_backend"], *bounds, *states, filter.backend)
    elif filter.statuses or filter.kinds:
        rows = await conn.fetch(_SQL["page_by_state"], *bounds, *states)
    else:
        rows = await conn.fetch(_SQL["page_newest"], *bounds)
    return [_run({**row, **_LEFT_OUT}) for row in rows]


async def queue(conn: "ReadConn") -> list[QueuedRun]:
    """List every run that is not final, oldest first; needs the system role to see them all."""
    return [_queued(row) for row in await conn.fetch(_SQL["queue"])]


async def queued(conn: "ReadConn", org_id: UUID, run_id: UUID) -> QueuedRun | None:
    """Return what decides when a run is carried out, None if it is final or does not exist."""
    row = await conn.fetchrow(_SQL["queued"], org_id, run_id)
    return None if row is None else _queued(row)


async def take_steps(
    conn: "WriteConn",
    org_id: UUID,
    run_id: UUID,
    steps: Sequence[Step],
    now: datetime,
    *,
    plan: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
    backend: str | None = None,
    waiting_for: str | Literal[Unchanged.UNCHANGED] | None = UNCHANGED,
) -> list[RunEvent]:
    """Take steps in the life of a run and return their events; none if it is already final.

    Steps that lead nowhere new are left out, and without any other nothing is stored. None leaves
    plan, result, error and backend as they are. A run that is final waits for nothing.

    Raises:
        RunNotFound: the organisation has none of this id.
        ValueError: a run of its status never goes where a step leads.
    """
    locked = await _lock(conn, org_id, run_id)
    changes = _Changes(
        plan=plan,
        result=result,
        error=error,
        backend=backend,
        waiting_for=locked.waiting_for if waiting_for is UNCHANGED else waiting_for,
        cancel_requested=locked.cancel_requested,
    )
    return await _write(conn, locked, steps, changes, now)


async def request_cancel(
    conn: "WriteConn", org_id: UUID, run_id: UUID, who: str, now: datetime
) -> None:
    """Note that a run shall be cancelled; asking again changes nothing.

    Raises:
        RunNotFound: the organisation has none of this id.
        RunAlreadyFinished: it is final.
    """
    locked = await _lock(conn, org_id, run_id)
    if locked.life.status.is_final:
        raise RunAlreadyFinished(run_id=str(run_id), status=locked.life.status.value)
    if not locked.cancel_requested:
        step = Step(kind="cancel_requested", who=who)
        changes = _Changes(waiting_for=locked.waiting_for, cancel_requested=True)
        await _write(conn, locked, [step], changes, now)


async def set_waiting(
    conn: "WriteConn", org_id: UUID, run_id: UUID, why: str | None, now: datetime
) -> None:
    """Say why a run does not go on, with None that it does; an event `waiting` tells of a change.

    Nothing happens to a run that is final.

    Raises:
        RunNotFound: the organisation has none of this id.
    """
    locked = await _lock(conn, org_id, run_id)
    if locked.waiting_for != why:
        step = Step(kind="waiting", who=MANAGER, why=why)
        changes = _Changes(waiting_for=why, cancel_requested=locked.cancel_requested)
        await _write(conn, locked, [step], changes, now)


async def _lock(conn: "WriteConn", org_id: UUID, run_id: UUID) -> _Locked:
    row = await conn.fetchrow(_SQL["lock_life"], org_id, run_id)
    if row is None:
        raise RunNotFound(run_id=str(run_id))
    return _Locked(
        org_id=org_id,
        run_id=run_id,
        life=Life(status=RunStatus(row["status"]), sequence=row["last_sequence"]),
        waiting_for=row["waiting_for"],
        cancel_requested=row["cancel_requested"],
    )


async def _write(
    conn: "WriteConn", locked: _Locked, steps: Sequence[Step], changes: _Changes, now: datetime
) -> list[RunEvent]:
    life, taken = advance(locked.life, steps)
    if not taken:
        return []
    events = [
        RunEvent(
            run_id=locked.run_id,
            sequence=sequence,
            at=now,
            kind=step.kind,
            status=status,
            who=step.who,
            why=step.why,
            detail=step.detail,
        )
        for sequence, status, step in taken
    ]
    await conn.execute(
        _SQL["take_steps"],
        locked.org_id,
        locked.run_id,
        now,
        life.status,
        life.sequence,
        any(event.status in _STARTED for event in events),
        life.status.is_final,
        changes.plan,
        changes.result,
        changes.error,
        changes.backend,
        None if life.status.is_final else changes.waiting_for,
        changes.cancel_requested,
        *_columns(events),
    )
    return events


def _columns(events: Sequence[RunEvent]) -> tuple[list[Any], ...]:
    return (
        [event.sequence for event in events],
        [event.kind for event in events],
        [event.status for event in events],
        [event.who for event in events],
        [event.why for event in events],
        [event.detail for event in events],
    )


def _values_of(new: NewRun) -> tuple[Any, ...]:
    return (
        new.org_id,
        new.run_id,
        new.kind,
        new.specification,
        new.specification_hash,
        new.problem,
        new.backend,
        new.seed,
        new.code_version,
        new.vintage,
        new.submitted_by,
        new.priority,
        new.deadline,
        new.labels,
    )


def _run(values: Mapping[str, Any]) -> Run:
    return Run(
        **{
            **values,
            "kind": RunKind(values["kind"]),
            "status": RunStatus(values["status"]),
            "labels": tuple(values["labels"]),
        }
    )


def _queued(row: "asyncpg.Record") -> QueuedRun:
    return QueuedRun(**{**row, "kind": RunKind(row["kind"]), "status": RunStatus(row["status"])})
