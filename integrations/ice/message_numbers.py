"""Own which message numbers of a session have arrived, which are missing, and which are lost."""

from typing import NamedTuple

import msgspec

_MAX_HOLES = 256


class Arrived(NamedTuple):
    """Tell what one number says: how many are missing before it; it came late, or once more."""

    missed: int = 0
    is_late: bool = False
    is_repeated: bool = False


_NEXT, _LATE, _REPEATED = Arrived(), Arrived(is_late=True), Arrived(is_repeated=True)


class MessageNumbers(msgspec.Struct):
    """Follow the numbers of one session, which begin at 1.

    `holes` holds half-open ranges of numbers that may still be resent, in order. Numbers below
    `lost_before` were lost for good at some point, and will not come.
    """

    expected: int = 1
    holes: list[tuple[int, int]] = []
    lost_before: int = 0

    def observe(self, number: int) -> Arrived:
        """Take in the number of a message that can be read."""
        if number == self.expected:
            self.expected = number + 1
            return _NEXT
        if number > self.expected:
            missed = number - self.expected
            self._open(self.expected, number)
            self.expected = number + 1
            return Arrived(missed=missed)
        return _LATE if self._close(number, number + 1) else _REPEATED

    def give_up(self, first: int, end: int) -> None:
        """Take in that the numbers from `first` to below `end` will not be resent."""
        if self._close(first, end):
            self.lost_before = max(self.lost_before, end)
        self.expected = max(self.expected, end)

    def is_missing(self, number: int) -> bool:
        """Tell whether the number belongs to a message that may still be resent."""
        return any(first <= number < end for first, end in self.holes)

    def _open(self, first: int, end: int) -> None:
        self.holes.append((first, end))
        if len(self.holes) > _MAX_HOLES:
            self.lost_before = max(self.lost_before, self.holes.pop(0)[1])

    def _close(self, first: int, end: int) -> bool:
        """Take a range out of the holes; tell whether any of it was in one."""
        left: list[tuple[int, int]] = []
        for low, high in self.holes:
            left += [
                part
                for part in ((low, min(high, first)), (max(low, end), high))
                if part[0] < part[1]
            ]
        was_missing = left != self.holes
        self.holes = left
        return was_missing
