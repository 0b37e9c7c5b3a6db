"""Own the decision when a call may be sent so that no quota is exceeded, over restarts too.

Pure: (state, quota, time) to a step. Calls are spent from blocks that were written to the store
beforehand, so the store never knows of fewer calls than were sent; what a dead process had left
of its block is lost. Calls are evenly spaced, so that no 60 s, whatever their beginning, hold more
than the quota of a minute. Days are those of UTC.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from core.clock import NANOSECONDS_PER_SECOND

SECONDS_PER_DAY = 86_400
DAY_NS = SECONDS_PER_DAY * NANOSECONDS_PER_SECOND
MINUTE_NS = 60 * NANOSECONDS_PER_SECOND
_REFUSALS_OF_A_DAY = 3


class Plan(StrEnum):
    """Name what is subscribed to: One Call 3.0, or the free 2.5 calls."""

    ONE_CALL = "one_call"
    FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Bound the calls of one plan; `block` of them are written down at a time."""

    per_minute: int
    per_day: int
    block: int = 30

    @property
    def spacing_ns(self) -> int:
        return -(-MINUTE_NS // self.per_minute)


# 60 a minute are free; a few less, since calls that left evenly may arrive closer together.
_PER_MINUTE = 55
ONE_CALL_QUOTA = Quota(per_minute=_PER_MINUTE, per_day=1000)
FREE_QUOTA = Quota(per_minute=_PER_MINUTE, per_day=1_000_000 // 31)
"""Spread the 1,000,000 calls of a month over its days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Hold where the calls of one plan stand.

    `counted` is what the store holds of the day, None if it was not asked yet; `left` of these
    are not sent. `refusals` counts answers that the quota is used up, without another between.
    """

    day: int
    counted: int | None
    left: int
    not_before_ns: int
    refusals: int = 0

    @property
    def sent(self) -> int:
        """Return how many calls of the day may have been sent."""
        return (self.counted or 0) - self.left


@dataclass(frozen=True, slots=True)
class Send:
    """Send one call now and go on from `pace`."""

    pace: Pace


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again at `until_ns`."""

    until_ns: int
    pace: Pace


@dataclass(frozen=True, slots=True)
class Reserve:
    """Write `calls` more of `day` to the store, then go on from `reserved`."""

    day: int
    calls: int
    pace: Pace


Step = Send | Wait | Reserve


def day_of(now_ns: int) -> int:
    """Return the number of the UTC day since 1970-01-01."""
    return now_ns // DAY_NS


def started(now_ns: int, quota: Quota) -> Pace:
    """Begin after a start, as if the process before had sent its last call just now."""
    return Pace(day=day_of(now_ns), counted=None, left=0, not_before_ns=now_ns + quota.spacing_ns)


def next_step(pace: Pace, quota: Quota, now_ns: int) -> Step:
    """Decide what comes before the next call, or that it may be sent."""
    if day_of(now_ns) > pace.day:
        pace = replace(pace, day=day_of(now_ns), counted=None, left=0, refusals=0)
    if now_ns < pace.not_before_ns:
        return Wait(pace.not_before_ns, pace)
    if pace.left > 0:
        sent = replace(pace, left=pace.left - 1, not_before_ns=now_ns + quota.spacing_ns)
        return Send(sent)
    room = quota.per_day - (pace.counted or 0)
    if room <= 0:
        return Wait((pace.day + 1) * DAY_NS, pace)
    return Reserve(pace.day, min(quota.block, room), pace)


def reserved(pace: Pace, day: int, counted: int, granted: int) -> Pace:
    """Go on after the store counted `granted` calls more of a day and holds `counted` of it."""
    if day != pace.day:
        return pace
    return replace(pace, counted=counted, left=granted)


def refused(pace: Pace, now_ns: int) -> Pace:
    """Stay away until the next minute; after three refusals in a row, until the next day."""
    refusals = pace.refusals + 1
    span_ns = DAY_NS if refusals >= _REFUSALS_OF_A_DAY else MINUTE_NS
    until_ns = (now_ns // span_ns + 1) * span_ns
    return replace(pace, refusals=refusals, not_before_ns=max(pace.not_before_ns, until_ns))


def answered(pace: Pace) -> Pace:
    """Go on after an answer that was no refusal."""
    return replace(pace, refusals=0)


def may_repeat(pace: Pace, quota: Quota, planned_per_day: float, now_ns: int) -> bool:
    """Tell whether a failed call may be repeated without taking from those still planned today."""
    rest_of_day = 1.0 - (now_ns % DAY_NS) / DAY_NS
    return pace.sent + planned_per_day * rest_of_day < quota.per_day


def interval_s(stations: int, asked_s: float, quota: Quota) -> float:
    """Return how often all stations can be asked: every `asked_s`, or as the day's quota bears."""
    return max(asked_s, SECONDS_PER_DAY * stations / quota.per_day)
