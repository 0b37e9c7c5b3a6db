from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from core.errors import InvalidInput
from quant.schwartz_smith.filtering import FilterState
from quant.schwartz_smith.forecasting import forecast, futures_curve, state_ahead
from quant.schwartz_smith.panel import STEP_YEARS
from quant.schwartz_smith.parameters import OIL, SchwartzSmithModel

MODEL = SchwartzSmithModel(parameters=OIL, noises=(0.01,))
TODAY = FilterState(chi=0.2, xi=4.0, chi_variance=4e-4, covariance=-1e-4, xi_variance=2e-4)
KNOWN = FilterState(chi=0.2, xi=4.0, chi_variance=0.0, covariance=0.0, xi_variance=0.0)
YEARS = np.array([0.05, 0.5, 1.0, 3.0])


def test_moments_are_those_of_paths_taken_in_small_steps() -> None:
    # Euler steps of dχ = −κχ dt + σχ dz, dξ = μξ dt + σξ dz', 20 a business day.
    generator = np.random.default_rng(4)
    paths, days, per_day = 20_000, 20, 20
    dt = STEP_YEARS / per_day
    state = generator.multivariate_normal(TODAY.mean, TODAY.spread, paths)
    shared = OIL.rho * OIL.sigma_chi * OIL.sigma_xi
    root = np.linalg.cholesky(
        np.array([[OIL.sigma_chi**2, shared], [shared, OIL.sigma_xi**2]]) * dt
    )
    for _ in range(days * per_day):
        state = state + np.array([0.0, OIL.mu_xi * dt]) - np.array([OIL.kappa * dt, 0.0]) * state
        state = state + generator.standard_normal((paths, 2)) @ root.T
    mean, spread = state_ahead(MODEL, TODAY, days)
    assert state.mean(axis=0) == pytest.approx(mean, abs=4.0 * np.sqrt(spread.max() / paths))
    assert np.cov(state.T) == pytest.approx(spread, rel=0.05, abs=5e-5)


def test_no_time_ahead_is_the_state_itself() -> None:
    mean, spread = state_ahead(MODEL, TODAY, 0)
    assert mean == pytest.approx(TODAY.mean)
    assert spread == pytest.approx(TODAY.spread)


@pytest.mark.parametrize("days", [1, 5, 60, 250])
def test_without_risk_premiums_a_futures_price_expects_itself(days: int) -> None:
    # Under the risk-neutral measure a futures price is a martingale: the convexity of its
    # expectation and the shrinking time to expiry cancel. χ then returns to −λχ/κ, not to 0,
    # which is the same model with λχ = 0.
    fair = SchwartzSmithModel(
        parameters=replace(OIL, mu_xi=OIL.mu_xi_star, lambda_chi=0.0), noises=(0.01,)
    )
    today = futures_curve(fair, KNOWN, YEARS + days * STEP_YEARS)
    assert forecast(fair, KNOWN, days, YEARS).expected_prices() == pytest.approx(today, rel=1e-12)


def test_premiums_are_what_the_expectation_differs_by() -> None:
    # Schwartz and Smith (2000): over a time h the log of the expectation moves by
    # (μξ − μξ*) h + e^(−κT)(1 − e^(−κh)) λχ/κ, T what is left at the end.
    days = 60
    h = days * STEP_YEARS
    today = futures_curve(MODEL, KNOWN, YEARS + h)
    expected = forecast(MODEL, KNOWN, days, YEARS).expected_prices()
    premium = (OIL.mu_xi - OIL.mu_xi_star) * h + np.exp(-OIL.kappa * YEARS) * (
        1.0 - np.exp(-OIL.kappa * h)
    ) * OIL.lambda_chi / OIL.kappa
    assert np.log(expected / today) == pytest.approx(premium, abs=1e-12)


def test_quantiles_are_those_of_the_lognormal() -> None:
    ahead = forecast(MODEL, TODAY, 20, YEARS)
    levels = np.array([0.05, 0.5, 0.95])
    found = ahead.quantiles(levels)
    for column in range(YEARS.size):
        expected = np.exp(norm(ahead.mean[column], ahead.deviations[column]).ppf(levels))
        assert found[:, column] == pytest.approx(expected)
    assert (ahead.expected_prices() > found[1]).all()


def test_contracts_move_together_and_near_ones_more() -> None:
    ahead = forecast(MODEL, TODAY, 20, YEARS)
    assert (np.diff(ahead.deviations) < 0.0).all()
    assert ahead.covariance == pytest.approx(ahead.covariance.T)
    assert np.linalg.matrix_rank(ahead.covariance, tol=1e-12) == 2


def test_far_beyond_the_contracts_the_curve_grows_at_the_long_rate() -> None:
    far = np.log(futures_curve(MODEL, TODAY, np.array([30.0, 31.0])))
    assert far[1] - far[0] == pytest.approx(OIL.mu_xi_star + OIL.sigma_xi**2 / 2.0, rel=1e-9)
    assert np.log(futures_curve(MODEL, TODAY, np.array([0.0]))[0]) == pytest.approx(4.2)


@pytest.mark.parametrize("years", [np.array([-0.1]), np.array([np.nan]), np.array([[0.5]])])
def test_times_that_are_none_are_refused(years: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="years"):
        futures_curve(MODEL, TODAY, years)
    with pytest.raises(InvalidInput, match="years"):
        forecast(MODEL, TODAY, 5, years)


def test_the_past_is_not_forecast_and_levels_are_probabilities() -> None:
    with pytest.raises(InvalidInput, match="days"):
        state_ahead(MODEL, TODAY, -1)
    with pytest.raises(InvalidInput, match="levels"):
        forecast(MODEL, TODAY, 5, YEARS).quantiles(np.array([0.0, 0.5]))
