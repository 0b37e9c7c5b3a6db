"""Let the keeper look after a database: it anchors the audit trail, and forgets on schedule."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from actors.keeper import Keeper, KeeperConfig
from actors.loops import end_loops
from core.audit import AuditEntry
from core.clock import SystemClock
from core.runs import DEFAULT_ORG
from storage.audit import trail
from storage.audit.anchors import read_anchors
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def write_down(pools: Pools, action: str) -> None:
    entry = AuditEntry(org_id=DEFAULT_ORG, actor="user:x", action=action)
    async with pools.system() as conn:
        await trail.record(conn, entry, NOW)


async def keeper_of(database: Any, path: Path, every_s: float = 3_600.0) -> Keeper:
    config = KeeperConfig(database=database.urls, anchors=path, anchor_every_s=every_s)
    made = object.__new__(Keeper)
    await made.__init__(config, SystemClock())  # type: ignore[misc]  # as Ray awaits it
    return made


async def end(keeper: Keeper) -> None:
    await end_loops(keeper._loops)
    await keeper._pools.close()


async def positions(path: Path) -> list[int]:
    return [one.position for one in await asyncio.to_thread(read_anchors, path)]


async def until(path: Path, wanted: list[int]) -> None:
    async with asyncio.timeout(20):
        while await positions(path) != wanted:  # noqa: ASYNC110 - its loop sets no event of ours
            await asyncio.sleep(0.01)


async def test_the_head_of_the_trail_is_noted_outside_once_it_moved(
    database: Any, pools: Pools, tmp_path: Path
) -> None:
    path = tmp_path / "anchors.jsonl"
    await write_down(pools, "first")
    keeper = await keeper_of(database, path)
    try:
        await until(path, [1])
        assert await keeper.anchor() is None
        await write_down(pools, "second")
        assert await keeper.anchor() == 2
    finally:
        await end(keeper)
    assert await positions(path) == [1, 2]


async def test_it_goes_on_by_itself_once_the_medium_is_back(
    database: Any, pools: Pools, tmp_path: Path
) -> None:
    path = tmp_path / "away" / "anchors.jsonl"
    await write_down(pools, "first")
    keeper = await keeper_of(database, path, every_s=0.02)
    try:
        await write_down(pools, "second")
        path.parent.mkdir()
        await until(path, [2])
    finally:
        await end(keeper)
