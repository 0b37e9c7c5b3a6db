"""Check what migrations make of the rows that were stored before them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.runs import DEFAULT_ORG, RunFilter, RunStatus
from storage import migrate, run_chunks, run_events, runs
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
FIRST_OF_RUNS = "20260101000011"


async def back_to_before(owner_url: str, version: str) -> None:
    while version not in await migrate.pending(owner_url):
        await migrate.roll_back(owner_url)


def run_id(number: int) -> UUID:
    return UUID(int=(0x019B << 112) | (7 << 76) | (2 << 62) | number)


async def store_old_runs(connection: Any, *statuses: str) -> None:
    for number, status in enumerate(statuses):
        await connection.execute(
            "INSERT INTO runs (org_id, run_id, kind, status, specification, specification_hash, "
            "result, created_at) VALUES ($1, $2, 'portfolio', $3, $4, 'x', $5, $6)",
            DEFAULT_ORG,
            run_id(number),
            status,
            json.dumps({"seed": 2**40 + number}),
            json.dumps({"objective": -1.5}) if status == "succeeded" else None,
            NOW,
        )
        for sequence in (1, 2, 3):
            await connection.execute(
                "INSERT INTO run_events VALUES ($1, $2, $3, $4, 'progress', $5, '{}')",
                DEFAULT_ORG,
                run_id(number),
                sequence,
                NOW,
                status,
            )
    await connection.execute(
        "INSERT INTO run_chunks VALUES ($1, $2, 'train', 0, '{\"a\": 1}', 0.5, $3)",
        DEFAULT_ORG,
        run_id(0),
        NOW,
    )


async def test_runs_of_before_keep_their_results_and_the_unfinished_end(
    database: Any, pools: Pools
) -> None:
    await back_to_before(database.owner_url, FIRST_OF_RUNS)
    connection = await asyncpg.connect(database.urls.system)
    await store_old_runs(connection, "succeeded", "queued", "running")
    await connection.close()
    await migrate.apply(database.owner_url)
    async with pools.system() as connection:
        assert await runs.queue(connection) == []
        page = await runs.list_page(connection, DEFAULT_ORG, RunFilter(), 10)
        kept = await runs.get(connection, DEFAULT_ORG, run_id(0))
        ended = await runs.get(connection, DEFAULT_ORG, run_id(2))
        events = [
            await run_events.after(connection, DEFAULT_ORG, run_id(number), 0) for number in (0, 2)
        ]
        done = await run_chunks.done(connection, DEFAULT_ORG, run_id(0))
    assert [run.run_id for run in page] == [run_id(2), run_id(1), run_id(0)]
    assert [run.status for run in page] == [
        RunStatus.FAILED,
        RunStatus.FAILED,
        RunStatus.SUCCEEDED,
    ]
    assert (kept.result, kept.seed) == ({"objective": -1.5}, 2**40)
    assert done == {("train", 0): {"a": 1}}
    assert ended.error is not None
    assert ended.error["code"] == "run-failed"
    assert ended.finished_at is not None
    assert [[event.sequence for event in each] for each in events] == [[1, 2, 3], [1, 2, 3, 4]]
    assert (events[1][-1].status, events[1][-1].who) == (RunStatus.FAILED, "run-manager")


async def test_chunks_that_ended_with_an_error_leave_with_the_column(
    database: Any, pools: Pools
) -> None:
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO run_chunks (org_id, run_id, stage, chunk_index, result, error, elapsed_s, "
            "recorded_at) VALUES ($1, $2, 'a', 0, '{}', NULL, 1, $3), ($1, $2, 'a', 1, NULL, '{}', "
            "1, $3)",
            DEFAULT_ORG,
            run_id(0),
            NOW,
        )
    await back_to_before(database.owner_url, FIRST_OF_RUNS)
    async with pools.system() as connection:
        left = await connection.fetch("SELECT chunk_index FROM run_chunks")
    assert [row[0] for row in left] == [0]
