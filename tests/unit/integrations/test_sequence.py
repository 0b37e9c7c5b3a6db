from hypothesis import given
from hypothesis import strategies as st

from integrations.sequence import SequenceTracker


@given(st.integers(0, 10**12), st.lists(st.booleans(), max_size=60))
def test_every_lost_message_is_counted_once(first: int, kept: list[bool]) -> None:
    tracker = SequenceTracker()
    sent = [first + n for n, is_kept in enumerate([True, *kept]) if is_kept]
    steps = [tracker.observe(sequence) for sequence in sent]
    assert sum(step.missed for step in steps) == sent[-1] - first + 1 - len(sent)
    assert not any(step.is_repeated for step in steps)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_any_order_is_understood(received: list[int]) -> None:
    tracker = SequenceTracker()
    highest: int | None = None
    for sequence in received:
        step = tracker.observe(sequence)
        if highest is None:
            assert (step.expected, step.missed, step.is_repeated) == (None, 0, False)
        else:
            assert step.expected == highest + 1
            assert step.is_repeated == (sequence <= highest)
            assert step.missed == max(sequence - highest - 1, 0)
        highest = sequence if highest is None else max(highest, sequence)
