"""Own the decision when the next job may be sent to the vendor: so many in any minute.

Pure: (pace, time) to a wait. The times of what was sent before a restart come from storage.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.clock import NANOSECONDS_PER_SECOND

MINUTE_NS = 60 * NANOSECONDS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Hold when the latest jobs were sent, in order; at most `per_minute` in any minute."""

    per_minute: int
    sent_ns: tuple[int, ...] = ()


def paced(per_minute: int, sent_ns: Iterable[int]) -> Pace:
    """Go on from what was sent before."""
    return Pace(per_minute=per_minute, sent_ns=tuple(sorted(sent_ns)[-per_minute:]))


def wait_ns(pace: Pace, now_ns: int) -> int:
    """Return how long to wait before the next job may be sent."""
    if len(pace.sent_ns) < pace.per_minute:
        return 0
    return max(0, pace.sent_ns[-pace.per_minute] + MINUTE_NS - now_ns)


def sent(pace: Pace, now_ns: int) -> Pace:
    """Take note of a job that is sent now; a clock that went back counts as standing still."""
    latest_ns = max((now_ns, *pace.sent_ns[-1:]))
    return replace(pace, sent_ns=(*pace.sent_ns, latest_ns)[-pace.per_minute :])
