import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from quant.forecast.residuals import Residuals, StandardisedChanges, weights_by_age

LEVELS = np.array([0.01, 0.05, 0.95, 0.99])
EVEN = 1e12
ONES = np.ones((4, 1))


def spread(
    residuals: np.ndarray, multipliers: np.ndarray = ONES, half_life: float = EVEN
) -> StandardisedChanges:
    state = Residuals.begin(residuals, 1_000, half_life)
    return state.standardised(LEVELS, multipliers)


def test_weights_halve_every_half_life() -> None:
    weights = weights_by_age(501, 250.0)
    assert weights[0] == 1.0
    np.testing.assert_allclose(weights[[250, 500]], [0.5, 0.25])


def test_equal_weights_give_ranks_over_one_more_than_all() -> None:
    found = spread(np.array([[3.0, -1.0, 1.0]]))
    np.testing.assert_allclose(found.in_order, [[-2.0, 0.0, 2.0]], atol=1e-9)
    np.testing.assert_allclose(found.probabilities, [[0.25, 0.5, 0.75]])
    np.testing.assert_allclose(found.by_day(), [[2.0, -2.0, 0.0]], atol=1e-9)


def test_quantiles_cover_as_often_as_they_say() -> None:
    # exchangeable days: P(next < q(p)) = p for any distribution, if p(n + 1) is whole; the mean
    # of a hundred days that is taken away makes no difference that 40,000 trials could show
    draws = np.random.default_rng(2).standard_t(3, size=(40_000, 100))
    past = draws[:, :99]
    found = spread(past, np.ones((4, 40_000))).quantiles(np.array([0.05]))[0]
    assert np.mean(draws[:, 99] - past.mean(axis=1) < found) == pytest.approx(0.05, abs=0.0035)


def test_heavier_weights_pull_quantiles_to_recent_days() -> None:
    residuals = np.concatenate([np.full(500, 1.0), np.full(100, -1.0)])[None]
    early, late = (
        spread(residuals, half_life=half_life).quantiles(np.array([0.5]))[0, 0]
        for half_life in (EVEN, 50.0)
    )
    assert early > 0.0 > late


@given(
    st.lists(st.floats(-6.0, 6.0), min_size=30, max_size=80),
    st.integers(1, 30),
    st.integers(30, 60),
)
def test_one_day_at_a_time_is_as_all_at_once(values: list[float], first: int, window: int) -> None:
    # values that are equal may stand in either order, so that none are
    residuals = np.array(values) + 1e-3 * np.sqrt(np.arange(len(values)))
    state = Residuals.begin(residuals[None, :first], window, 25.0)
    for value in residuals[first:]:
        state = state.update(np.array([value]))
    last = Residuals.begin(residuals[None, -min(window, len(values)) :], window, 25.0)
    np.testing.assert_array_equal(state.values, last.values)
    assert state.days == last.days
    np.testing.assert_allclose(
        state.standardised(LEVELS, ONES).by_day(), last.standardised(LEVELS, ONES).by_day()
    )


@given(
    st.lists(st.floats(-6.0, 6.0), min_size=2, max_size=60),
    st.lists(st.floats(0.4, 2.7), min_size=4, max_size=4),
)
def test_multiplied_changes_still_rise(values: list[float], multipliers: list[float]) -> None:
    found = spread(np.array(values)[None], np.array(multipliers)[:, None])
    assert (np.diff(found.in_order) >= 0.0).all()
    assert (np.diff(found.probabilities) > 0.0).all()


def test_multipliers_hold_at_their_levels_and_leave_the_median() -> None:
    residuals = np.linspace(-3.0, 3.0, 999)[None]
    multipliers = np.array([[1.2], [1.1], [0.9], [1.3]])
    before = spread(residuals).quantiles(LEVELS)
    found = spread(residuals, multipliers)
    np.testing.assert_allclose(found.quantiles(LEVELS), before * multipliers, rtol=1e-9)
    np.testing.assert_allclose(found.quantiles(np.array([0.5])), 0.0, atol=1e-9)


def test_a_window_shorter_than_the_first_days_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Residuals.begin(np.ones((1, 30)), 20, 10.0)
