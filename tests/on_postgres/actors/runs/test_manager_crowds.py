"""Check what many runs do to each other."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actors.runs import manager as run_manager
from actors.runs.metrics import CHUNK_SECONDS, ENDED, RUNS
from actors.runs.scheduling import Places, decide
from core.runs import DEFAULT_ORG, RunStatus
from jobs.pieces import Outcome, Piece
from storage import runs
from tests.on_postgres.actors.runs.bench import (
    NUMBERS,
    Bench,
    carried_out,
)

pytestmark = pytest.mark.postgres


async def test_a_run_of_an_unknown_plan_waits_and_stops_nobody_else(bench: Bench) -> None:
    await bench.change_plan("of yesterday")
    stuck = await bench.store()
    async with bench.manager() as manager:
        await manager.submit(stuck.org_id, stuck.run_id)
        assert (await bench.read(stuck)).status is RunStatus.QUEUED
        await bench.change_plan("team")
        await bench.ended(stuck)


async def test_what_closes_a_fan_out_is_not_disturbed_by_further_sweeps(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, swept, blocked = runs.queue, asyncio.Semaphore(0), asyncio.Event()

    async def counted(connection: Any) -> Any:
        swept.release()
        return await listed(connection)

    async def never(piece: Piece) -> Outcome:
        blocked.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await swept.acquire()
            bench.workers.counted["closed", piece.index] += 1
        return carried_out(piece)

    monkeypatch.setattr(runs, "queue", counted)
    bench.workers.behave = never
    run = await bench.store()
    async with bench.manager():
        await asyncio.wait_for(blocked.wait(), 10)
        while not swept.locked():
            await swept.acquire()
        async with bench.pools.write(DEFAULT_ORG) as connection:
            await runs.request_cancel(
                connection, DEFAULT_ORG, run.run_id, "somebody", datetime.now(UTC)
            )
        await bench.ended(run, RunStatus.CANCELLED)
    assert bench.workers.counted["closed", 0] == 1


async def test_many_that_are_late_at_once_take_nothing_from_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, others = runs.take_steps, asyncio.Event()

    async def late_last(connection: Any, *arguments: Any, **changes: Any) -> Any:
        if arguments[2][-1].kind == "failed":
            await others.wait()
        return await taken(connection, *arguments, **changes)

    monkeypatch.setattr(runs, "take_steps", late_last)
    deadline = datetime.now(UTC) - timedelta(seconds=1)
    late = [await bench.store(deadline=deadline) for _ in range(20)]
    run = await bench.store()
    async with bench.manager():
        await bench.ended(run)
        others.set()
        for one in late:
            await bench.ended(one, RunStatus.FAILED)


async def test_what_happens_at_once_is_decided_about_together(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = 0

    def counted(*arguments: Any) -> Any:
        nonlocal decided
        decided += 1
        return decide(*arguments)

    monkeypatch.setattr(run_manager, "decide", counted)
    run = await bench.store()
    async with bench.manager() as manager:
        await bench.ended(run)
        before = decided
        for _ in range(1000):
            manager._schedule()
        assert decided == before
        async with asyncio.timeout(10):
            while decided == before:  # noqa: ASYNC110 - it tells of no event
                await asyncio.sleep(0.01)


async def test_many_runs_at_once_are_each_carried_out_once(bench: Bench) -> None:
    stored = [await bench.store() for _ in range(20)]
    async with bench.manager() as manager:
        for run in stored:
            await manager.submit(run.org_id, run.run_id)
            await manager.submit(run.org_id, run.run_id)
        for run in stored:
            await bench.ended(run)
            assert len(await bench.chunks(run)) == NUMBERS + 1
    assert set(bench.workers.counted.values()) == {20}
    assert sum(bench.tally.values[ENDED.name, "succeeded", "circuit"]) == 20
    assert len(bench.tally.values[CHUNK_SECONDS.name, "circuit", "square"]) == 20 * NUMBERS
    assert 1 <= max(bench.tally.values[RUNS.name, "running", "circuit"]) <= Places().local


async def test_workers_are_made_warm_whenever_there_has_been_nothing_to_do(bench: Bench) -> None:
    async def warmed(times: int) -> None:
        async with asyncio.timeout(10):
            while bench.workers.warmed < times:  # noqa: ASYNC110 - it tells of no event
                await asyncio.sleep(0.01)

    async with bench.manager():
        await warmed(1)
        await bench.ended(await bench.store())
        await warmed(2)
