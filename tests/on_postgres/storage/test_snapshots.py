"""Check that a backend's snapshot is stored once and read by its digest."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from core.errors import NotFound
from core.runs import DEFAULT_ORG, BackendSnapshot
from storage import snapshots
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
SNAPSHOT = BackendSnapshot(digest=b"\x00d", backend="aer:fake_fez", body={"t1_us": [0.1 + 0.2]})


async def remember(pools: Pools, snapshot: BackendSnapshot) -> None:
    async with pools.system() as connection:
        await snapshots.remember(connection, snapshot, NOW)


async def test_every_organisation_reads_a_snapshot_that_many_brought(pools: Pools) -> None:
    await asyncio.gather(*(remember(pools, SNAPSHOT) for _ in range(8)))
    for org_id in (DEFAULT_ORG, OTHER_ORG):
        async with pools.read(org_id) as connection:
            assert await snapshots.get(connection, SNAPSHOT.digest) == SNAPSHOT
            assert await connection.fetchval("SELECT count(*) FROM backend_snapshots") == 1


async def test_a_stored_snapshot_stays_as_it_is(pools: Pools) -> None:
    await remember(pools, SNAPSHOT)
    await remember(pools, BackendSnapshot(digest=SNAPSHOT.digest, backend="aer", body={}))
    async with pools.read(DEFAULT_ORG) as connection:
        assert await snapshots.get(connection, SNAPSHOT.digest) == SNAPSHOT


async def test_an_unknown_digest_is_told(pools: Pools) -> None:
    async with pools.read(DEFAULT_ORG) as connection:
        with pytest.raises(NotFound, match="Backend snapshot 6e6f"):
            await snapshots.get(connection, b"no")


async def test_only_the_system_stores_snapshots(pools: Pools) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(DEFAULT_ORG) as connection:
            await snapshots.remember(connection, SNAPSHOT, NOW)
