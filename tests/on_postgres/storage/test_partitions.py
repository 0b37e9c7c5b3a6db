"""Check that partitions are made ahead, taken away on schedule, and by the system only."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.runs import DEFAULT_ORG
from storage import partitions
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


async def test_partitions_are_made_once_around_the_moment(pools: Pools) -> None:
    async with pools.system() as connection:
        made = await partitions.ensure(connection, NOW)
        assert (made, await partitions.ensure(connection, NOW)) == (2 * 9 + 2 * 3, 0)
        names = [
            row[0]
            for row in await connection.fetch(
                "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1"
            )
        ]
    quotes = [name for name in names if name.startswith("quotes_20")]
    assert (quotes[0], quotes[-1]) == ("quotes_20261230", "quotes_20270107")
    assert [name for name in names if name.startswith("run_events_20")] == [
        "run_events_202612",
        "run_events_202701",
        "run_events_202702",
    ]


async def test_a_run_lands_in_the_partition_of_its_month(pools: Pools) -> None:
    moment_ms = int(datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)
    run_id = UUID(int=(moment_ms << 80) | (7 << 76) | (2 << 62) | 12345)
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
        await connection.execute(
            "INSERT INTO run_events VALUES ($1, $2, 1, $3, 'queued', 'queued', '{}', 'a')",
            DEFAULT_ORG,
            run_id,
            NOW,
        )
        home = await connection.fetchval("SELECT tableoid::regclass::text FROM run_events")
    assert home == "run_events_202701"


async def test_rows_that_came_before_their_partition_do_not_stop_the_others(pools: Pools) -> None:
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO trades VALUES ('CL-202612', $1, 0, 'a', 'cme', 0, 1, 1, NULL)", NOW
        )
        assert await partitions.ensure(connection, NOW) == 2 * 9 + 2 * 3 - 1
        assert await connection.fetchval("SELECT count(*) FROM trades") == 1


async def test_only_the_system_makes_partitions(pools: Pools) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(DEFAULT_ORG) as connection:
            await partitions.ensure(connection, NOW)


async def names_of_days(connection: Any, table: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ ($1 || '_[0-9]+$') "
        "ORDER BY 1",
        table,
    )
    return [row[0] for row in rows]


async def store_trades(connection: Any, *days: datetime) -> None:
    for number, day in enumerate(days):
        await connection.execute(
            "INSERT INTO trades VALUES ('CL-202612', $1, 0, $2, 'cme', 0, 1, 1, NULL)",
            day,
            str(number),
        )


async def test_days_that_are_old_enough_leave_with_their_rows(pools: Pools) -> None:
    before_all = datetime(2020, 1, 1, tzinfo=UTC)
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
        await store_trades(connection, NOW - timedelta(days=1), NOW, before_all)
        assert await partitions.detach(connection, NOW, 1) == []
        later = NOW + timedelta(days=1)
        gone = await partitions.detach(connection, later, 1)
        assert gone == ["quotes_20261230", "trades_20261230"]
        assert await partitions.detach(connection, later, 1) == []
        assert await connection.fetchval("SELECT array_agg(event_time) FROM trades") == [NOW]
        for table in ("quotes", "trades"):
            days = await names_of_days(connection, table)
            assert (days[0], len(days)) == (f"{table}_20261231", 8)
        assert len(await names_of_days(connection, "run_events")) == 3


async def test_one_of_two_callers_detaches_and_the_other_skips(pools: Pools) -> None:
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
    later = NOW + timedelta(days=30)
    async with pools.system() as first, pools.system() as second:
        assert len(await partitions.detach(first, later, 1)) == 18
        assert await partitions.detach(second, later, 1) == []
    async with pools.system() as connection:
        assert await partitions.detach(connection, later, 1) == []
        assert await names_of_days(connection, "quotes") == []


async def test_a_day_that_is_being_read_is_left_and_nobody_waits_for_long(pools: Pools) -> None:
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
        await store_trades(connection, NOW)
    later = NOW + timedelta(days=30)
    async with pools.read(DEFAULT_ORG) as reader:
        await reader.fetchval("SELECT count(*) FROM trades WHERE event_time >= $1", NOW)
        async with pools.system() as connection:
            gone = await partitions.detach(connection, later, 1)
        assert {name.partition("_")[0] for name in gone} == {"quotes"}
    async with pools.system() as connection:
        assert len(await partitions.detach(connection, later, 1)) == 9


async def test_only_the_system_detaches_partitions(pools: Pools) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(DEFAULT_ORG) as connection:
            await partitions.detach(connection, NOW, 1)


async def test_no_day_of_today_can_be_asked_to_leave(pools: Pools) -> None:
    with pytest.raises(asyncpg.RaiseError, match="keep_days must be 1 to"):
        async with pools.system() as connection:
            await partitions.detach(connection, NOW, 0)
