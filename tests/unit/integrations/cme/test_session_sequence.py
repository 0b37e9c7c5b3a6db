"""Hold what the decoder says of a session's sequence: every hole once, nothing twice."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.market import Gap, GapReason, Instrument, Settlement, SettlementStage, Trade
from integrations.cme.codec import CmeDecoder
from integrations.cme.sandbox.messages import encode_heartbeat, encode_settlements, encode_trades
from integrations.venue import Decoded

SESSION, SOURCE, NOW_NS = 9, "sandbox", 1_795_193_272_155_000_000


def trade_frame(sequence: int) -> bytes:
    trade = Trade(
        instrument=Instrument.parse("CL-202612"),
        source=SOURCE,
        entry_id=str(sequence),
        event_ns=NOW_NS,
        received_ns=NOW_NS,
        price=Decimal("71.42"),
        size=1,
        aggressor=None,
    )
    return encode_trades(sequence, NOW_NS, [trade])


def decoded(sequences: list[int]) -> list[Decoded]:
    decoder = CmeDecoder(SESSION, SOURCE)
    return [decoder.decode(trade_frame(sequence), NOW_NS) for sequence in sequences]


def trades(results: list[Decoded]) -> list[str]:
    return [
        event.entry_id for result in results for event in result.events if isinstance(event, Trade)
    ]


def test_a_hole_is_told_ahead_of_the_events() -> None:
    first, after = decoded([5, 8])
    assert (first.missed, len(first.events)) == (0, 1)
    gap, trade = after.events
    assert gap == Gap(
        venue="cme",
        source=SOURCE,
        session=SESSION,
        expected_sequence=6,
        received_sequence=8,
        received_ns=NOW_NS,
        reason=GapReason.SEQUENCE,
        instruments=(),
    )
    assert isinstance(trade, Trade)
    assert after.missed == 2


def test_repeated_numbers_say_nothing_again() -> None:
    results = decoded([5, 6, 5, 6, 7])
    assert trades(results) == ["5", "6", "7"]
    assert [result.is_repeated for result in results] == [False, False, True, True, False]
    assert results[2].sequence == 5


def test_a_late_number_is_passed_on_once() -> None:
    results = decoded([5, 9, 7, 7, 6, 8, 10])
    assert trades(results) == ["5", "9", "7", "6", "8", "10"]
    assert [result.is_late for result in results] == [False, False, True, False, True, True, False]
    assert [result.is_repeated for result in results].index(True) == 3
    assert sum(result.missed for result in results) == 3


def test_a_frame_that_cannot_be_read_is_missing() -> None:
    decoder = CmeDecoder(SESSION, SOURCE)
    decoder.decode(trade_frame(0), NOW_NS)
    assert decoder.decode(trade_frame(1)[:-9], NOW_NS).bad == "truncated"
    after = decoder.decode(encode_heartbeat(2, NOW_NS), NOW_NS)
    assert after.missed == 1
    (gap,) = after.events
    assert isinstance(gap, Gap)
    # Bytes that were never numbered leave no hole.
    assert decoder.decode(b"garbage", NOW_NS).bad == "json"
    assert decoder.decode(encode_heartbeat(3, NOW_NS), NOW_NS).missed == 0


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_every_number_is_passed_on_at_most_once(sequences: list[int]) -> None:
    results = decoded(sequences)
    highest, seen, missing = sequences[0], {sequences[0]}, 0
    for sequence, result in zip(sequences[1:], results[1:], strict=True):
        is_old = sequence <= highest
        was_missed = is_old and sequence > sequences[0] and sequence not in seen
        assert result.missed == max(sequence - highest - 1, 0)
        assert result.is_late == was_missed
        assert result.is_repeated == (is_old and not was_missed)
        missing += result.missed - result.is_late
        seen.add(sequence)
        highest = max(highest, sequence)
    passed = trades(results)
    assert len(passed) == len(set(passed))
    assert missing == highest - sequences[0] + 1 - len({n for n in seen if n >= sequences[0]})


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(0, 40))
def test_a_checkpoint_continues_exactly(sequences: list[int], split: int) -> None:
    whole = decoded(sequences)
    before, after = CmeDecoder(SESSION, SOURCE), CmeDecoder(SESSION, SOURCE)
    head = [before.decode(trade_frame(n), NOW_NS) for n in sequences[:split]]
    after.restore(before.checkpoint())
    assert before.checkpoint() == after.checkpoint()
    tail = [after.decode(trade_frame(n), NOW_NS) for n in sequences[split:]]
    assert head + tail == whole


def test_settlements_are_told_apart_by_their_flag() -> None:
    # A correction has none: it is a second final price, which the feed recognises.
    row = Settlement(
        instrument=Instrument.parse("NG-202701"),
        source=SOURCE,
        trade_date=date(2026, 11, 20),
        price=Decimal("4.181"),
        stage=SettlementStage.CORRECTED,
        event_ns=NOW_NS,
        received_ns=NOW_NS,
    )
    decoder = CmeDecoder(SESSION, SOURCE)
    (event,) = decoder.decode(encode_settlements(0, NOW_NS, [row]), NOW_NS).events
    assert isinstance(event, Settlement)
    assert event.stage is SettlementStage.FINAL
