"""Own the clock port: everything that needs the time takes one of these."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

NANOSECONDS_PER_SECOND = 1_000_000_000
NANOSECONDS_PER_MILLISECOND = 1_000_000


class Clock(Protocol):
    """Tell the time in integer nanoseconds since the Unix epoch, UTC."""

    def now_ns(self) -> int: ...


class SystemClock:
    """Tell the wall-clock time of this machine."""

    def now_ns(self) -> int:
        return time.time_ns()


class ShiftedClock:
    """Tell the time of another clock plus a fixed offset, as a sandbox exchange does."""

    def __init__(self, offset_ns: int, base_now_ns: Callable[[], int] = time.time_ns) -> None:
        self.offset_ns = offset_ns
        self._base_now_ns = base_now_ns

    def now_ns(self) -> int:
        return self._base_now_ns() + self.offset_ns


def utc_from_ns(time_ns: int) -> datetime:
    """Convert integer nanoseconds to an aware UTC datetime, dropping what is below 1 µs."""
    seconds, remainder_ns = divmod(time_ns, NANOSECONDS_PER_SECOND)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=remainder_ns // 1000)


def ns_from_utc(moment: datetime) -> int:
    """Convert an aware datetime to integer nanoseconds.

    Raises:
        ValueError: the datetime has no time zone.
    """
    if moment.tzinfo is None:
        message = f"Expected an aware datetime, was {moment!r}"
        raise ValueError(message)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * NANOSECONDS_PER_SECOND + moment.microsecond * 1000


def as_utc(moment: datetime | None) -> datetime | None:
    """Return a moment with its zone, UTC where it has none."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
