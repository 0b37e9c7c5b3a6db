"""Own the check that a session's messages arrive one by one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceStep:
    """Tell what one sequence number says: how many messages are missing, or that it is repeated.

    `expected` is None for the first message of a session.
    """

    expected: int | None
    received: int
    missed: int
    is_repeated: bool


def observe(last: int | None, received: int) -> SequenceStep:
    """Compare a sequence number with the highest one seen before; None begins a session.

    The first number is taken as it comes. Going back is a repetition, never a gap.
    """
    expected = None if last is None else last + 1
    return SequenceStep(
        expected=expected,
        received=received,
        missed=0 if expected is None else max(received - expected, 0),
        is_repeated=last is not None and received <= last,
    )


class SequenceTracker:
    """Remember the highest sequence number of one session."""

    def __init__(self) -> None:
        self._last: int | None = None

    def observe(self, received: int) -> SequenceStep:
        """Take in the next sequence number and tell what it says."""
        step = observe(self._last, received)
        if not step.is_repeated:
            self._last = received
        return step
