"""Own the check that a session's messages arrive one by one, each once."""

from enum import Enum

import msgspec


class Order(Enum):
    """Tell how a message stands in its session: in order, after a hole, too late, or again."""

    NEXT = "next"
    GAP = "gap"
    LATE = "late"
    REPEATED = "repeated"


class _State(msgspec.Struct, frozen=True):
    expected: int | None
    holes: list[tuple[int, int]]


_STATES = msgspec.msgpack.Decoder(_State)


class SequenceTracker:
    """Remember what one session has sent: the next number, and the holes before it.

    The first number is taken as it comes. Of holes, the latest `max_holes` are remembered; a
    message of an older one counts as repeated.
    """

    def __init__(self, max_holes: int = 1024) -> None:
        self.expected: int | None = None
        self._max_holes = max_holes
        self._holes: list[tuple[int, int]] = []

    def observe(self, received: int) -> Order:
        """Take in the next sequence number and tell what it says."""
        expected = self.expected
        if expected is None or received == expected:
            self.expected = received + 1
            return Order.NEXT
        if received > expected:
            self._holes.append((expected, received - 1))
            del self._holes[: -self._max_holes]
            self.expected = received + 1
            return Order.GAP
        return self._observe_old(received)

    def _observe_old(self, received: int) -> Order:
        for index, (first, last) in enumerate(self._holes):
            if first <= received <= last:
                rest = [(first, received - 1), (received + 1, last)]
                self._holes[index : index + 1] = [hole for hole in rest if hole[0] <= hole[1]]
                del self._holes[: -self._max_holes]
                return Order.LATE
        return Order.REPEATED

    def checkpoint(self) -> bytes:
        """Return the state, for `restore` of another tracker."""
        return msgspec.msgpack.encode(_State(self.expected, self._holes))

    def restore(self, state: bytes) -> None:
        """Take over the state that `checkpoint` of another tracker returned."""
        restored = _STATES.decode(state)
        self.expected, self._holes = restored.expected, list(restored.holes)
