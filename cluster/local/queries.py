"""Own questions in SQL to the database of a stack: read-only, one organisation, one statement."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from cluster.local import launch
from cluster.local.addresses import resolve
from cluster.local.credentials import load_or_create
from core.errors import InvalidInput, StackError
from core.runs import DEFAULT_ORG
from storage.pool import PoolConfig, ReadConn, open_pools


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Hold the first rows of an answer; `is_whole` is False where there are more."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    is_whole: bool


def ask(data: Path | None, query: str, limit: int) -> Answer:
    """Return the first `limit` rows of what the stack's own organisation sees.

    Raises:
        StackError: no stack runs there.
        InvalidInput: the query is not one statement that only reads.
    """
    chosen = launch.choose(data, None)
    if launch.current(chosen) is None:
        raise StackError(
            problem=f"No stack runs in {chosen.paths.data}.",
            remedy="Start it with `heliostat up`, or name another folder with --data.",
        )
    return asyncio.run(_ask(chosen, query, limit))


async def _ask(chosen: launch.ChosenStack, query: str, limit: int) -> Answer:
    secrets = load_or_create(chosen.paths.credentials)
    urls = resolve(chosen.settings, chosen.paths, secrets).database
    pools = await open_pools(urls, PoolConfig(max_size=1))
    try:
        async with pools.read(DEFAULT_ORG) as connection:
            return await answered(connection, query, limit)
    finally:
        await pools.close()


async def answered(connection: ReadConn, query: str, limit: int) -> Answer:
    """Return the first `limit` rows that one statement reads.

    Raises:
        InvalidInput: it is none, it may not, or Python has no such date.
    """
    try:
        statement = await connection.prepare(query)
        names = tuple(column.name for column in statement.get_attributes())
        if not names:
            raise InvalidInput(field="QUERY", reason="expected a statement that answers with rows")
        found = await (await statement.cursor()).fetch(limit + 1)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, OverflowError) as error:
        raise InvalidInput(field="QUERY", reason=str(error)) from error
    return Answer(
        columns=names,
        rows=[tuple(row.values()) for row in found[:limit]],
        is_whole=len(found) <= limit,
    )
