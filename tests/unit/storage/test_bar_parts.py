"""Check bars against a computation that sorts all trades first."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.clock import ns_from_utc
from core.market import Instrument, Side, Trade
from quant.calendars import session_trade_date, trade_date_of
from storage.bar_parts import BarPart, BarResolution, bar_parts

START = datetime(2026, 1, 2, 21, 58, tzinfo=UTC)  # two minutes before NYMEX closes
START_NS = ns_from_utc(START)


def trade(offset_ns: int, entry_id: str, price: str, size: int, product: str = "CL") -> Trade:
    return Trade(
        instrument=Instrument.parse(f"{product}-202603"),
        source="sandbox",
        entry_id=entry_id,
        event_ns=START_NS + offset_ns,
        received_ns=0,
        price=Decimal(price),
        size=size,
        aggressor=Side.BUY,
    )


trades = st.lists(
    st.builds(
        trade,
        st.integers(0, 3 * 60_000_000_000),
        st.sampled_from(["", "1", "10", "9", "a", "é", "\U0001f600"]),
        st.decimals(-40, 99, places=2).map(str),
        st.integers(0, 500),
        st.sampled_from(["CL", "B"]),
    ),
    unique_by=lambda one: (one.instrument, one.event_ns, one.entry_id),
)


def expected(one_bar: list[Trade]) -> tuple[object, ...]:
    ordered = sorted(one_bar, key=lambda one: (one.event_ns, one.entry_id))
    prices = [one.price for one in ordered]
    return (
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(one.size for one in ordered),
        len(ordered),
    )


def summary(part: BarPart) -> tuple[object, ...]:
    return (part.open, part.high, part.low, part.close, part.volume, part.trades)


@given(trades)
def test_bars_hold_what_sorting_every_trade_gives(found: list[Trade]) -> None:
    groups: dict[tuple[str, BarResolution, datetime], list[Trade]] = defaultdict(list)
    for one in found:
        at = datetime.fromtimestamp(one.event_ns // 1_000_000_000, UTC).replace(second=0)
        groups[str(one.instrument), BarResolution.MINUTE, at].append(one)
        day = trade_date_of(one.instrument.product, one.event_ns)
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        groups[str(one.instrument), BarResolution.DAY, midnight].append(one)
    parts = bar_parts(found)
    assert {(part.instrument, part.resolution, part.start): summary(part) for part in parts} == {
        key: expected(group) for key, group in groups.items()
    }
    assert len(parts) == len(groups)


def test_the_trade_date_changes_when_the_session_ends() -> None:
    before, after = 2 * 60_000_000_000 - 1, 2 * 60_000_000_000
    starts = [
        part.start.date()
        for part in bar_parts([trade(before, "a", "1", 1), trade(after, "b", "1", 1)])
        if part.resolution == BarResolution.DAY
    ]
    assert starts == [date(2026, 1, 2), date(2026, 1, 5)]  # a Friday, the Monday after


@given(st.integers(0, 3 * 365 * 86_400), st.sampled_from(["CL", "B", "G", "NBP", "TTF"]))
def test_trades_of_an_open_session_count_to_its_day(offset_s: int, code: str) -> None:
    moment_ns = START_NS + offset_s * 1_000_000_000
    day = session_trade_date(code, moment_ns)
    if day is not None:
        assert trade_date_of(code, moment_ns) == day
    else:
        later_ns = moment_ns
        while session_trade_date(code, later_ns) is None:
            later_ns += 60_000_000_000 * 30
        assert trade_date_of(code, moment_ns) == session_trade_date(code, later_ns)
