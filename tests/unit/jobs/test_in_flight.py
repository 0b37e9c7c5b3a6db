"""Check how much is handed out ahead, from how long pieces take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.in_flight import MAX_PIECES_PER_TASK, MAX_TASKS_PER_CORE, TASK_S, InFlight

SECONDS = st.floats(0.0, 1000.0)


def after(cores: int, *elapsed_s: float) -> InFlight:
    flight = InFlight(cores=cores)
    for seconds in elapsed_s:
        flight.observe(seconds)
    return flight


def test_nothing_known_keeps_one_at_hand_for_each_core() -> None:
    assert after(4).tasks == 8
    assert after(4).pieces_per_task(1000) == 1


def test_long_pieces_go_alone_and_two_deep() -> None:
    flight = after(2, 3.0, 4.0)
    assert flight.tasks == 4
    assert flight.pieces_per_task(1000) == 1


def test_short_pieces_share_a_task_of_thirty_milliseconds() -> None:
    flight = after(2, 0.001, 0.001)
    assert flight.pieces_per_task(1000) == 30
    assert flight.tasks > 4


def test_the_last_pieces_are_spread_over_the_cores() -> None:
    assert after(2, 0.0001).pieces_per_task(8) == 2


def test_one_long_piece_of_late_ends_sharing() -> None:
    flight = after(2, *[0.001] * 50, 0.5)
    assert flight.pieces_per_task(1000) == 1
    for _ in range(40):
        flight.observe(0.001)
    assert flight.pieces_per_task(1000) > 10


@given(st.integers(1, 512), st.lists(SECONDS, max_size=30), st.integers(1, 10**6))
def test_bounds_hold_for_any_history(cores: int, elapsed_s: list[float], left: int) -> None:
    flight = after(cores, *elapsed_s)
    pieces = flight.pieces_per_task(left)
    assert 2 * cores <= flight.tasks <= MAX_TASKS_PER_CORE * cores
    assert 1 <= pieces <= min(left, MAX_PIECES_PER_TASK)
    if pieces > 1:
        assert pieces * elapsed_s[-1] <= TASK_S * 1.001


def test_the_mean_follows_what_changes() -> None:
    flight = after(1, *[0.01] * 20, *[2.0] * 40)
    assert flight.mean_s == pytest.approx(2.0, rel=0.01)
