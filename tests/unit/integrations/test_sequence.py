from hypothesis import given
from hypothesis import strategies as st

from integrations.sequence import Order, SequenceTracker


@given(st.integers(0, 10**12), st.lists(st.booleans(), max_size=60))
def test_holes_are_seen_where_numbers_were_left_out(first: int, kept: list[bool]) -> None:
    tracker = SequenceTracker()
    flags = [True, *kept]
    for offset, is_kept in enumerate(flags):
        if is_kept:
            expected = Order.NEXT if offset == 0 or flags[offset - 1] else Order.GAP
            assert tracker.observe(first + offset) is expected


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_any_order_is_understood(received: list[int]) -> None:
    tracker, seen = SequenceTracker(), set[int]()
    for sequence in received:
        order = tracker.observe(sequence)
        if not seen:
            assert order is Order.NEXT
        elif sequence > max(seen):
            assert order is (Order.NEXT if sequence == max(seen) + 1 else Order.GAP)
        else:
            is_hole = sequence > received[0] and sequence not in seen
            assert order is (Order.LATE if is_hole else Order.REPEATED)
        seen.add(sequence)
        assert tracker.expected == max(seen) + 1


def test_a_vast_hole_costs_no_memory_and_many_holes_are_bounded() -> None:
    tracker = SequenceTracker(max_holes=10)
    tracker.observe(0)
    tracker.observe(10**12)
    assert tracker.observe(5 * 10**11) is Order.LATE
    assert tracker.observe(5 * 10**11) is Order.REPEATED
    for n in range(1, 100):
        assert tracker.observe(10**12 + 2 * n) is Order.GAP
    assert tracker.observe(10**12 + 197) is Order.LATE
    assert tracker.observe(1) is Order.REPEATED
    assert len(tracker.checkpoint()) < 300


def test_late_messages_do_not_multiply_holes() -> None:
    tracker = SequenceTracker(max_holes=10)
    tracker.observe(0)
    tracker.observe(10**6)
    for n in range(2, 2_000, 2):
        assert tracker.observe(n) is Order.LATE
        assert len(tracker.checkpoint()) < 200
