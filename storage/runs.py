"""Own the stored life of runs: the run, its events, its chunks, and the keys of its requests."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.errors import IdempotencyKeyReused, RunAlreadyFinished, RunNotFound
from core.runs import ALLOWED_TRANSITIONS, Chunk, Run, RunEvent, RunStatus, Stage
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("runs")


async def create(
    conn: "WriteConn",
    org_id: UUID,
    run_id: UUID,
    kind: str,
    specification: dict[str, Any],
    specification_hash: bytes,
    idempotency_key: str | None,
    request_hash: bytes,
    now: datetime,
) -> tuple[Run, bool]:
    """Store a queued run with its first event, or return the run this key made before.

    The second value tells whether it is new. Callers that bring one key at the same time wait for
    each other, and one of them creates the run.

    Raises:
        IdempotencyKeyReused: the key came before with another `request_hash`.
    """
    if idempotency_key is not None:
        mine = await conn.fetchval(
            _SQL["insert_key"], org_id, idempotency_key, request_hash, run_id, now
        )
        if mine is None:
            return await _run_of_key(conn, org_id, idempotency_key, request_hash), False
    await conn.execute(
        _SQL["insert_run"], org_id, run_id, kind, specification, specification_hash, now
    )
    await _insert_event(conn, org_id, run_id, RunStatus.QUEUED.value, RunStatus.QUEUED, {}, now)
    return await get(conn, org_id, run_id), True


async def get(conn: "ReadConn", org_id: UUID, run_id: UUID) -> Run:
    """Return a run.

    Raises:
        RunNotFound: the organisation has none of this id.
    """
    row = await conn.fetchrow(_SQL["read_run"], org_id, run_id)
    if row is None:
        raise RunNotFound(run_id=str(run_id))
    return _run(row)


async def find_finished(conn: "ReadConn", org_id: UUID, specification_hash: bytes) -> Run | None:
    """Return the newest succeeded run of this specification, if any."""
    row = await conn.fetchrow(_SQL["find_finished"], org_id, specification_hash)
    return None if row is None else _run(row)


async def list_page(
    conn: "ReadConn", org_id: UUID, limit: int, before_run_id: UUID | None = None
) -> list[Run]:
    """List runs, newest first, from the one before `before_run_id` on."""
    return [_run(row) for row in await conn.fetch(_SQL["list_page"], org_id, limit, before_run_id)]


async def unfinished(conn: "ReadConn") -> list[Run]:
    """List every run that is not final, oldest first; needs the system role to see them all."""
    return [_run(row) for row in await conn.fetch(_SQL["unfinished"])]


async def events_after(
    conn: "ReadConn", org_id: UUID, run_id: UUID, sequence: int
) -> list[RunEvent]:
    """List the events after the one numbered `sequence`, in order; 0 lists all."""
    rows = await conn.fetch(_SQL["events_after"], org_id, run_id, sequence)
    return [RunEvent(**{**row, "status": RunStatus(row["status"])}) for row in rows]


async def transition(
    conn: "WriteConn",
    org_id: UUID,
    run_id: UUID,
    to: RunStatus,
    kind: str,
    detail: dict[str, Any],
    now: datetime,
    problem: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> RunEvent | None:
    """Move a run to another status and return its event, or None if it is already final.

    Raises:
        RunNotFound: the organisation has none of this id.
        ValueError: a run of its status never goes to `to`.
    """
    status = await _lock(conn, org_id, run_id)
    if status.is_final:
        return None
    if to not in ALLOWED_TRANSITIONS[status]:
        message = f"Run {run_id} cannot go from {status} to {to}"
        raise ValueError(message)
    await conn.execute(
        _SQL["update_run"], org_id, run_id, to.value, to.is_final, now, problem, result, error
    )
    return await _insert_event(conn, org_id, run_id, kind, to, detail, now)


async def add_event(
    conn: "WriteConn", org_id: UUID, run_id: UUID, kind: str, detail: dict[str, Any], now: datetime
) -> RunEvent | None:
    """Add an event that changes no status, or return None if the run is already final.

    Raises:
        RunNotFound: the organisation has none of this id.
    """
    status = await _lock(conn, org_id, run_id)
    if status.is_final:
        return None
    return await _insert_event(conn, org_id, run_id, kind, status, detail, now)


async def request_cancel(conn: "WriteConn", org_id: UUID, run_id: UUID, now: datetime) -> None:
    """Note that a run shall be cancelled; asking again changes nothing.

    Raises:
        RunNotFound: the organisation has none of this id.
        RunAlreadyFinished: it is final.
    """
    status = await _lock(conn, org_id, run_id)
    if status.is_final:
        raise RunAlreadyFinished(run_id=str(run_id), status=status.value)
    if not (await get(conn, org_id, run_id)).cancel_requested:
        await conn.execute(_SQL["request_cancel"], org_id, run_id)
        await _insert_event(conn, org_id, run_id, "cancel_requested", status, {}, now)


async def record_chunk(conn: "WriteConn", org_id: UUID, chunk: Chunk, now: datetime) -> bool:
    """Store a chunk and tell whether it is new; one that is already stored stays as it is."""
    index = await conn.fetchval(
        _SQL["insert_chunk"],
        org_id,
        chunk.run_id,
        chunk.stage.value,
        chunk.index,
        chunk.result,
        chunk.elapsed_s,
        now,
    )
    return index is not None


async def chunks(conn: "ReadConn", org_id: UUID, run_id: UUID) -> list[Chunk]:
    """List the stored chunks of a run by stage and index."""
    return [
        Chunk(
            run_id=row["run_id"],
            stage=Stage(row["stage"]),
            index=row["chunk_index"],
            result=row["result"],
            elapsed_s=row["elapsed_s"],
        )
        for row in await conn.fetch(_SQL["chunks"], org_id, run_id)
    ]


async def _run_of_key(
    conn: "ReadConn", org_id: UUID, idempotency_key: str, request_hash: bytes
) -> Run:
    row = await conn.fetchrow(_SQL["read_key"], org_id, idempotency_key)
    if row is None or row["request_hash"] != request_hash:
        raise IdempotencyKeyReused(key=idempotency_key)
    return await get(conn, org_id, row["run_id"])


async def _lock(conn: "WriteConn", org_id: UUID, run_id: UUID) -> RunStatus:
    status = await conn.fetchval(_SQL["lock_status"], org_id, run_id)
    if status is None:
        raise RunNotFound(run_id=str(run_id))
    return RunStatus(status)


async def _insert_event(
    conn: "WriteConn",
    org_id: UUID,
    run_id: UUID,
    kind: str,
    status: RunStatus,
    detail: dict[str, Any],
    now: datetime,
) -> RunEvent:
    # the caller holds the run's row, so no other event takes the same number
    sequence = await conn.fetchval(
        _SQL["insert_event"], org_id, run_id, now, kind, status.value, detail
    )
    return RunEvent(
        run_id=run_id, sequence=sequence, at=now, kind=kind, status=status, detail=detail
    )


def _run(row: "asyncpg.Record") -> Run:
    return Run(**{**row, "status": RunStatus(row["status"])})
