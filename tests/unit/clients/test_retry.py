"""Check when a call is repeated and how long it waits."""

import pytest

from heliostat.errors import (
    AnswerLost,
    HeliostatError,
    InvalidInput,
    RateLimited,
    RequestInProgress,
    Unavailable,
    Unreachable,
)
from heliostat.retry import RetryPolicy, pause_before_retry

POLICY = RetryPolicy(attempts=4, base_s=0.5, cap_s=3.0, longest_wait_s=60.0)


def pause(
    failure: HeliostatError, attempt: int = 1, repeatable: bool = True, drawn: float = 1.0
) -> float | None:
    return pause_before_retry(
        POLICY, failure, attempt=attempt, limit=4, repeatable=repeatable, jitter=lambda: drawn
    )


def test_the_ceiling_doubles_up_to_the_cap_and_jitter_is_full() -> None:
    policy_pauses = [
        pause_before_retry(
            POLICY,
            Unreachable("x"),
            attempt=attempt,
            limit=99,
            repeatable=True,
            jitter=lambda: 1.0,
        )
        for attempt in (1, 2, 3, 4, 90)
    ]
    assert policy_pauses == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert pause(Unreachable("x"), drawn=0.0) == 0.0


def test_the_last_attempt_is_the_last() -> None:
    assert pause(Unreachable("x"), attempt=4) is None


def test_retry_after_is_a_floor_and_too_long_a_one_is_handed_on() -> None:
    assert pause(RateLimited("rate", 429, "x", retry_after_s=7.0)) == 7.0
    assert pause(RateLimited("rate", 429, "x", retry_after_s=61.0)) is None


@pytest.mark.parametrize(
    ("failure", "repeatable", "again"),
    [
        (Unreachable("x", sent=False), False, True),
        (Unreachable("x", sent=True), False, False),
        (Unreachable("x", sent=True), True, True),
        (RateLimited("rate", 429, "x"), False, True),
        (RequestInProgress("request-in-progress", 409, "x"), True, True),
        (RequestInProgress("request-in-progress", 409, "x"), False, False),
        (AnswerLost("answer-lost", 409, "x"), True, False),
        (Unavailable("busy", 503, "x"), False, False),
        (Unavailable("busy", 503, "x"), True, True),
        (InvalidInput("bad", 422, "x"), True, False),
    ],
)
def test_only_what_cannot_harm_is_repeated(
    failure: HeliostatError, repeatable: bool, again: bool
) -> None:
    assert (pause(failure, repeatable=repeatable) is not None) is again
