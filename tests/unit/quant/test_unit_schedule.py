"""Check a day of ten units to the last published digit, and the rules a schedule must keep."""

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.kazarlis import CYCLING, LOADS_MW, RESERVE, UNITS
from quant.unit_schedule import Cycling, schedule_cost

FIRST_UNITS = (
    *({1, 2}, {1, 2}, {1, 2, 5}, {1, 2, 5}, {1, 2, 4, 5}),
    *({1, 2, 3, 4, 5},) * 3,
    *(set(range(1, 8)), set(range(1, 9)), set(range(1, 10)), set(range(1, 11))),
    *(set(range(1, 9)), set(range(1, 8))),
    *({1, 2, 3, 4, 5},) * 5,
    *(set(range(1, 9)), set(range(1, 8)), {1, 2, 5, 6, 7}, {1, 2, 6}, {1, 2}),
)


@pytest.fixture
def best_known() -> np.ndarray:
    """The best known day of Kazarlis et al. (1996), in the paper's numbers of units from 1."""
    return np.array([[unit in hour for unit in range(1, 11)] for hour in FIRST_UNITS])


def test_the_best_known_day_costs_what_is_published(best_known: np.ndarray) -> None:
    """563,937.7 in the literature; with quadratic dispatch 559,847.687 + 4,090."""
    cost = schedule_cost(best_known, UNITS, CYCLING, LOADS_MW, RESERVE)
    # half a unit of the third digit
    assert cost.fuel == pytest.approx(559_847.687, abs=5.1e-4)
    assert cost.start_up == 4090.0
    assert cost.total == pytest.approx(563_937.687, abs=5.1e-4)


def test_refuses_an_hour_without_its_reserve(best_known: np.ndarray) -> None:
    best_known[11, 9] = False
    with pytest.raises(InvalidInput, match="hour 12 needs 1650"):
        schedule_cost(best_known, UNITS, CYCLING, LOADS_MW, RESERVE)


def test_refuses_an_hour_with_too_much_running() -> None:
    with pytest.raises(InvalidInput, match="hour 1 cannot run down to 100"):
        schedule_cost(np.ones((1, 10), bool), UNITS, CYCLING, np.array([100.0]), RESERVE)


def test_refuses_a_unit_that_stops_too_early(best_known: np.ndarray) -> None:
    best_known[5:8, 3] = [True, False, True]
    best_known[6, 5:] = True
    with pytest.raises(InvalidInput, match="unit 3 changes in hour 7 after 2 h"):
        schedule_cost(best_known, UNITS, CYCLING, LOADS_MW, RESERVE)


def test_refuses_a_schedule_of_other_hours(best_known: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="schedule"):
        schedule_cost(best_known[:-1], UNITS, CYCLING, LOADS_MW, RESERVE)


@pytest.mark.parametrize(("off_h", "expected"), [(5, 10.0), (6, 25.0)])
def test_a_start_is_cold_after_the_minimum_and_the_cold_hours(off_h: int, expected: float) -> None:
    always = Cycling(minimum_h=1, hot_start=0.0, cold_start=0.0, cold_after_h=0, initial_h=9)
    peaker = Cycling(
        minimum_h=2, hot_start=10.0, cold_start=25.0, cold_after_h=3, initial_h=-off_h + 1
    )
    schedule = np.array([[True, False], [True, True]])
    loads = np.array([300.0, 300.0])
    cost = schedule_cost(schedule, UNITS[1:3], (always, peaker), loads, 0.0)
    assert cost.start_up == expected


def test_refuses_a_unit_neither_on_nor_off() -> None:
    with pytest.raises(InvalidInput, match="initial_h"):
        Cycling(minimum_h=1, hot_start=0.0, cold_start=0.0, cold_after_h=0, initial_h=0)
