"""Check that ranges of ticks and bars are paged without loss, in order, from few partitions."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.clock import ns_from_utc
from core.errors import InvalidInput
from core.market import ContractMonth, Instrument, Quote, Side, Trade
from core.runs import DEFAULT_ORG
from quant.calendars import trade_date_of
from storage import bars, market, partitions, sql, ticks
from storage.bar_parts import BarResolution
from storage.bars import BarQuery
from storage.columns import TickPage
from storage.pool import Pools, ReadConn
from storage.ticks import TickQuery

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
NOW_NS = ns_from_utc(NOW)
HOUR_NS = 3_600_000_000_000
CONTRACTS = [Instrument.parse(f"CL-20260{month}") for month in (2, 3, 4)]
OTHERS = [Instrument.parse(text) for text in ("B-202603", "CLX-202603", "NG-202602")]
EVERYTHING = TickQuery(
    product="CL",
    contract=None,
    source=None,
    start=NOW - timedelta(days=3),
    end=NOW + timedelta(days=3),
    after=None,
    limit=7,
)


def quotes() -> list[Quote]:
    draw = random.Random(7)
    return [
        Quote(
            instrument=instrument,
            source=draw.choice(["sandbox", "cme"]),
            session=draw.choice([1, 2]),
            sequence=sequence,
            frame_index=draw.choice([0, 1]),
            event_ns=NOW_NS + draw.choice([-24 * HOUR_NS, 0, HOUR_NS]) + draw.choice([0, 1, 1000]),
            received_ns=NOW_NS + 1,
            bid=Decimal(draw.randrange(-5000, 5000)) / 100 if draw.random() < 0.8 else None,
            bid_size=draw.randrange(10),
            ask=Decimal("70.10"),
            ask_size=None,
        )
        for instrument in CONTRACTS + OTHERS[:1] + OTHERS[2:]
        for sequence in range(20)
    ]


def trades() -> list[Trade]:
    draw = random.Random(8)
    return [
        Trade(
            instrument=instrument,
            source=draw.choice(["sandbox", "cme"]),
            entry_id=f'{number},"é\n',
            event_ns=NOW_NS + draw.randrange(-30, 30) * HOUR_NS // 20 + draw.choice([0, 1]),
            received_ns=NOW_NS,
            price=Decimal(draw.randrange(-5000, 5000)) / 100,
            size=draw.randrange(10),
            aggressor=draw.choice([None, Side.BUY, Side.SELL]),
        )
        for instrument in CONTRACTS + OTHERS[:1]
        for number in range(20)
    ]


async def store(pools: Pools, events: Sequence[Quote | Trade]) -> None:
    async with pools.system() as connection:
        await partitions.ensure(connection, NOW)
        await market.append(connection, events)


Read = Callable[[ReadConn, Any], Awaitable[TickPage]]


async def pages(pools: Pools, read: Read, query: TickQuery) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    after = None
    async with pools.read(DEFAULT_ORG) as connection:
        while True:
            page = await read(connection, replace(query, after=after))
            found.append(page.table.to_pylist())
            after = page.next_after
            if after is None:
                return found


def nanos(row: dict[str, Any], name: str) -> int:
    # arrow gives such a time as a subclass of datetime that knows its nanoseconds
    value: int = row[name].value
    return value


async def test_pages_of_quotes_hold_every_row_once_in_key_order(pools: Pools) -> None:
    stored = quotes()
    await store(pools, stored)
    expected = sorted(
        (quote for quote in stored if quote.instrument.product == "CL"),
        key=lambda one: (
            one.instrument,
            one.event_ns,
            one.session,
            one.sequence,
            one.frame_index,
        ),
    )
    found = await pages(pools, ticks.read_quotes, EVERYTHING)
    assert [len(page) for page in found] == [7] * 8 + [4]
    rows = [row for page in found for row in page]
    for row, quote in zip(rows, expected, strict=True):
        assert row | {"event_time": nanos(row, "event_time"), "received_time": 0} == {
            "instrument": str(quote.instrument),
            "source": quote.source,
            "event_time": quote.event_ns,
            "received_time": 0,
            "session": quote.session,
            "sequence": quote.sequence,
            "frame_index": quote.frame_index,
            "bid": None if quote.bid is None else str(quote.bid),
            "bid_size": quote.bid_size,
            "ask": "70.10",
            "ask_size": None,
        }
        assert nanos(row, "received_time") == quote.received_ns


async def test_pages_of_trades_hold_every_row_once_in_key_order(pools: Pools) -> None:
    stored = trades()
    await store(pools, stored)
    expected = sorted(
        (one for one in stored if one.instrument.product == "CL"),
        key=lambda one: (one.instrument, one.event_ns, one.entry_id),
    )
    rows = [row for page in await pages(pools, ticks.read_trades, EVERYTHING) for row in page]
    assert [
        (row["instrument"], nanos(row, "event_time"), row["entry_id"], row["price"]) for row in rows
    ] == [(str(one.instrument), one.event_ns, one.entry_id, str(one.price)) for one in expected]
    assert [row["aggressor"] for row in rows] == [one.aggressor for one in expected]


async def test_a_range_a_contract_and_a_source_narrow_what_is_read(pools: Pools) -> None:
    stored = quotes()
    await store(pools, stored)
    query = replace(
        EVERYTHING,
        contract=ContractMonth(2026, 3),
        source="cme",
        start=NOW,
        end=NOW + timedelta(microseconds=1),
        limit=100,
    )
    (rows,) = await pages(pools, ticks.read_quotes, query)
    chosen = [
        one
        for one in stored
        if one.instrument == CONTRACTS[1]
        and one.source == "cme"
        and NOW_NS <= one.event_ns < NOW_NS + 1000
    ]
    assert chosen
    assert [row["sequence"] for row in rows] == [
        one.sequence for one in sorted(chosen, key=lambda one: (one.event_ns, one.session))
    ]
    (nothing,) = await pages(pools, ticks.read_quotes, replace(query, source="ice"))
    assert nothing == []


FORGED = (
    "",
    "=",
    "é",
    "e30",  # {}
    "W10",  # []
    "WyJDTC0yMDI2MDIiLDEsMSwxXQ",  # one value too few
    "WyJcdTAwMDAiLDEsMSwxLDFd",  # a zero byte
    "WyJhIiw5OTk5OTk5OTk5OTk5OTk5OTk5OSwxLDEsMV0",  # beyond a bigint
    "WyJhIiwxLDEsMSw5OTk5OTk5OTk5XQ",  # beyond an integer
)


@pytest.mark.parametrize("token", FORGED)
async def test_a_token_that_no_page_gave_is_refused(pools: Pools, token: str) -> None:
    async with pools.read(DEFAULT_ORG) as connection:
        with pytest.raises(InvalidInput, match="after: expected the token"):
            await ticks.read_quotes(connection, replace(EVERYTHING, after=token))


@pytest.mark.parametrize("statement", ["quotes", "trades"])
async def test_a_range_reads_the_partitions_of_its_days_by_their_keys(
    pools: Pools, statement: str
) -> None:
    await store(pools, [*quotes(), *trades()])
    text = sql.load("ticks")[statement]
    rest = (0, 0, 0) if statement == "quotes" else ("",)
    start = datetime(2026, 1, 3, 1, tzinfo=UTC)
    end = start + timedelta(hours=20)
    async with pools.read(DEFAULT_ORG) as connection:
        lines = await connection.fetch(
            f"EXPLAIN (COSTS OFF) {text}",
            *("CL-", "CL-999999", start, end, None, "CL-", start, 0, *rest, 100),
        )
    plan = "\n".join(line[0] for line in lines)
    assert f"{statement}_20260103" in plan
    assert f"{statement}_20260102" not in plan
    assert f"{statement}_20260104" not in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


def expected_bars(
    stored: Sequence[Trade], resolution: BarResolution
) -> dict[tuple[str, str, datetime], tuple[Any, ...]]:
    groups: dict[tuple[str, str, datetime], list[Trade]] = {}
    for one in stored:
        if resolution == BarResolution.MINUTE:
            start = datetime.fromtimestamp(one.event_ns // 60_000_000_000 * 60, UTC)
        else:
            day = trade_date_of(one.instrument.product, one.event_ns)
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        groups.setdefault((str(one.instrument), one.source, start), []).append(one)
    found = {}
    for key, group in groups.items():
        group.sort(key=lambda one: (one.event_ns, one.entry_id))
        prices = [one.price for one in group]
        volume = sum(one.size for one in group)
        found[key] = (prices[0], max(prices), min(prices), prices[-1], volume, len(group))
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_bars_are_those_of_the_trades_in_whatever_order_and_however_often_they_come(
    pools: Pools, seed: int
) -> None:
    stored = trades()
    draw = random.Random(seed)
    stream = [*stored, *draw.choices(stored, k=40 * (seed % 3))]
    draw.shuffle(stream)
    counted = 0
    while stream:
        cut = draw.choice([1, 5, 60])
        async with pools.system() as connection:
            counted += (await market.append(connection, stream[:cut])).trades
        stream = stream[cut:]
    assert counted == len(stored)
    for resolution in BarResolution:
        query = BarQuery(
            product="CL",
            contract=None,
            source=None,
            start=NOW - timedelta(days=9),
            end=NOW + timedelta(days=9),
            after=None,
            limit=11,
            resolution=resolution,
        )
        rows = [row for page in await pages(pools, bars.read_bars, query) for row in page]
        found = {
            (row["instrument"], row["source"], row["start"]): (
                *(Decimal(row[name]) for name in ("open", "high", "low", "close")),
                row["volume"],
                row["trades"],
            )
            for row in rows
        }
        mine = [one for one in stored if one.instrument.product == "CL"]
        assert found == expected_bars(mine, resolution)
        assert [*found] == sorted(found)
        assert len(rows) == len(found)


async def test_daily_bars_start_on_the_trade_date_of_their_session(pools: Pools) -> None:
    friday_evening = ns_from_utc(datetime(2026, 1, 2, 23, 30, tzinfo=UTC))
    one = msgspec.structs.replace(trades()[0], event_ns=friday_evening, entry_id="x")
    await store(pools, [one])
    async with pools.read(DEFAULT_ORG) as connection:
        start = await connection.fetchval("SELECT start FROM bars WHERE resolution = '1d'")
    assert start.date() == date(2026, 1, 5)
