import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, ModelNotApplicable
from quant.volatility.ewma import EwmaState, decay_of, ewma_variances

GENERATOR_SEED = 3


def changes(days: int, series: int) -> np.ndarray:
    return np.random.default_rng(GENERATOR_SEED).standard_t(5, size=(days, series))


def test_the_decay_of_riskmetrics_has_a_half_life_of_eleven_days() -> None:
    # RiskMetrics (1996), table 5.7 and section 5.3: λ = 0.94 for daily data
    assert decay_of(11.2) == pytest.approx(0.94, abs=2e-4)
    assert decay_of(20.0) ** 20 == pytest.approx(0.5)


def test_the_variance_is_the_weighted_sum_that_the_recursion_stands_for() -> None:
    past = changes(300, 2)
    initial = np.array([0.7, 2.0])
    decay = 0.5 ** (1 / 15)
    weights = (1 - decay) * decay ** np.arange(299, -1, -1)
    expected = weights @ past**2 + decay**300 * initial
    np.testing.assert_allclose(ewma_variances(past, 15.0, initial)[-1], expected, rtol=1e-12)


@given(st.floats(1.0, 200.0), st.integers(1, 60))
def test_one_day_at_a_time_gives_the_numbers_of_all_at_once(half_life: float, days: int) -> None:
    past = changes(days, 3) * [0.01, 1.0, 50.0]
    initial = np.array([1e-4, 1.0, 2500.0])
    state = EwmaState(half_life=half_life, variances=initial)
    rows = [initial]
    for row in past:
        state = state.update(row)
        rows.append(state.variances)
    np.testing.assert_allclose(rows, ewma_variances(past, half_life, initial), rtol=1e-12)


def test_every_day_ahead_has_the_same_variance() -> None:
    state = EwmaState(half_life=20.0, variances=np.array([4.0, 9.0]))
    np.testing.assert_array_equal(state.forecasts(3), [[4.0, 9.0]] * 3)


def test_negative_prices_are_no_hindrance() -> None:
    # CL at its expiry in April 2020: 18.27, -37.63, 10.01
    moves = np.diff([18.27, -37.63, 10.01])[:, None]
    variance = ewma_variances(moves, 11.2, np.array([4.0]))[-1, 0]
    assert np.sqrt(variance) > 10.0


@pytest.mark.parametrize("half_life", [0.0, -1.0, np.nan])
def test_half_lives_must_be_above_zero(half_life: float) -> None:
    with pytest.raises(InvalidInput, match="half_life"):
        EwmaState(half_life=half_life, variances=np.ones(1))


def test_changes_that_are_not_numbers_are_refused() -> None:
    state = EwmaState(half_life=5.0, variances=np.ones(2))
    with pytest.raises(InvalidInput):
        state.update(np.array([1.0, np.nan]))
    with pytest.raises(InvalidInput):
        state.update(np.ones(3))
    with pytest.raises(InvalidInput):
        EwmaState(half_life=5.0, variances=np.array([-1.0]))


def test_prices_that_never_moved_have_no_volatility() -> None:
    with pytest.raises(ModelNotApplicable, match="never moved"):
        ewma_variances(np.zeros((30, 1)), 5.0, np.ones(1))


@pytest.mark.parametrize("size", [1e200, -1e200, np.inf, np.nan])
def test_changes_whose_squares_are_no_floats_are_refused(size: float) -> None:
    with pytest.raises(InvalidInput, match="finite"):
        ewma_variances(np.array([[1.0], [size]]), 11.0, np.ones(1))
    with pytest.raises(InvalidInput, match="finite"):
        EwmaState(half_life=11.0, variances=np.ones(1)).update(np.array([size]))
