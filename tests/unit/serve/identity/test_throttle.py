"""Check what failing costs, and that nobody fails often enough to guess."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.identity.throttle import (
    ADDRESS,
    PAIR,
    STRANGERS,
    Limit,
    after_failure,
    attempt_of,
    network_of,
    remembered,
    wait_s,
)
from storage.identity.throttles import Failures

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = Failures(count=0, last_failed_at=None, blocked_until=None)
ALLOWED_BY_NIST = 100
"""Be how many failures in a row SP 800-63B-4 allows an account."""


def failed(limit: Limit, times: int, *, pause: timedelta = timedelta()) -> list[float]:
    """Fail as soon as each try is taken and return what each cost, in seconds."""
    state, now, costs = NOTHING, NOW, []
    for _ in range(times):
        state = after_failure(limit, state, now)
        cost = wait_s([state], now)
        costs.append(cost)
        now += timedelta(seconds=cost) + pause
    return costs


def test_a_person_may_mistype_a_few_times() -> None:
    assert failed(PAIR, 10) == [0, 0, 0, 0, 30, 60, 120, 240, 480, 960]


def test_from_some_number_on_each_failure_costs_a_day() -> None:
    assert failed(PAIR, 26)[23:] == [3_600, 86_400, 86_400]
    assert failed(STRANGERS, 52)[48:] == [0, 86_400, 86_400, 86_400]


def test_an_office_is_slowed_and_forgiven_after_an_hour() -> None:
    costs = failed(ADDRESS, 40)
    assert costs[29:] == [0, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]
    state = Failures(count=40, last_failed_at=NOW, blocked_until=NOW + timedelta(minutes=15))
    assert remembered(ADDRESS, state, NOW + timedelta(minutes=59)) == state
    assert remembered(ADDRESS, state, NOW + timedelta(hours=1)) == NOTHING
    assert remembered(PAIR, state, NOW + timedelta(days=300)) == state


@given(pauses=st.lists(st.integers(0, 100_000), min_size=1, max_size=400))
def test_however_they_pause_two_crowds_stay_below_what_nist_allows(pauses: list[int]) -> None:
    """Known addresses and all strangers together fail at most 75 times, then once a day each."""
    for limit in (PAIR, STRANGERS):
        state, now, freely = NOTHING, NOW, 0
        for pause in pauses:
            if wait_s([state], now) == 0:
                state = after_failure(limit, state, now)
                freely += wait_s([state], now) < 86_400
            now += timedelta(seconds=pause)
        assert limit.hard is not None
        assert freely < limit.hard


def test_the_two_crowds_together_stay_below_what_nist_allows(
    tell: Callable[[str], None],
) -> None:
    most = sum(limit.hard or 0 for limit in (PAIR, STRANGERS))
    tell(f"promise 33: at most {most} failures an account before each costs a day (limit 100)")
    assert most <= ALLOWED_BY_NIST


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_one_line_is_one_visitor(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_table_of_throttles_is_no_list_of_people() -> None:
    attempt = attempt_of("password", "ada@example.com", "192.0.2.1")
    subjects = (attempt.pair, attempt.strangers, attempt.address)
    assert len(set(subjects)) == 3
    assert not any("ada" in one or "192" in one for one in subjects)
    assert attempt_of("second", "ada@example.com", "192.0.2.1").pair != attempt.pair
    assert attempt_of("second", "ada@example.com", "192.0.2.1").address == attempt.address
