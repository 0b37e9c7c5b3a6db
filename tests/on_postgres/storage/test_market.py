"""Check that ticks are stored once and read back exactly."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec import structs

from core.clock import ns_from_utc
from core.market import (
    Gap,
    GapReason,
    Healed,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    SettlementStage,
    Side,
    Staleness,
    Trade,
)
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


HEALED = Healed(
    venue="cme", source="sandbox", session=1, received_ns=NOW_NS, instruments=(QUOTE.instrument,)
)
STALENESS = Staleness(
    instrument=QUOTE.instrument,
    venue="cme",
    source="sandbox",
    is_stale=True,
    silent_since_ns=NOW_NS,
    limit_s=2.5,
    received_ns=NOW_NS + 1,
)
SETTLEMENT = Settlement(
    instrument=QUOTE.instrument,
    source="sandbox",
    trade_date=NOW.date(),
    price=Decimal("70.5"),
    stage=SettlementStage.FINAL,
    event_ns=NOW_NS,
    received_ns=NOW_NS,
)
ONE_OF_EACH: list[MarketEvent] = [QUOTE, TRADE, SETTLEMENT, GAP, HEALED, STALENESS]


async def test_one_call_stores_every_kind_of_event_once(pools: Pools) -> None:
    async with pools.system() as connection:
        counts = await market.append(connection, [*ONE_OF_EACH, *ONE_OF_EACH])
    assert counts == AppendCounts(quotes=1, trades=1, settlements=1, gaps=1, healed=1, staleness=1)
    assert counts.total == 6
    async with pools.system() as connection:
        assert (await market.append(connection, ONE_OF_EACH)).total == 0
        assert (await market.append(connection, [])).total == 0


@pytest.mark.parametrize("repeated", [0, 500, 998])
async def test_one_repeat_in_a_thousand_stores_the_others(pools: Pools, repeated: int) -> None:
    quotes = [structs.replace(QUOTE, sequence=number) for number in range(999)]
    trades = [structs.replace(TRADE, entry_id=str(number)) for number in range(999)]
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
        within = [*quotes, quotes[repeated], *trades, trades[repeated]]
        counts = await market.append(connection, within)
        assert counts == AppendCounts(quotes=999, trades=999)
    later = [structs.replace(quote, session=QUOTE.session + 1) for quote in quotes]
    later[repeated] = quotes[repeated]
    others = [structs.replace(trade, entry_id=f"{trade.entry_id}b") for trade in trades]
    others[repeated] = trades[repeated]
    async with pools.system() as connection:
        counts = await market.append(connection, [*later, *others])
        assert counts == AppendCounts(quotes=998, trades=998)
        stored = await connection.fetchval("SELECT trades FROM bars WHERE resolution = '1d'")
        assert stored == 999 + 998


async def test_two_that_append_the_same_store_it_once(pools: Pools) -> None:
    quotes = [structs.replace(QUOTE, sequence=number) for number in range(300)]
    trades = [structs.replace(TRADE, entry_id=str(number)) for number in range(300)]

    async def store() -> AppendCounts:
        async with pools.system() as connection:
            return await market.append(connection, [*ONE_OF_EACH, *quotes, *trades])

    first, second = await asyncio.gather(store(), store())
    assert sorted([first.total, second.total]) == [0, 300 + 301 + 4]
    async with pools.system() as connection:
        assert await connection.fetchval("SELECT sum(trades) FROM bars") == 2 * 301


async def test_appends_of_one_transaction_do_not_meet(pools: Pools) -> None:
    async with pools.system() as connection:
        for sequence in (1, 2):
            quote = structs.replace(QUOTE, sequence=sequence)
            assert (await market.append(connection, [quote, quote])).quotes == 1


async def test_marks_of_one_frame_for_different_instruments_are_all_kept(pools: Pools) -> None:
    contracts = [Instrument.parse(f"B-20260{month}") for month in range(1, 6)]
    gaps = [GAP, *(structs.replace(GAP, instruments=(one,)) for one in contracts)]
    healed = [structs.replace(HEALED, instruments=(one,)) for one in contracts]
    stale = [structs.replace(STALENESS, instrument=one) for one in contracts]
    async with pools.system() as connection:
        counts = await market.append(connection, [*gaps, *healed, *stale])
        found = await connection.fetch("SELECT instruments FROM gaps ORDER BY first_instrument")
    assert counts == AppendCounts(gaps=6, healed=5, staleness=5)
    assert [row[0] for row in found] == [[], *([str(one)] for one in contracts)]


async def test_gaps_of_one_read_are_all_kept(pools: Pools) -> None:
    gaps = [structs.replace(GAP, received_sequence=number) for number in (5, 8, None)]
    async with pools.system() as connection:
        assert (await market.append(connection, [*gaps, *gaps])).gaps == 3


async def test_what_is_stored_reads_as_it_was(pools: Pools) -> None:
    earliest = NOW_NS - 20 * 365 * 86_400 * 1_000_000_000
    quotes = [
        structs.replace(QUOTE, sequence=number, bid=price, ask=price, event_ns=earliest + number)
        for number, price in enumerate(
            Decimal(text)
            for text in (
                "0",
                "0.00",
                "-0.0001",
                "70.1",
                "70.10",
                "9999",
                "10000",
                "1E+5",
                "0.00012345",
            )
        )
    ]
    async with pools.system() as connection:
        await market.append(connection, [*quotes, TRADE])
        rows = await connection.fetch("SELECT * FROM quotes ORDER BY sequence")
        trade = await connection.fetchrow("SELECT * FROM trades")
    for row, quote in zip(rows, quotes, strict=True):
        assert f"{row['bid']:f}" == f"{quote.bid:f}"
        assert ns_from_utc(row["event_time"]) + row["event_nanos"] == quote.event_ns
        assert (row["received_ns"], row["source"], row["bid_size"], row["ask_size"]) == (
            quote.received_ns,
            "sandbox",
            3,
            None,
        )
    assert dict(trade or {}) == {
        "instrument": "CL-202602",
        "event_time": NOW,
        "event_nanos": 1,
        "entry_id": "a",
        "source": "sandbox",
        "received_ns": NOW_NS + 2,
        "price": Decimal("70.10"),
        "size": 5,
        "aggressor": "buy",
    }


async def test_the_latest_quote_of_each_contract_of_a_product_is_found(pools: Pools) -> None:
    def quote(name: str, seconds: int, below_a_microsecond: int = 0) -> Quote:
        event_ns = NOW_NS + seconds * 1_000_000_000 + below_a_microsecond
        return structs.replace(QUOTE, instrument=Instrument.parse(name), event_ns=event_ns)

    day = 86_400
    quotes = [
        quote("CL-202602", 0, 1),
        quote("CL-202602", 0, 2),
        quote("CL-202602", -day),
        quote("CL-202603", -day),
        quote("CL-202603", 5),
        quote("B-202603", 9),
        quote("NG-202603", 9),
    ]
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
        await market.append(connection, quotes)
    async with pools.read(DEFAULT_ORG) as connection:
        assert await market.latest_quotes(connection, "CL") == [quotes[1], quotes[4]]
        assert await market.latest_quotes(connection, "HO") == []


async def test_a_cursor_is_replaced(pools: Pools) -> None:
    async with pools.system() as connection:
        assert await market.load_cursor(connection, "cme") is None
        for offset in (1, 2):
            await market.save_cursor(
                connection, venue="cme", source="sandbox", segment=7, offset=offset, now=NOW
            )
        assert await market.load_cursor(connection, "cme") == FeedCursor(
            venue="cme", source="sandbox", segment=7, offset=2, updated_at=NOW
        )
