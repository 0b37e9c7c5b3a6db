"""Check that ticks are stored once and read back exactly."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec import structs

from core.clock import ns_from_utc
from core.market import Gap, GapReason, Instrument, Quote, Side, Trade
from core.runs import DEFAULT_ORG
from storage import market, partitions
from storage.market import AppendCounts, FeedCursor
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
NOW_NS = ns_from_utc(NOW)
QUOTE = Quote(
    instrument=Instrument.parse("CL-202602"),
    source="sandbox",
    session=NOW_NS,
    sequence=1,
    frame_index=0,
    event_ns=NOW_NS + 123_456_789,
    received_ns=NOW_NS + 123_999_999,
    bid=Decimal("-37.63"),
    bid_size=3,
    ask=None,
    ask_size=None,
)
TRADE = Trade(
    instrument=QUOTE.instrument,
    source="sandbox",
    entry_id="a",
    event_ns=NOW_NS + 1,
    received_ns=NOW_NS + 2,
    price=Decimal("70.10"),
    size=5,
    aggressor=Side.BUY,
)
GAP = Gap(
    venue="cme",
    source="sandbox",
    session=1,
    expected_sequence=None,
    received_sequence=5,
    received_ns=NOW_NS,
    reason=GapReason.SEQUENCE,
)


async def test_one_repeat_in_a_thousand_stores_the_others(pools: Pools) -> None:
    quotes = [structs.replace(QUOTE, sequence=number) for number in range(999)]
    trades = [replace(TRADE, entry_id=str(number)) for number in range(999)]
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
        counts = await market.append(
            connection, [*quotes, quotes[500]], [*trades, trades[3]], [GAP, GAP]
        )
        assert counts == AppendCounts(quotes=999, trades=999, gaps=1)
    async with pools.system() as connection:
        counts = await market.append(connection, quotes[:2], [replace(TRADE, entry_id="b")], [GAP])
        assert (counts, counts.total) == (AppendCounts(quotes=0, trades=1, gaps=0), 1)
        assert (await market.append(connection, [], [], [])).total == 0


async def test_appends_of_one_transaction_do_not_meet(pools: Pools) -> None:
    async with pools.system() as connection:
        for sequence in (1, 2):
            counts = await market.append(
                connection, [structs.replace(QUOTE, sequence=sequence)], [], []
            )
            assert counts.quotes == 1


async def test_times_keep_their_nanoseconds(pools: Pools) -> None:
    later = structs.replace(QUOTE, sequence=2, event_ns=QUOTE.event_ns + 1)
    async with pools.system() as connection:
        await market.append(connection, [later, QUOTE], [], [])
    async with pools.read(DEFAULT_ORG) as connection:
        assert await market.latest_quotes(connection, "CL") == [later]


async def test_the_latest_quote_of_each_contract_of_a_product_is_found(pools: Pools) -> None:
    def quote(name: str, seconds: int) -> Quote:
        event_ns = NOW_NS + seconds * 1_000_000_000
        return structs.replace(QUOTE, instrument=Instrument.parse(name), event_ns=event_ns)

    day = 86_400
    quotes = [
        quote("CL-202602", 0),
        quote("CL-202602", -day),
        quote("CL-202603", -day),
        quote("CL-202603", 5),
        quote("B-202603", 9),
        quote("NG-202603", 9),
    ]
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
        await market.append(connection, quotes, [], [])
    async with pools.read(DEFAULT_ORG) as connection:
        assert await market.latest_quotes(connection, "CL") == [quotes[0], quotes[3]]
        assert await market.latest_quotes(connection, "HO") == []


async def test_a_cursor_is_replaced(pools: Pools) -> None:
    async with pools.system() as connection:
        assert await market.load_cursor(connection, "cme") is None
        for sequence in (1, 2):
            await market.save_cursor(
                connection,
                venue="cme",
                source="sandbox",
                session=7,
                sequence=sequence,
                event_ns=NOW_NS,
                now=NOW,
            )
        assert await market.load_cursor(connection, "cme") == FeedCursor(
            venue="cme", source="sandbox", session=7, sequence=2, event_ns=NOW_NS, updated_at=NOW
        )
