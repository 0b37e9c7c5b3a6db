"""Check a stored trail against its anchors while someone with all rights meddles with it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

from core.audit import AuditEntry, Detail
from core.runs import DEFAULT_ORG, MARKET_ORG
from storage.audit import trail
from storage.audit.anchors import anchor_head, read_anchors
from storage.audit.chain import GENESIS, digest_of
from storage.audit.verification import FaultKind, Verdict, verify
from storage.pool import Pools

if TYPE_CHECKING:
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 12, 31, 23, 30, 0, 123456, tzinfo=UTC)
ENTRIES = 100_000


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    return tmp_path / "anchors.jsonl"


async def record(pools: Pools, count: int, org_id: UUID = DEFAULT_ORG) -> None:
    for number in range(count):
        details: dict[str, Detail] = {"role": "admin", "is_own": True, "note": "Ä", "n": number}
        entry = AuditEntry(org_id=org_id, actor="user:1", action="key.created", details=details)
        async with pools.system() as conn:
            await trail.record(conn, entry, NOW + timedelta(microseconds=number))


async def judge(pools: Pools, anchors: Path) -> Verdict:
    return await verify(pools, read_anchors(anchors))


@pytest.mark.parametrize(
    ("meddling", "position", "kind"),
    [
        ("UPDATE audit_entries SET actor = 'user:2' WHERE position = 4", 4, FaultKind.CHANGED),
        ("UPDATE audit_entries SET at = at + '1 us' WHERE position = 5", 5, FaultKind.CHANGED),
        (
            "UPDATE audit_entries SET details = jsonb_set(details, '{n}', '9') WHERE position = 2",
            2,
            FaultKind.CHANGED,
        ),
        (
            "UPDATE audit_entries SET digest = set_bit(digest, 100, 1 - get_bit(digest, 100)) "
            "WHERE position = 3",
            3,
            FaultKind.CHANGED,
        ),
        ("DELETE FROM audit_entries WHERE position = 1", 1, FaultKind.MISSING),
        ("DELETE FROM audit_entries WHERE position = 4", 4, FaultKind.MISSING),
        ("DELETE FROM audit_entries WHERE position > 4", 6, FaultKind.TRUNCATED),
        ("DELETE FROM audit_entries", 6, FaultKind.TRUNCATED),
    ],
)
async def test_meddling_is_found(
    pools: Pools,
    database: "Database",
    anchors: Path,
    meddling: str,
    position: int,
    kind: FaultKind,
) -> None:
    await record(pools, 3)
    await record(pools, 3, MARKET_ORG)
    anchored = await anchor_head(pools, anchors, NOW)
    assert anchored is not None
    assert anchored.position == 6
    assert (await judge(pools, anchors)).is_whole
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(meddling)
    await connection.close()
    first = (await judge(pools, anchors)).faults[0]
    assert (first.position, first.kind) == (position, kind)


async def test_the_head_is_anchored_once_and_a_shorter_trail_not_at_all(
    pools: Pools, database: "Database", anchors: Path
) -> None:
    assert await anchor_head(pools, anchors, NOW) is None
    await record(pools, 2)
    assert await anchor_head(pools, anchors, NOW) is not None
    assert await anchor_head(pools, anchors, NOW) is None
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute("DELETE FROM audit_entries WHERE position = 2")
    await connection.close()
    assert await anchor_head(pools, anchors, NOW) is None
    assert [one.position for one in read_anchors(anchors)] == [2]


async def test_one_hundred_thousand_stored_entries_are_verified_in_ten_seconds(
    pools: Pools, anchors: Path, tell: Callable[[str], None]
) -> None:
    await fill(pools, ENTRIES)
    heard: list[tuple[int, int]] = []
    await anchor_head(pools, anchors, NOW)
    started = time.perf_counter()
    verdict = await verify(
        pools, read_anchors(anchors), lambda done, total: heard.append((done, total))
    )
    seconds = time.perf_counter() - started
    assert verdict.is_whole
    assert (verdict.entries, verdict.last_anchored) == (ENTRIES, ENTRIES)
    assert heard[0] == (0, ENTRIES)
    assert heard[-1] == (ENTRIES, ENTRIES)
    tell(f"promise 37: {ENTRIES:,} stored entries read and verified in {seconds:.1f} s (target 10)")
    assert seconds <= 10


async def fill(pools: Pools, count: int) -> None:
    """Append entries as `record` would, many at a time."""
    rows, previous = [], GENESIS
    for position in range(1, count + 1):
        details: dict[str, Detail] = {"role": "admin", "is_own": True, "n": position}
        entry = AuditEntry(org_id=DEFAULT_ORG, actor="user:1", action="x.made", details=details)
        at = NOW + timedelta(microseconds=position)
        digest = digest_of(position, entry, at, previous)
        rows.append(
            (position, DEFAULT_ORG, at, entry.actor, entry.action, None, details, previous, digest)
        )
        previous = digest
    async with pools.system() as conn:
        await conn.executemany(trail._SQL["append"], rows)
