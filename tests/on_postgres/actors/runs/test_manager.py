"""Check how one run is carried out, whatever happens to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import SourceUnavailable
from core.runs import DEFAULT_ORG, RunStatus
from jobs.pieces import Broken, Outcome, Piece
from storage import run_chunks, runs
from storage.pool import Pools
from tests.on_postgres.actors.runs.bench import (
    NUMBERS,
    Bench,
    carried_out,
)

pytestmark = pytest.mark.postgres


async def test_a_run_goes_through_its_stages_to_its_result(bench: Bench) -> None:
    run = await bench.store()
    async with bench.manager() as manager:
        await manager.submit(run.org_id, run.run_id)
        ended = await bench.ended(run)
    assert ended.result == {"sum": sum(number**2 for number in range(NUMBERS))}
    assert await bench.steps(run) == ["queued", "planning", "running", "succeeded"]
    stored = await bench.chunks(run)
    assert set(stored) == {("square", index) for index in range(NUMBERS)} | {("add", 0)}
    assert {chunk.snapshot_id for chunk in stored.values()} != {None}
    assert ended.plan is not None
    assert ended.backend == ended.plan["choice"]["backend"] != "auto"


async def test_a_run_is_found_although_nobody_said_so(bench: Bench) -> None:
    run = await bench.store()
    async with bench.manager():
        await bench.ended(run)


async def test_after_a_crash_stored_chunks_are_not_computed_again(bench: Bench) -> None:
    blocked = asyncio.Event()

    async def never(piece: Piece) -> Outcome:
        blocked.set()
        await asyncio.Event().wait()
        return carried_out(piece)

    run = await bench.store()
    bench.workers.behave = lambda piece: never(piece) if piece.index == 4 else carried_out(piece)
    async with bench.manager():
        await asyncio.wait_for(blocked.wait(), 10)
        async with asyncio.timeout(10):
            while len(await bench.chunks(run)) < 4:  # noqa: ASYNC110 - stored elsewhere
                await asyncio.sleep(0.01)
    bench.workers.behave = carried_out
    async with bench.manager():
        await bench.ended(run)
    again = {key: count for key, count in bench.workers.counted.items() if count > 1}
    assert again == {("square", 4): 2}
    assert (await bench.steps(run)).count("running") == 1


async def test_cancelling_ends_the_fan_out_and_is_stored(bench: Bench) -> None:
    blocked = asyncio.Event()

    async def never(piece: Piece) -> Outcome:
        blocked.set()
        await asyncio.Event().wait()
        return carried_out(piece)

    bench.workers.behave = never
    run = await bench.store()
    async with bench.manager() as manager:
        await asyncio.wait_for(blocked.wait(), 10)
        async with bench.pools.write(DEFAULT_ORG) as connection:
            await runs.request_cancel(
                connection, DEFAULT_ORG, run.run_id, "somebody", datetime.now(UTC)
            )
        async with asyncio.timeout(1):
            await manager.cancel(run.org_id, run.run_id)
        assert (await bench.read(run)).status is RunStatus.CANCELLED
    assert bench.workers.closed == 1
    assert (await bench.steps(run))[-2:] == ["cancel_requested", "cancelled"]


async def test_a_wish_to_cancel_that_reached_nobody_is_heeded(bench: Bench) -> None:
    run = await bench.store()
    async with bench.pools.write(DEFAULT_ORG) as connection:
        await runs.request_cancel(
            connection, DEFAULT_ORG, run.run_id, "somebody", datetime.now(UTC)
        )
    async with bench.manager():
        await bench.ended(run, RunStatus.CANCELLED)
    assert not bench.workers.counted


async def test_a_poisonous_chunk_fails_the_run_and_spares_the_others(bench: Bench) -> None:
    def behave(piece: Piece) -> Outcome:
        if piece.index == 2 and piece.stage == "square":
            error = {"code": "worker-died", "detail": "its worker died"}
            return Broken(stage=piece.stage, index=piece.index, error=error, attempts=3)
        return carried_out(piece)

    bench.workers.behave = behave
    run = await bench.store()
    async with bench.manager():
        ended = await bench.ended(run, RunStatus.FAILED)
    assert ended.error is not None
    assert ended.error["code"] == "chunk-failed"
    assert [(chunk["stage"], chunk["index"]) for chunk in ended.error["chunks"]] == [("square", 2)]
    stored = await bench.chunks(run)
    assert set(stored) == {("square", index) for index in range(NUMBERS)}
    assert stored["square", 2].result is None
    assert stored["square", 2].error["code"] == "worker-died"


async def test_what_nobody_foresaw_fails_one_run_only(bench: Bench) -> None:
    def behave(piece: Piece) -> Outcome:
        message = "unforeseen"
        raise ZeroDivisionError(message)

    bench.workers.behave = behave
    broken = await bench.store()
    async with bench.manager():
        ended = await bench.ended(broken, RunStatus.FAILED)
        assert ended.error == {"code": "internal", "detail": "ZeroDivisionError: unforeseen"}
        bench.workers.behave = carried_out
        await bench.ended(await bench.store())


async def test_a_run_that_cannot_be_simulated_fails_by_name(bench: Bench) -> None:
    run = await bench.store(backend="subspace")
    async with bench.manager():
        ended = await bench.ended(run, RunStatus.FAILED)
    assert ended.error is not None
    assert (ended.error["code"], ended.error["field"]) == ("invalid-input", "backend")


async def test_a_deadline_ends_a_run_that_is_under_way(bench: Bench) -> None:
    async def never(piece: Piece) -> Outcome:
        await asyncio.Event().wait()
        return carried_out(piece)

    bench.workers.behave = never
    run = await bench.store(deadline=datetime.now(UTC) + timedelta(seconds=0.5))
    async with bench.manager():
        ended = await bench.ended(run, RunStatus.FAILED)
    assert ended.error is not None
    assert ended.error["code"] == "deadline-missed"
    assert bench.workers.closed == 1


async def test_a_run_that_waited_beyond_its_deadline_is_not_begun(bench: Bench) -> None:
    run = await bench.store(deadline=datetime.now(UTC) - timedelta(seconds=1))
    async with bench.manager():
        ended = await bench.ended(run, RunStatus.FAILED)
    assert ended.error is not None
    assert ended.error["code"] == "deadline-missed"
    assert not bench.workers.counted


async def test_a_backend_that_is_down_leaves_the_run_queued_with_the_reason(bench: Bench) -> None:
    bench.workers.device_is_down = "maintenance"
    run = await bench.store(backend="ibm:boston")
    async with bench.manager() as manager:
        async with asyncio.timeout(10):
            while (await bench.read(run)).waiting_for is None:  # noqa: ASYNC110 - stored elsewhere
                await asyncio.sleep(0.01)
        waiting = await bench.read(run)
        assert waiting.status is RunStatus.QUEUED
        assert waiting.waiting_for is not None
        assert "maintenance" in waiting.waiting_for
        bench.workers.device_is_down = None
        ended = await bench.ended(run)
        assert ended.waiting_for is None
        other = await bench.store(backend="ibm:boston")
        bench.workers.device_is_down = "maintenance"
        await manager.submit(other.org_id, other.run_id)
        await manager.cancel(other.org_id, other.run_id)
        assert (await bench.read(other)).status is RunStatus.CANCELLED
    assert other.run_id in bench.workers.released


async def test_an_outage_of_the_database_loses_no_finished_work(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = run_chunks.record
    refused = 0

    async def refuse_twice(*arguments: Any) -> int:
        nonlocal refused
        if refused < 2:
            refused += 1
            raise SourceUnavailable(source="database", reason="it is restarting")
        return await written(*arguments)

    monkeypatch.setattr(run_chunks, "record", refuse_twice)
    run = await bench.store()
    async with bench.manager():
        await bench.ended(run)
    assert refused == 2
    assert set(bench.workers.counted.values()) == {1}


async def test_commits_whose_answers_are_lost_change_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, lent = runs.take_steps, Pools.system
    told: list[str] = []
    doomed: set[int] = set()

    async def noted(connection: Any, *arguments: Any, **changes: Any) -> Any:
        kind = arguments[2][-1].kind
        if kind not in told:
            told.append(kind)
            doomed.add(id(connection))
        return await taken(connection, *arguments, **changes)

    @asynccontextmanager
    async def lost(pools: Pools) -> AsyncIterator[Any]:
        async with lent(pools) as connection:
            yield connection
        if id(connection) in doomed:
            doomed.remove(id(connection))
            raise SourceUnavailable(source="database", reason="it went after the commit")

    monkeypatch.setattr(runs, "take_steps", noted)
    monkeypatch.setattr(Pools, "system", lost)
    run = await bench.store()
    async with bench.manager():
        await bench.ended(run)
    assert {"running", "succeeded"} <= set(told)
    assert len(await bench.chunks(run)) == NUMBERS + 1
    assert await bench.steps(run) == ["queued", "planning", "running", "succeeded"]
    assert set(bench.workers.counted.values()) == {1}
