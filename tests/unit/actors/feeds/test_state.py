"""Check what a feed's stream says, and that a replay says the same."""

from datetime import date
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.feeds.state import (
    FeedState,
    Interpreter,
    Mark,
    checkpoint_records,
    mark_record,
)
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
)
from integrations.cme.codec import CmeDecoder
from integrations.cme.sandbox.messages import encode_settlements, encode_top_of_book
from integrations.venue import Decoded
from storage.journal_format import Record, RecordKind

NEAR = Instrument("CL", ContractMonth(2027, 1))
FAR = Instrument("CL", ContractMonth(2027, 2))
SENT_NS = 1_795_000_000_000_000_000


def quote(instrument: Instrument, sequence: int = 1, bid: str = "71.41") -> Quote:
    return Quote(
        instrument=instrument,
        source="sandbox",
        session=7,
        sequence=sequence,
        frame_index=0,
        event_ns=SENT_NS + sequence,
        received_ns=SENT_NS + sequence,
        bid=Decimal(bid),
        bid_size=3,
        ask=Decimal(bid) + Decimal("0.02"),
        ask_size=4,
    )


def settlement(price: str, stage: SettlementStage, day: int = 20) -> Settlement:
    return Settlement(
        instrument=NEAR,
        source="sandbox",
        trade_date=date(2026, 11, day),
        price=Decimal(price),
        stage=stage,
        event_ns=SENT_NS,
        received_ns=SENT_NS,
    )


def gap(*instruments: Instrument, reason: GapReason = GapReason.SEQUENCE) -> Gap:
    return Gap(
        venue="cme",
        source="sandbox",
        session=7,
        expected_sequence=4,
        received_sequence=6,
        received_ns=SENT_NS,
        reason=reason,
        instruments=instruments,
    )


def take(state: FeedState, *events: Quote | Settlement | Gap) -> list[MarketEvent]:
    return state.take(Decoded(events=events), 7, SENT_NS)


def healed(events: list[MarketEvent]) -> list[Instrument]:
    return [one for event in events if isinstance(event, Healed) for one in event.instruments]


def test_a_gap_of_the_session_makes_every_known_instrument_suspect_until_its_quote() -> None:
    state = FeedState("cme", "sandbox")
    take(state, quote(NEAR), quote(FAR))
    take(state, gap())
    assert state.suspects == {NEAR, FAR}
    assert healed(take(state, quote(NEAR))) == [NEAR]
    assert state.gap is GapReason.SEQUENCE
    assert healed(take(state, quote(FAR))) == [FAR]
    assert state.gap is None
    assert healed(take(state, quote(FAR))) == []


def test_a_gap_of_one_instrument_leaves_the_others_alone() -> None:
    state = FeedState("ice", "sandbox")
    take(state, quote(NEAR), quote(FAR))
    take(state, gap(FAR))
    assert state.suspects == {FAR}
    assert healed(take(state, quote(NEAR))) == []
    assert healed(take(state, quote(FAR))) == [FAR]


def test_a_settlement_heals_no_book() -> None:
    state = FeedState("cme", "sandbox")
    take(state, quote(NEAR))
    take(state, gap())
    assert healed(take(state, settlement("70.00", SettlementStage.FINAL))) == []
    assert state.suspects == {NEAR}


def test_after_a_start_the_first_quote_of_each_instrument_heals_it() -> None:
    state = FeedState("cme", "sandbox")
    state.mark(gap(reason=GapReason.STARTED))
    assert state.gap is GapReason.STARTED
    assert healed(take(state, quote(NEAR), quote(FAR))) == [NEAR, FAR]
    assert state.gap is None


def test_another_final_price_of_the_same_day_is_a_correction() -> None:
    state = FeedState("cme", "sandbox")
    stages = [
        event.stage
        for announced in (
            settlement("70.00", SettlementStage.PRELIMINARY),
            settlement("70.10", SettlementStage.FINAL),
            settlement("70.10", SettlementStage.FINAL),
            settlement("70.20", SettlementStage.FINAL),
            settlement("71.00", SettlementStage.FINAL, day=23),
        )
        for event in take(state, announced)
        if isinstance(event, Settlement)
    ]
    assert stages == [
        SettlementStage.PRELIMINARY,
        SettlementStage.FINAL,
        SettlementStage.FINAL,
        SettlementStage.CORRECTED,
        SettlementStage.FINAL,
    ]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), st.sampled_from([NEAR, FAR]), st.integers(1, 3)),
        st.tuples(st.just("final"), st.sampled_from(["70.1", "70.2"]), st.integers(1, 3)),
        st.tuples(st.just("garbage"), st.binary(max_size=20), st.integers(1, 1)),
        st.tuples(st.just("stale"), st.booleans(), st.integers(1, 1)),
        st.tuples(st.just("gap"), st.sampled_from(list(GapReason)), st.integers(1, 1)),
        st.tuples(st.just("rotate"), st.none(), st.integers(1, 1)),
    ),
    max_size=40,
)


class Live:
    """Take steps as the feed does, keeping the records of the present segment and its events."""

    def __init__(self) -> None:
        self.state = FeedState("cme", "sandbox")
        self.decoder = CmeDecoder(7, "sandbox")
        self.sequence = 0
        self.records: list[Record] = []
        self.events: list[MarketEvent] = []
        self.rotate()

    def rotate(self) -> None:
        self.records = checkpoint_records(self.state, {7: self.decoder}, SENT_NS)
        self.events = []

    def frame(self, content: bytes) -> None:
        received_ns = SENT_NS + len(self.records)
        self.records.append(Record(RecordKind.FRAME, 7, received_ns, content))
        self.events += self.state.take(self.decoder.decode(content, received_ns), 7, received_ns)

    def mark(self, mark: Mark) -> None:
        self.records.append(mark_record(mark))
        self.events += self.state.mark(mark)

    def step(self, kind: str, value: object, skip: int) -> None:
        if kind == "rotate":
            self.rotate()
        elif kind == "garbage":
            assert isinstance(value, bytes)
            self.frame(value)
        elif kind == "stale":
            self.mark(
                Staleness(
                    instrument=NEAR,
                    venue="cme",
                    source="sandbox",
                    is_stale=bool(value),
                    silent_since_ns=SENT_NS,
                    limit_s=30.0,
                    received_ns=SENT_NS,
                )
            )
        elif kind == "gap":
            assert isinstance(value, GapReason)
            self.mark(gap(reason=value))
        else:
            self.sequence += skip
            if isinstance(value, Instrument):
                self.frame(encode_top_of_book(self.sequence, SENT_NS, [quote(value)]))
            else:
                final = msgspec.structs.replace(
                    settlement("70", SettlementStage.FINAL), price=Decimal(str(value))
                )
                self.frame(encode_settlements(self.sequence, SENT_NS, [final]))


@given(STEPS)
def test_a_segment_alone_replays_to_the_events_of_the_live_feed(
    steps: list[tuple[str, object, int]],
) -> None:
    live = Live()
    for step in steps:
        live.step(*step)
    interpreter = Interpreter("cme", "sandbox", CmeDecoder)
    replayed = [event for record in live.records for event in interpreter.take(record)]
    assert replayed == live.events


def test_a_quote_that_comes_late_heals_nothing() -> None:
    state = FeedState("cme", "sandbox")
    take(state, quote(NEAR))
    take(state, gap())
    late = Decoded(events=(quote(NEAR),), is_late=True)
    assert healed(state.take(late, 7, SENT_NS)) == []
    assert state.suspects == {NEAR}


def test_a_final_price_that_comes_late_corrects_nothing() -> None:
    state = FeedState("cme", "sandbox")
    older, newer = (
        msgspec.structs.replace(settlement(price, SettlementStage.FINAL), event_ns=event_ns)
        for price, event_ns in (("70.10", SENT_NS), ("70.20", SENT_NS + 1))
    )
    take(state, newer)
    assert take(state, older) == [older]
    assert take(state, newer) == [newer]


def test_a_price_of_an_earlier_day_makes_nobody_forget_the_last_one() -> None:
    state = FeedState("cme", "sandbox")
    take(state, settlement("70.10", SettlementStage.FINAL, day=20))
    take(state, settlement("69.00", SettlementStage.FINAL, day=19))
    [told] = take(state, settlement("70.20", SettlementStage.FINAL, day=20))
    assert isinstance(told, Settlement)
    assert told.stage is SettlementStage.CORRECTED
