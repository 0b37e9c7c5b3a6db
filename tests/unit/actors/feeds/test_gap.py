"""Check what a feed says of a gap whose last instruments trade no more."""

from datetime import UTC, datetime
from decimal import Decimal

from actors.feeds.actor import FeedActor
from actors.feeds.state import FeedState
from actors.freshness import DEFAULT_LIMITS, FreshnessTracker
from core.clock import ns_from_utc
from core.market import ContractMonth, Gap, GapReason, Instrument, Quote
from integrations.venue import Decoded

ENDING = Instrument("CL", ContractMonth(2026, 12))
LASTING = Instrument("CL", ContractMonth(2027, 1))
BEFORE_NS = ns_from_utc(datetime(2026, 11, 17, 15, 0, tzinfo=UTC))
AFTER_NS = ns_from_utc(datetime(2026, 11, 24, 15, 0, tzinfo=UTC))


def quote(instrument: Instrument, received_ns: int) -> Quote:
    return Quote(
        instrument=instrument,
        source="sandbox",
        session=1,
        sequence=1,
        frame_index=0,
        event_ns=received_ns,
        received_ns=received_ns,
        bid=Decimal(70),
        bid_size=1,
        ask=None,
        ask_size=None,
    )


def test_a_contract_that_has_expired_keeps_no_gap_open() -> None:
    feed = FeedActor.__new__(FeedActor)
    feed._state = FeedState("cme", "sandbox")
    feed._freshness = FreshnessTracker(DEFAULT_LIMITS, "cme", "sandbox")

    def hear(instrument: Instrument, now_ns: int) -> None:
        feed._state.take(Decoded(events=(quote(instrument, now_ns),)), 1, now_ns)
        feed._freshness.observe(instrument, now_ns)

    hear(ENDING, BEFORE_NS)
    hear(LASTING, BEFORE_NS)
    dropped = Gap(
        venue="cme",
        source="sandbox",
        session=1,
        expected_sequence=None,
        received_sequence=None,
        received_ns=AFTER_NS,
        reason=GapReason.DISCONNECTED,
    )
    feed._state.mark(dropped)
    feed._freshness.check(AFTER_NS)
    assert feed._gap() is GapReason.DISCONNECTED
    hear(LASTING, AFTER_NS)
    assert feed._state.suspects == {ENDING}
    assert feed._gap() is None
