"""Check by the plans of the server that no query of runs reads a large table from end to end."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuid_utils

from benchmarks.stored_runs.loading import COMMON_LABEL, RARE_BACKEND, RARE_LABEL, Amount, load
from core.run_life import Step
from core.runs import (
    DEFAULT_ORG,
    BackendSnapshot,
    Chunk,
    NewRun,
    RunFilter,
    RunKind,
    RunStatus,
)
from storage import partitions, plans, run_chunks, run_events, runs, snapshots, sql
from storage.pool import Pools

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

NOUNS = ("runs", "run_chunks", "run_events", "snapshots", "plans")
MOST_ROWS = 1_000
RUNS = 20_000
FILTERS = [
    RunFilter(),
    RunFilter(statuses=(RunStatus.FAILED,)),
    RunFilter(statuses=(RunStatus.QUEUED, RunStatus.SUCCEEDED), kinds=(RunKind.HEDGE,)),
    RunFilter(kinds=(RunKind.SWEEP, RunKind.CIRCUIT)),
    RunFilter(backend="aer"),
    RunFilter(backend=RARE_BACKEND, statuses=(RunStatus.FAILED,)),
    RunFilter(label=COMMON_LABEL),
    RunFilter(label=RARE_LABEL),
    RunFilter(label=COMMON_LABEL, backend=RARE_BACKEND, statuses=(RunStatus.CANCELLED,)),
]

INDEXES = {
    "count_unfinished": "runs_unfinished",
    "find_finished": "runs_succeeded",
    "page_newest": "runs_newest",
    "page_by_state": "runs_by_state",
    "page_by_backend": "runs_by_backend",
    "page_by_label": "run_labels_by_label",
    "queue": "runs_unfinished",
}


class Explaining:
    """Stand for a connection; note the plan of each statement, both ways, before it runs.

    The server plans a statement for the values it is given, and after some repetitions once for
    all values.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.plans: dict[str, list[Any]] = {}

    def of(self, connection: Any) -> "Explaining":
        """Go on with another connection."""
        self._connection = connection
        return self

    async def fetch(self, statement: str, *values: Any) -> Any:
        await self._explain(statement, values)
        return await self._connection.fetch(statement, *values)

    async def fetchrow(self, statement: str, *values: Any) -> Any:
        await self._explain(statement, values)
        return await self._connection.fetchrow(statement, *values)

    async def fetchval(self, statement: str, *values: Any) -> Any:
        await self._explain(statement, values)
        return await self._connection.fetchval(statement, *values)

    async def execute(self, statement: str, *values: Any) -> Any:
        await self._explain(statement, values)
        return await self._connection.execute(statement, *values)

    async def _explain(self, statement: str, values: tuple[Any, ...]) -> None:
        custom = await self._connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values)
        nulls = f"({', '.join(['NULL'] * len(values))})" if values else ""
        await self._connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await self._connection.execute(f"PREPARE explained AS {statement}")
        generic = await self._connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE explained{nulls}")
        await self._connection.execute("DEALLOCATE explained")
        await self._connection.execute("SET LOCAL plan_cache_mode = auto")
        self.plans.setdefault(statement, []).extend(
            json.loads(plan)[0]["Plan"] for plan in (custom, generic)
        )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scanned(plan: dict[str, Any]) -> set[str]:
    """Name the tables and partitions that a plan reads from end to end."""
    return {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}


@pytest.fixture
async def filled(database: Any, pools: Pools) -> AsyncIterator[dict[str, int]]:
    """Fill the tables and return the rows of each, partitions apart."""
    connection = await asyncpg.connect(database.superuser_url)
    async with pools.system() as system:
        await partitions.ensure(system, datetime.now(UTC))
    await load(
        connection,
        DEFAULT_ORG,
        Amount(runs=RUNS, chunks_per_run=3, seconds_apart=0.5, unfinished_of_1000=20),
    )
    await connection.execute(
        "INSERT INTO backend_snapshots SELECT int4send(number), 'aer', '{}', now() "
        "FROM generate_series(1, 5000) AS number"
    )
    await connection.execute(
        "INSERT INTO organisations (org_id, name, created_at) "
        "SELECT uuidv7(), 'other', now() FROM generate_series(1, 5000)"
    )
    await connection.execute("VACUUM ANALYZE")
    rows = await connection.fetch(
        "SELECT relname, reltuples::bigint FROM pg_class WHERE relkind = 'r' AND relnamespace = "
        "'public'::regnamespace"
    )
    yield {row["relname"]: row["reltuples"] for row in rows}
    await connection.close()


async def read_everything(connection: Any, run_id: UUID) -> None:
    """Call every function that reads, as the role that answers requests."""
    middle = datetime.now(UTC) - timedelta(hours=1)
    for chosen in FILTERS:
        window = replace(chosen, created_from=middle - timedelta(hours=1), created_before=middle)
        await runs.list_page(connection, DEFAULT_ORG, chosen, 100)
        page = await runs.list_page(connection, DEFAULT_ORG, window, 10)
        if page:
            await runs.list_page(connection, DEFAULT_ORG, chosen, 100, page[-1].run_id)
    await runs.get(connection, DEFAULT_ORG, run_id)
    await runs.find_finished(connection, DEFAULT_ORG, b"none")
    await run_events.after(connection, DEFAULT_ORG, run_id, 0)
    await run_chunks.of_run(connection, DEFAULT_ORG, run_id)
    await run_chunks.of_run(connection, DEFAULT_ORG, run_id, "sample", ("sample", 1), 1)
    await run_chunks.done(connection, DEFAULT_ORG, run_id)
    await plans.plan_of(connection, DEFAULT_ORG)


async def submit_and_cancel(connection: Any, run_id: UUID) -> None:
    """Call every function that writes for a caller."""
    now = datetime.now(UTC)
    new = NewRun(
        org_id=DEFAULT_ORG,
        run_id=run_id,
        kind=RunKind.CIRCUIT,
        specification={},
        specification_hash=b"new",
        problem={},
        backend="auto",
        seed=7,
        code_version="abc",
        vintage=None,
        submitted_by="a key",
        labels=("a", "b"),
    )
    for _ in range(2):
        await runs.create(connection, new, "a key", b"request", now, 10_000)
    await runs.request_cancel(connection, DEFAULT_ORG, run_id, "a key", now)


async def carry_out(connection: Any, run_id: UUID) -> None:
    """Call every function that the system role calls."""
    now = datetime.now(UTC)
    await runs.queue(connection)
    await runs.queued(connection, DEFAULT_ORG, run_id)
    await runs.get(connection, DEFAULT_ORG, run_id)
    await runs.set_waiting(connection, DEFAULT_ORG, run_id, "a device", now)
    steps = [Step.into(RunStatus.PLANNING, who="a"), Step(kind="progress", who="a")]
    await runs.take_steps(connection, DEFAULT_ORG, run_id, steps, now, backend="aer")
    chunk = Chunk(run_id=run_id, stage="train", index=1, result={}, elapsed_s=1.0)
    await run_chunks.record(connection, DEFAULT_ORG, [chunk], now)
    await run_chunks.done(connection, DEFAULT_ORG, run_id)
    await snapshots.remember(
        connection, BackendSnapshot(digest=b"new", backend="aer", body={}), now
    )
    await snapshots.get(connection, b"new")


async def test_no_query_of_runs_reads_a_large_table_from_end_to_end(
    pools: Pools, filled: dict[str, int]
) -> None:
    large = {name for name, rows in filled.items() if rows > MOST_ROWS}
    assert {"runs", "run_labels", "idempotency_keys", "backend_snapshots", "organisations"} < large
    assert any(name.startswith("run_chunks_") for name in large)
    assert any(name.startswith("run_events_") for name in large)
    run_id = uuid_utils.uuid7()
    async with pools.write(DEFAULT_ORG) as connection:
        explaining = Explaining(connection)
        await submit_and_cancel(explaining, run_id)
    async with pools.system() as connection:
        await carry_out(explaining.of(connection), run_id)
    async with pools.read(DEFAULT_ORG) as connection:
        await read_everything(explaining.of(connection), run_id)
    for noun in NOUNS:
        for name, statement in sql.load(noun).items():
            for plan in explaining.plans.pop(statement):
                shown = f"{noun}.{name}: {json.dumps(plan, indent=1)}"
                assert not scanned(plan) & large, shown
                if name in INDEXES:
                    used = {node.get("Index Name") for node in nodes(plan)}
                    assert INDEXES[name] in used, shown
    assert explaining.plans == {}


async def test_no_view_of_one_run_reads_a_large_table_from_end_to_end(
    pools: Pools, filled: dict[str, int]
) -> None:
    large = {name for name, rows in filled.items() if rows > MOST_ROWS}
    async with pools.read(DEFAULT_ORG) as connection:
        explaining = Explaining(connection)
        names = await connection.fetch(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid "
            "WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace AND attname = 'run_id'"
        )
        run_id = await connection.fetchval("SELECT run_id FROM runs LIMIT 1")
        for row in names:
            statement = f"SELECT * FROM {row['relname']} WHERE run_id = $1"  # noqa: S608
            await explaining.fetch(statement, run_id)
    assert len(explaining.plans) == len(names) > 5
    for statement, both in explaining.plans.items():
        for plan in both:
            assert not scanned(plan) & large, f"{statement}: {json.dumps(plan, indent=1)}"
