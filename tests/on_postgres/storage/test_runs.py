"""Check the stored life of runs: keys, transitions, events, chunks, under concurrency."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import uuid_utils.compat as uuid_utils

from core.errors import IdempotencyKeyReused, RunAlreadyFinished, RunNotFound
from core.runs import DEFAULT_ORG, Chunk, Run, RunEvent, RunStatus, Stage
from storage import runs
from storage.pool import PoolConfig, Pools, open_pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
SPECIFICATION = {"products": ["CL"], "seed": 7, "risk_aversion": 0.1 + 0.2}


async def create(
    pools: Pools, key: str | None = None, request: bytes = b"request", digest: bytes = b"hash"
) -> tuple[Run, bool]:
    run_id = uuid_utils.uuid7()
    async with pools.write(DEFAULT_ORG) as connection:
        return await runs.create(
            connection, DEFAULT_ORG, run_id, "portfolio", SPECIFICATION, digest, key, request, NOW
        )


async def move(pools: Pools, run: Run, *states: RunStatus, **values: Any) -> RunEvent | None:
    event = None
    for to in states:
        async with pools.system() as connection:
            event = await runs.transition(
                connection, run.org_id, run.run_id, to, to.value, {}, NOW, **values
            )
    return event


async def test_a_run_is_stored_as_given_with_its_first_event(pools: Pools) -> None:
    run, created = await create(pools)
    assert created
    assert (run.status, run.specification, run.created_at) == (RunStatus.QUEUED, SPECIFICATION, NOW)
    assert (run.problem, run.result, run.error, run.started_at) == (None, None, None, None)
    async with pools.read(DEFAULT_ORG) as connection:
        assert await runs.get(connection, DEFAULT_ORG, run.run_id) == run
        events = await runs.events_after(connection, DEFAULT_ORG, run.run_id, 0)
    assert events == [
        RunEvent(
            run_id=run.run_id,
            sequence=1,
            at=NOW,
            kind="queued",
            status=RunStatus.QUEUED,
            detail={},
        )
    ]


async def test_a_key_makes_one_run(pools: Pools) -> None:
    first, created = await create(pools, key="k")
    again, created_again = await create(pools, key="k")
    assert (created, created_again, again) == (True, False, first)
    with pytest.raises(IdempotencyKeyReused):
        await create(pools, key="k", request=b"another")
    other, created_other = await create(pools, key="l")
    assert created_other
    assert other.run_id != first.run_id


async def test_fifty_callers_of_one_key_make_one_run(database: Any) -> None:
    pools = await open_pools(database.urls, PoolConfig(max_size=20))
    outcomes = await asyncio.gather(*(create(pools, key="k") for _ in range(50)))
    async with pools.read(DEFAULT_ORG) as connection:
        assert len(await runs.list_page(connection, DEFAULT_ORG, 100)) == 1
    await pools.close()
    assert sum(created for _, created in outcomes) == 1
    assert len({run.run_id for run, _ in outcomes}) == 1


async def test_a_run_of_another_organisation_does_not_exist(pools: Pools) -> None:
    run, _ = await create(pools)
    async with pools.write(OTHER_ORG) as connection:
        for org_id in (OTHER_ORG, DEFAULT_ORG):
            with pytest.raises(RunNotFound):
                await runs.get(connection, org_id, run.run_id)
            with pytest.raises(RunNotFound):
                await runs.request_cancel(connection, org_id, run.run_id, NOW)


async def test_a_run_goes_its_way_once(pools: Pools) -> None:
    run, _ = await create(pools)
    await move(pools, run, RunStatus.PLANNING)
    await move(pools, run, RunStatus.RUNNING, problem={"k": 4})
    event = await move(pools, run, RunStatus.SUCCEEDED, result={"objective": -1.5})
    assert event is not None
    assert (event.sequence, event.status) == (4, RunStatus.SUCCEEDED)
    assert await move(pools, run, RunStatus.FAILED, error={"code": "late"}) is None
    async with pools.system() as connection:
        stored = await runs.get(connection, DEFAULT_ORG, run.run_id)
        assert await runs.add_event(connection, DEFAULT_ORG, run.run_id, "p", {}, NOW) is None
        assert await runs.unfinished(connection) == []
        events = await runs.events_after(connection, DEFAULT_ORG, run.run_id, 2)
        with pytest.raises(RunAlreadyFinished, match="already succeeded"):
            await runs.request_cancel(connection, DEFAULT_ORG, run.run_id, NOW)
    assert (stored.problem, stored.result, stored.error) == ({"k": 4}, {"objective": -1.5}, None)
    assert (stored.started_at, stored.finished_at) == (NOW, NOW)
    assert [event.sequence for event in events] == [3, 4]


async def test_a_forbidden_way_is_a_fault_of_the_caller(pools: Pools) -> None:
    run, _ = await create(pools)
    with pytest.raises(ValueError, match="cannot go from queued to succeeded"):
        await move(pools, run, RunStatus.SUCCEEDED)


async def test_events_of_concurrent_writers_are_numbered_without_holes(pools: Pools) -> None:
    run, _ = await create(pools)

    async def add(number: int) -> None:
        async with pools.system() as connection:
            detail = {"number": number}
            await runs.add_event(connection, DEFAULT_ORG, run.run_id, "progress", detail, NOW)

    await asyncio.gather(*(add(number) for number in range(20)))
    async with pools.read(DEFAULT_ORG) as connection:
        events = await runs.events_after(connection, DEFAULT_ORG, run.run_id, 1)
    assert [event.sequence for event in events] == list(range(2, 22))
    assert {event.detail["number"] for event in events} == set(range(20))


async def test_two_enders_of_a_run_leave_one_final_event(pools: Pools) -> None:
    run, _ = await create(pools)
    ends = await asyncio.gather(
        *(move(pools, run, to) for to in (RunStatus.CANCELLED, RunStatus.FAILED))
    )
    assert sum(event is not None for event in ends) == 1


async def test_a_cancel_is_noted_once(pools: Pools) -> None:
    run, _ = await create(pools)
    for _ in range(2):
        async with pools.write(DEFAULT_ORG) as connection:
            await runs.request_cancel(connection, DEFAULT_ORG, run.run_id, NOW)
    async with pools.system() as connection:
        (unfinished,) = await runs.unfinished(connection)
        events = await runs.events_after(connection, DEFAULT_ORG, run.run_id, 0)
    assert unfinished.cancel_requested
    assert [event.kind for event in events] == ["queued", "cancel_requested"]


async def test_a_chunk_is_stored_once(pools: Pools) -> None:
    run, _ = await create(pools)
    first = Chunk(
        run_id=run.run_id, stage=Stage.TRAIN, index=1, result={"x": 0.1 + 0.2}, elapsed_s=1.25
    )
    second = Chunk(run_id=run.run_id, stage=Stage.TRAIN, index=1, result={}, elapsed_s=9.0)
    other = Chunk(run_id=run.run_id, stage=Stage.SAMPLE, index=1, result={}, elapsed_s=0.5)
    new = []
    for chunk in (first, second, other):
        async with pools.system() as connection:
            new.append(await runs.record_chunk(connection, DEFAULT_ORG, chunk, NOW))
    assert new == [True, False, True]
    async with pools.read(DEFAULT_ORG) as connection:
        assert await runs.chunks(connection, DEFAULT_ORG, run.run_id) == [other, first]


async def test_pages_go_back_without_repeats(pools: Pools) -> None:
    made = [(await create(pools))[0].run_id for _ in range(5)]
    seen: list[UUID] = []
    async with pools.read(DEFAULT_ORG) as connection:
        while page := await runs.list_page(connection, DEFAULT_ORG, 2, seen[-1] if seen else None):
            seen += [run.run_id for run in page]
    assert seen == made[::-1]


async def test_the_newest_finished_run_of_a_specification_is_found(pools: Pools) -> None:
    ways = (RunStatus.PLANNING, RunStatus.RUNNING, RunStatus.SUCCEEDED)
    old, _ = await create(pools)
    await move(pools, old, *ways)
    new, _ = await create(pools)
    async with pools.read(DEFAULT_ORG) as connection:
        found = await runs.find_finished(connection, DEFAULT_ORG, b"hash")
        assert found is not None
        assert found.run_id == old.run_id
        assert await runs.find_finished(connection, DEFAULT_ORG, b"other") is None
    await move(pools, new, *ways)
    async with pools.read(DEFAULT_ORG) as connection:
        found = await runs.find_finished(connection, DEFAULT_ORG, b"hash")
    assert found is not None
    assert found.run_id == new.run_id
