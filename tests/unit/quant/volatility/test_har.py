import numpy as np
import pytest
from arch.univariate import HARX
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HistoryTooShort, InvalidInput
from quant.volatility.har import HarParameters, HarState, fit_har, har_forecasts


def measures(days: int, seed: int = 2) -> np.ndarray:
    generator = np.random.default_rng(seed)
    level = np.exp(0.4 * np.sin(np.arange(days) / 40.0))
    return level * np.abs(generator.standard_normal(days))


def test_the_fit_is_that_of_arch() -> None:
    values = measures(900)
    ours = fit_har(values)
    theirs = HARX(values, lags=[1, 5, 22]).fit(cov_type="classic")
    np.testing.assert_allclose(ours.coefficients, theirs.params[:4], rtol=1e-8, atol=1e-10)
    # arch divides the residual sum of squares by the days, least squares by what is left of them
    scale = np.sqrt(878 / 874)
    np.testing.assert_allclose(ours.standard_errors, theirs.std_err[:4] * scale, rtol=1e-6)


def test_all_at_once_and_one_day_at_a_time_agree() -> None:
    values = measures(300)
    parameters = fit_har(values)
    state = HarState(parameters=(parameters,), measures=values[:22, None])
    found = [state.forecasts(1)[0, 0]]
    for value in values[22:]:
        state = state.update(np.array([value]))
        found.append(state.forecasts(1)[0, 0])
    np.testing.assert_allclose(found, har_forecasts(parameters, values), rtol=1e-12)


@given(st.integers(1, 60))
def test_days_ahead_iterate_the_regression(horizon: int) -> None:
    parameters = HarParameters(constant=0.1, day=0.2, week=0.3, month=0.3)
    past = list(measures(22))
    state = HarState(parameters=(parameters,), measures=np.array(past)[:, None])
    for _ in range(horizon):
        day, week, month = (sum(past[-lag:]) / lag for lag in (1, 5, 22))
        past.append(0.1 + 0.2 * day + 0.3 * week + 0.3 * month)
    np.testing.assert_allclose(state.forecasts(horizon)[:, 0], past[22:], rtol=1e-12)


def test_the_far_future_is_the_mean_of_the_process() -> None:
    parameters = HarParameters(constant=0.1, day=0.2, week=0.3, month=0.3)
    state = HarState(parameters=(parameters,), measures=np.full((22, 1), 5.0))
    assert state.forecasts(2_000)[-1, 0] == pytest.approx(0.1 / 0.2)


def test_a_volatility_never_vanishes() -> None:
    parameters = HarParameters(constant=-5.0, day=0.0, week=0.0, month=0.5)
    state = HarState(parameters=(parameters,), measures=np.ones((22, 1)))
    assert state.forecasts(1)[0, 0] == pytest.approx(0.1)


def test_bad_histories_are_refused() -> None:
    parameters = HarParameters(constant=0.1, day=0.2, week=0.3, month=0.3)
    with pytest.raises(HistoryTooShort):
        fit_har(measures(99))
    with pytest.raises(InvalidInput):
        HarState(parameters=(parameters,), measures=np.ones((21, 1)))
    with pytest.raises(InvalidInput):
        HarState(parameters=(parameters,), measures=-np.ones((22, 1)))
