"""Check that the outcome of each chunk of a run is stored once, whoever brings it."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuid_utils

from core.runs import DEFAULT_ORG, Chunk
from storage import run_chunks
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")


def chunk(run_id: UUID, stage: str, index: int, **changes: Any) -> Chunk:
    values: dict[str, Any] = {"result": {"x": 0.1 + 0.2, "index": index}, "elapsed_s": 1.25}
    return Chunk(run_id=run_id, stage=stage, index=index, **{**values, **changes})


async def record(pools: Pools, *chunks: Chunk) -> int:
    async with pools.system() as connection:
        return await run_chunks.record(connection, DEFAULT_ORG, chunks, NOW)


async def stored(pools: Pools, run_id: UUID, **chosen: Any) -> list[Chunk]:
    async with pools.read(DEFAULT_ORG) as connection:
        return await run_chunks.of_run(connection, DEFAULT_ORG, run_id, **chosen)


async def test_chunks_are_stored_as_given(pools: Pools) -> None:
    run_id = uuid_utils.uuid7()
    finished = chunk(
        run_id, "train", 0, waited_s=0.5, attempts=3, worker="node a, 7", snapshot_id=b"\x00s"
    )
    broken = chunk(run_id, "train", 1, result=None, error={"code": "chunk-failed"}, attempts=4)
    assert await record(pools, broken, finished) == 2
    assert await stored(pools, run_id) == [finished, broken]


async def test_a_stored_chunk_stays_as_it_is(pools: Pools) -> None:
    run_id = uuid_utils.uuid7()
    first, second, third = (chunk(run_id, "train", index) for index in range(3))
    assert await record(pools, second) == 1
    late = chunk(run_id, "train", 1, result={"late": True}, attempts=9)
    assert await record(pools, third, late, first) == 2
    assert await record(pools, third, late, first) == 0
    assert await stored(pools, run_id) == [first, second, third]


async def test_a_chunk_named_twice_in_one_batch_is_stored_once(pools: Pools) -> None:
    run_id = uuid_utils.uuid7()
    one = chunk(run_id, "train", 0)
    assert await record(pools, one, one) == 1
    assert await stored(pools, run_id) == [one]


async def test_nothing_to_store_is_no_fault(pools: Pools) -> None:
    assert await record(pools) == 0


async def test_the_same_chunks_from_two_connections_are_stored_once(pools: Pools) -> None:
    run_id = uuid_utils.uuid7()
    chunks = [chunk(run_id, stage, index) for stage in ("score", "train") for index in range(100)]
    for _ in range(5):
        orders = (chunks, chunks[::-1], chunks[100:] + chunks[:100], chunks[::2] + chunks[1::2])
        counts = await asyncio.gather(*(record(pools, *order) for order in orders))
        assert sum(counts) in {0, 200}
    assert await stored(pools, run_id) == chunks


async def test_a_chunk_ends_with_a_result_or_an_error_and_never_both(pools: Pools) -> None:
    run_id = uuid_utils.uuid7()
    for result, error in ((None, None), ({}, {})):
        with pytest.raises(asyncpg.CheckViolationError, match="run_chunks_outcome"):
            await record(pools, chunk(run_id, "train", 0, result=result, error=error))


async def test_done_maps_the_chunks_that_have_a_result(pools: Pools) -> None:
    run_id, other = uuid_utils.uuid7(), uuid_utils.uuid7()
    await record(
        pools,
        chunk(run_id, "train", 1, result={"a": 1}),
        chunk(run_id, "sample", 1, result={"a": 2}),
        chunk(run_id, "sample", 2, result=None, error={"code": "chunk-failed"}),
        chunk(other, "sample", 3),
    )
    async with pools.read(DEFAULT_ORG) as connection:
        done = await run_chunks.done(connection, DEFAULT_ORG, run_id)
    assert done == {("train", 1): {"a": 1}, ("sample", 1): {"a": 2}}


async def test_pages_follow_each_other_by_stage_and_index(pools: Pools) -> None:
    run_id = uuid_utils.uuid7()
    chunks = [chunk(run_id, stage, index) for stage in ("a", "b") for index in range(5)]
    await record(pools, *chunks[::-1])
    seen: list[Chunk] = []
    while page := await stored(
        pools, run_id, limit=3, after=(seen[-1].stage, seen[-1].index) if seen else None
    ):
        assert len(page) <= 3
        seen += page
    assert seen == chunks
    assert await stored(pools, run_id, stage="b") == chunks[5:]
    assert await stored(pools, run_id, stage="b", after=("b", 2), limit=1) == [chunks[8]]
    assert await stored(pools, run_id, stage="c") == []


async def test_the_chunks_of_another_organisation_are_not_seen(pools: Pools) -> None:
    run_id = uuid_utils.uuid7()
    await record(pools, chunk(run_id, "train", 0))
    async with pools.read(OTHER_ORG) as connection:
        for org_id in (OTHER_ORG, DEFAULT_ORG):
            assert await run_chunks.of_run(connection, org_id, run_id) == []
            assert await run_chunks.done(connection, org_id, run_id) == {}
