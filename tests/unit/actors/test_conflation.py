"""Check that leaving out quotes changes no book, and that nothing else is left out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.conflation import ConflatingQueue, without_superseded
from core.market import (
    ContractMonth,
    Gap,
    GapReason,
    Healed,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    SettlementStage,
    Staleness,
    Trade,
)

INSTRUMENTS = [Instrument("CL", ContractMonth(2027, month)) for month in range(1, 5)]


def quote(n: int, instrument: Instrument, event_ns: int | None = None) -> Quote:
    return Quote(
        instrument=instrument,
        source="cme",
        session=1,
        sequence=n,
        frame_index=0,
        event_ns=n if event_ns is None else event_ns,
        received_ns=n,
        bid=Decimal(n),
        bid_size=1,
        ask=Decimal(n + 1),
        ask_size=1,
    )


def trade(n: int, instrument: Instrument) -> Trade:
    return Trade(
        instrument=instrument,
        source="cme",
        entry_id=str(n),
        event_ns=n,
        received_ns=n,
        price=Decimal(n),
        size=1,
        aggressor=None,
    )


def settlement(n: int, instrument: Instrument) -> Settlement:
    return Settlement(
        instrument=instrument,
        source="cme",
        trade_date=date(2026, 11, 18),
        price=Decimal(n),
        stage=SettlementStage.FINAL,
        event_ns=n,
        received_ns=n,
    )


def gap(n: int, instruments: Iterable[Instrument]) -> Gap:
    return Gap(
        venue="cme",
        source="cme",
        session=1,
        expected_sequence=n,
        received_sequence=n + 1,
        received_ns=n,
        reason=GapReason.SEQUENCE,
        instruments=tuple(instruments),
    )


def healed(n: int, instruments: Iterable[Instrument]) -> Healed:
    return Healed(
        venue="cme", source="cme", session=1, received_ns=n, instruments=tuple(instruments)
    )


def staleness(n: int, instrument: Instrument) -> Staleness:
    return Staleness(
        instrument=instrument,
        venue="cme",
        source="cme",
        is_stale=n % 2 == 0,
        silent_since_ns=n,
        limit_s=15.0,
        received_ns=n,
    )


def make_event(n: int, kind: str, index: int) -> MarketEvent:
    instrument = INSTRUMENTS[index]
    match kind:
        case "trade":
            return trade(n, instrument)
        case "settlement":
            return settlement(n, instrument)
        case "gap":
            return gap(n, INSTRUMENTS[:index])
        case "healed":
            return healed(n, INSTRUMENTS[: index + 1])
        case "staleness":
            return staleness(n, instrument)
        case "late":
            return quote(n, instrument, max(0, n - 5))
        case _:
            return quote(n, instrument)


KINDS = ("quote", "quote", "late", "trade", "settlement", "gap", "healed", "staleness")


def numbered(batches: list[list[tuple[str, int]]]) -> list[list[MarketEvent]]:
    numbers = iter(range(10_000))
    return [[make_event(next(numbers), kind, index) for kind, index in b] for b in batches]


batches_of_events = st.lists(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3)), max_size=30), max_size=8
).map(numbered)


@dataclass
class Watcher:
    """Follow a stream as consumers do, and note the books at each mark that concerns them.

    `arrived` holds the last quote that came, `newest` the one of the latest event time.
    """

    arrived: dict[Instrument, Quote] = field(default_factory=dict)
    newest: dict[Instrument, Quote] = field(default_factory=dict)
    at_marks: list[tuple[MarketEvent, list[Quote | None]]] = field(default_factory=list)

    def follow(self, events: Iterable[MarketEvent]) -> None:
        for event in events:
            if isinstance(event, Quote):
                self.arrived[event.instrument] = event
                before = self.newest.get(event.instrument)
                if before is None or event.event_ns >= before.event_ns:
                    self.newest[event.instrument] = event
            elif isinstance(event, Gap | Healed | Staleness):
                named = (
                    [event.instrument]
                    if isinstance(event, Staleness)
                    else event.instruments or INSTRUMENTS
                )
                books = [book.get(name) for book in (self.arrived, self.newest) for name in named]
                self.at_marks.append((event, books))


@given(batches_of_events, st.integers(1, 20), st.sets(st.integers(0, 7)))
def test_books_are_equal_at_each_mark_and_at_the_end(
    batches: list[list[MarketEvent]], bound: int, takes: set[int]
) -> None:
    plain, conflated = Watcher(), Watcher()
    queue = ConflatingQueue(bound, hard_bound=10_000)
    seen: list[MarketEvent] = []
    left_out = 0
    for number, batch in enumerate(batches):
        plain.follow(batch)
        queue.put(batch)
        if number in takes:
            events, count = queue.take()
            seen, left_out = seen + events, left_out + count
    events, count = queue.take()
    seen, left_out = seen + events, left_out + count
    conflated.follow(seen)
    assert conflated.arrived == plain.arrived
    assert conflated.newest == plain.newest
    assert conflated.at_marks == plain.at_marks
    sent = [event for batch in batches for event in batch]
    assert [e for e in seen if not isinstance(e, Quote)] == [
        e for e in sent if not isinstance(e, Quote)
    ]
    positions = {id(event): n for n, event in enumerate(sent)}
    order = [positions[id(event)] for event in seen]
    assert order == sorted(order)
    assert left_out == queue.conflated == len(sent) - len(seen)
    assert queue.dropped == 0


@given(batches_of_events, st.integers(1, 200))
def test_nothing_is_left_out_below_the_bound(batches: list[list[MarketEvent]], bound: int) -> None:
    queue = ConflatingQueue(bound)
    for batch in batches:
        if len(batch) <= bound:
            queue.put(batch)
            assert len(queue) == len(batch)
            assert queue.take() == (batch, 0)
    assert queue.take() == ([], 0)


def test_above_the_bound_one_quote_of_each_instrument_is_left() -> None:
    queue = ConflatingQueue(100)
    for n in range(1_000):
        queue.put([quote(n, INSTRUMENTS[n % 4])])
        assert len(queue) <= 4 * 100 + 1
    queue.put([quote(n, INSTRUMENTS[n % 4]) for n in range(1_000, 2_000)])
    events, left_out = queue.take()
    assert [event.received_ns for event in events if isinstance(event, Quote)] == [
        1_996,
        1_997,
        1_998,
        1_999,
    ]
    assert left_out == queue.conflated == 1_996
    assert queue.take() == ([], 0)


def test_beyond_the_hard_bound_the_oldest_trades_go_first() -> None:
    queue = ConflatingQueue(10, hard_bound=20)
    mark = gap(0, ())
    queue.put([mark, quote(1, INSTRUMENTS[0]), settlement(2, INSTRUMENTS[0])])
    for n in range(3, 103):
        queue.put([trade(n, INSTRUMENTS[n % 4])])
    events, left_out = queue.take()
    assert events[:3] == [mark, quote(1, INSTRUMENTS[0]), settlement(2, INSTRUMENTS[0])]
    assert [e.received_ns for e in events[3:] if isinstance(e, Trade)] == list(range(86, 103))
    assert (len(events), left_out, queue.dropped) == (20, 0, 83)


def test_marks_too_are_bounded() -> None:
    queue = ConflatingQueue(10, hard_bound=20)
    for n in range(100_000):
        queue.put([staleness(n, INSTRUMENTS[0])])
        assert len(queue) <= 41
    events, _ = queue.take()
    assert [e.received_ns for e in events if isinstance(e, Staleness)] == list(
        range(99_980, 100_000)
    )
    assert queue.dropped == 99_980


def test_a_quote_that_healed_stays_before_its_mark() -> None:
    first, second = quote(1, INSTRUMENTS[0]), quote(3, INSTRUMENTS[0])
    other = quote(0, INSTRUMENTS[1])
    mark = healed(2, [INSTRUMENTS[0]])
    newer = quote(4, INSTRUMENTS[1])
    assert without_superseded([other, first, mark, second, newer]) == [first, mark, second, newer]
