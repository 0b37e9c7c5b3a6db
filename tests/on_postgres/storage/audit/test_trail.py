"""Check that entries are chained in one order, whoever appends, and read by their organisation."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.audit import AuditEntry, Detail
from core.runs import DEFAULT_ORG, MARKET_ORG
from storage.audit import trail
from storage.audit.chain import GENESIS, ChainedEntry, follows
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 12, 31, 23, 30, 0, 123456, tzinfo=UTC)


def entry(org_id: UUID = DEFAULT_ORG, target: str = "x") -> AuditEntry:
    details: dict[str, Detail] = {"b": 1, "a": "Ä", "none": None, "is": True}
    return AuditEntry(
        org_id=org_id, actor="user:1", action="key.created", target=target, details=details
    )


def is_whole(entries: list[ChainedEntry]) -> bool:
    previous = GENESIS
    for position, one in enumerate(entries, 1):
        if not follows(one, position, previous):
            return False
        previous = one.digest
    return True


async def test_entries_come_back_as_written_and_chained(pools: Pools) -> None:
    for number in range(3):
        async with pools.system() as conn:
            await trail.record(conn, entry(target=str(number)), NOW + timedelta(seconds=number))
    async with pools.read(DEFAULT_ORG) as conn:
        entries = (await trail.page(conn, DEFAULT_ORG, limit=10))[::-1]
    assert [one.target for one in entries] == ["0", "1", "2"]
    assert dict(entries[0].details) == dict(entry().details)
    assert entries[0].at == NOW
    assert is_whole(entries)
    assert not is_whole(entries[1:])
    assert not is_whole([entries[0], entries[2]])


async def test_fifty_at_once_make_one_chain(pools: Pools) -> None:
    async def append(number: int) -> None:
        async with pools.system() as conn:
            await trail.record(conn, entry(target=str(number)), NOW)

    await asyncio.gather(*map(append, range(50)))
    async with pools.system() as conn:
        entries = (await trail.page(conn, DEFAULT_ORG, limit=100))[::-1]
        assert await trail.head(conn) == (50, entries[-1].digest)
    assert {one.target for one in entries} == set(map(str, range(50)))
    assert is_whole(entries)


async def test_an_undone_change_leaves_no_entry_and_no_hole(pools: Pools) -> None:
    async def record_and_fail() -> None:
        async with pools.system() as conn:
            await trail.record(conn, entry(), NOW)
            raise KeyError

    with pytest.raises(KeyError):
        await record_and_fail()
    async with pools.system() as conn:
        assert await trail.head(conn) == (0, GENESIS)


async def test_an_organisation_reads_its_own_entries_and_chooses_among_them(pools: Pools) -> None:
    async with pools.system() as conn:
        await trail.record(conn, entry(MARKET_ORG), NOW)
        await trail.record(conn, entry(), NOW)
        await trail.record(conn, entry(), NOW + timedelta(hours=1))
    async with pools.read(DEFAULT_ORG) as conn:
        assert await trail.page(conn, MARKET_ORG, limit=10) == []
        found = await trail.page(conn, DEFAULT_ORG, limit=10, since=NOW + timedelta(minutes=1))
        assert [one.position for one in found] == [3]
        found = await trail.page(conn, DEFAULT_ORG, limit=10, before=3, actor="user:1")
        assert [one.position for one in found] == [2]
        assert await trail.page(conn, DEFAULT_ORG, limit=10, action="key.revoked") == []
