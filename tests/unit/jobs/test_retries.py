"""Check what is tried again, how often, and after how long."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BackendUnavailable, InvalidInput, SourceUnavailable
from jobs.retries import Attempts, Failure, RetryPolicy, failure_of

POLICY = RetryPolicy(deaths=3, transient=5, base_s=0.2, cap_s=5.0)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (SourceUnavailable(source="store", reason="away"), Failure.TRANSIENT),
        (BackendUnavailable(backend="ibm:x", reason="queue"), Failure.TRANSIENT),
        (InvalidInput(field="shots", reason="few"), Failure.ERROR),
        (ZeroDivisionError(), Failure.ERROR),
        (MemoryError(), Failure.ERROR),
    ],
)
def test_only_named_errors_are_transient(error: Exception, failure: Failure) -> None:
    assert failure_of(error) is failure


@given(st.lists(st.sampled_from(list(Failure))), st.integers(0, 1000))
def test_each_kind_of_failure_has_its_own_bound(failures: list[Failure], seed: int) -> None:
    attempts, rng = Attempts(), random.Random(seed)
    seen = dict.fromkeys(Failure, 0)
    for failure in failures:
        seen[failure] += 1
        pause_s = attempts.after(failure, POLICY, rng)
        match failure:
            case Failure.ERROR:
                assert pause_s is None
            case Failure.DEATH:
                assert pause_s == (0.0 if seen[failure] <= POLICY.deaths else None)
            case Failure.TRANSIENT if seen[failure] > POLICY.transient:
                assert pause_s is None
            case Failure.TRANSIENT:
                assert pause_s is not None
                assert 0.0 <= pause_s <= min(POLICY.cap_s, POLICY.base_s * 2 ** seen[failure])
