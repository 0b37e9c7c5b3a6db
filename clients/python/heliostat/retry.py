"""Own when to repeat a call and how long to wait before: pure decisions, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import SystemRandom

from heliostat.errors import (
    ApiError,
    HeliostatError,
    RateLimited,
    RequestInProgress,
    Unavailable,
    Unreachable,
)

Jitter = Callable[[], float]
"""Draw a number from 0 to 1."""

system_jitter: Jitter = SystemRandom().random


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Bound repeating.

    `attempts` counts the first try; `stream_attempts` counts reconnections of a stream without
    one event between them, and is large enough to outlive a restart of the stack. A Retry-After
    above `longest_wait_s` is handed to the caller instead of being waited for.
    """

    attempts: int = 4
    stream_attempts: int = 20
    base_s: float = 0.25
    cap_s: float = 8.0
    longest_wait_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Bound waiting, in seconds.

    `silence_s` is the longest pause inside a stream before it counts as lost: three of the
    API's 15-second heartbeats. `merge_s` is the same for an import, whose rows are merged by
    one silent statement.
    """

    connect_s: float = 5.0
    read_s: float = 30.0
    write_s: float = 30.0
    silence_s: float = 45.0
    merge_s: float = 600.0


def pause_before_retry(
    policy: RetryPolicy,
    failure: HeliostatError,
    *,
    attempt: int,
    limit: int,
    repeatable: bool,
    jitter: Jitter,
) -> float | None:
    """Return the seconds to wait before trying again, or None if `failure` is final.

    `attempt` is the number of tries so far, from 1. Full jitter: uniform from 0 to
    min(cap, base·2^(attempt−1)), and never less than the Retry-After of the answer.
    """
    if attempt >= limit or not _may_repeat(failure, repeatable):
        return None
    asked_s = failure.retry_after_s or 0.0 if isinstance(failure, ApiError) else 0.0
    if asked_s > policy.longest_wait_s:
        return None
    ceiling_s = min(policy.cap_s, policy.base_s * 2.0 ** min(attempt - 1, 32))
    return max(asked_s, jitter() * ceiling_s)


def _may_repeat(failure: HeliostatError, repeatable: bool) -> bool:
    if isinstance(failure, Unreachable):
        return repeatable or not failure.sent
    # A 429 was turned away before any work, so even a call without a key may come again.
    return isinstance(failure, RateLimited) or (
        repeatable and isinstance(failure, Unavailable | RequestInProgress)
    )
