"""Own the stored outcomes of the chunks of runs: each is stored once and never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.runs import Chunk
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("run_chunks")
_FIRST = ("", -1)


async def record(conn: "WriteConn", org_id: UUID, chunks: Sequence[Chunk], now: datetime) -> int:
    """Store chunks and return how many are new; one that is already stored stays as it is."""
    if not chunks:
        return 0
    # in one order everywhere, so that two who store the same chunks do not wait for each other
    ordered = sorted(chunks, key=lambda chunk: (chunk.run_id, chunk.stage, chunk.index))
    columns = zip(*(_row(chunk) for chunk in ordered), strict=True)
    return len(await conn.fetch(_SQL["record"], org_id, now, *columns))


async def of_run(
    conn: "ReadConn",
    org_id: UUID,
    run_id: UUID,
    stage: str | None = None,
    after: tuple[str, int] | None = None,
    limit: int | None = None,
) -> list[Chunk]:
    """List the chunks of a run, or of one stage, by stage and index from after a pair of them."""
    rows = await conn.fetch(_SQL["of_run"], org_id, run_id, stage, *(after or _FIRST), limit)
    return [_chunk(row) for row in rows]


async def done(
    conn: "ReadConn", org_id: UUID, run_id: UUID
) -> dict[tuple[str, int], dict[str, Any]]:
    """Map (stage, index) to the result of each chunk of a run that has one."""
    rows = await conn.fetch(_SQL["done"], org_id, run_id)
    return {(row["stage"], row["chunk_index"]): row["result"] for row in rows}


def _row(chunk: Chunk) -> tuple[Any, ...]:
    return (
        chunk.run_id,
        chunk.stage,
        chunk.index,
        chunk.result,
        chunk.error,
        chunk.elapsed_s,
        chunk.waited_s,
        chunk.attempts,
        chunk.worker,
        chunk.snapshot_id,
    )


def _chunk(row: "asyncpg.Record") -> Chunk:
    values = dict(row)
    return Chunk(index=values.pop("chunk_index"), **values)
