from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from arch.data import wti
from scipy.stats import norm
from scipy.stats import t as student

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.volatility.garch import garch_variances
from quant.volatility.garch_fit import GarchFit, fit_garch

SharedData = Callable[[str], Path]


def simulated(days: int, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    variance, changes = 1.0, np.empty(days)
    for day in range(days):
        changes[day] = np.sqrt(variance) * generator.standard_normal()
        variance = 0.05 + 0.1 * changes[day] ** 2 + 0.85 * variance
    return changes


def log_likelihood(fit: GarchFit, changes: np.ndarray) -> float:
    """Add up the log densities that SciPy gives at our own recursion's variances."""
    parameters = fit.parameters
    deviations = np.sqrt(garch_variances(parameters, changes, fit.initial_variance)[:-1])
    nu = parameters.degrees_of_freedom
    if nu is None:
        return float(norm.logpdf(changes, parameters.mu, deviations).sum())
    scale = deviations * np.sqrt((nu - 2) / nu)
    return float(student.logpdf(changes, nu, parameters.mu, scale).sum())


def test_the_mark_against_the_pound_gives_the_fcp_benchmark(shared_data: SharedData) -> None:
    # Bollerslev and Ghysels (1996) data, benchmark of Fiorentini, Calzolari and Panattoni (1996)
    changes = np.loadtxt(shared_data("dem2gbp_returns.csv"), skiprows=1)
    assert changes.shape == (1_974,)
    fit = fit_garch(changes, backcast=float(changes.var(ddof=1)))
    assert fit.log_likelihood == pytest.approx(-1106.608, abs=5e-4)
    assert fit.parameters.mu == pytest.approx(-0.00619041, abs=2e-5)
    assert fit.parameters.omega == pytest.approx(0.0107613, abs=1e-6)
    assert fit.parameters.alpha == pytest.approx(0.153134, abs=1e-5)
    assert fit.parameters.beta == pytest.approx(0.805974, abs=1e-5)
    assert log_likelihood(fit, changes) == pytest.approx(fit.log_likelihood, abs=1e-6)


def test_the_default_backcast_gives_another_fit(shared_data: SharedData) -> None:
    # the same data with the start of arch 8.0.0, a weighted mean of the first squares: a trap
    changes = np.loadtxt(shared_data("dem2gbp_returns.csv"), skiprows=1)
    found = fit_garch(changes).parameters
    assert found.alpha == pytest.approx(0.1455, abs=5e-5)
    assert found.beta == pytest.approx(0.8168, abs=5e-5)


def test_wti_gives_the_known_fit_with_students_t() -> None:
    # FRED DCOILWTICO as the package arch ships it, percent log returns 1986 to 2019
    prices = wti.load()["DCOILWTICO"].dropna().to_numpy()
    changes = 100.0 * np.diff(np.log(prices))
    assert changes.shape == (8_320,)
    fit = fit_garch(changes, is_student=True)
    found = fit.parameters
    assert fit.log_likelihood == pytest.approx(-17924.8, abs=0.05)
    assert found.mu == pytest.approx(0.0496, abs=5e-5)
    assert found.omega == pytest.approx(0.0500, abs=5e-5)
    assert found.alpha == pytest.approx(0.0655, abs=5e-5)
    assert found.beta == pytest.approx(0.9272, abs=5e-5)
    assert found.degrees_of_freedom == pytest.approx(6.084, abs=5e-4)
    assert log_likelihood(fit, changes) == pytest.approx(fit.log_likelihood, abs=1e-5)


def test_parameters_of_a_simulation_are_found_again() -> None:
    fit = fit_garch(simulated(6_000), has_mean=False)
    assert fit.names == ("omega", "alpha[1]", "beta[1]")
    found = (fit.parameters.omega, fit.parameters.alpha, fit.parameters.beta)
    distances = np.abs(np.subtract(found, (0.05, 0.1, 0.85)))
    assert (distances < 3.0 * np.array(fit.standard_errors)).all()


def test_the_unit_of_prices_does_not_matter() -> None:
    changes = simulated(1_500)
    cents, dollars = fit_garch(100.0 * changes), fit_garch(changes)
    assert cents.parameters.omega == pytest.approx(1e4 * dollars.parameters.omega, rel=1e-4)
    assert cents.parameters.alpha == pytest.approx(dollars.parameters.alpha, rel=1e-4)
    shift = 1_500 * np.log(100.0)
    assert cents.log_likelihood == pytest.approx(dollars.log_likelihood - shift, abs=1e-4)


def test_bad_histories_are_refused() -> None:
    with pytest.raises(HistoryTooShort):
        fit_garch(simulated(99))
    with pytest.raises(ModelNotApplicable):
        fit_garch(np.zeros(200))
    with pytest.raises(InvalidInput):
        fit_garch(np.full(200, np.nan))
    with pytest.raises(ModelNotApplicable, match="never moved"):
        fit_garch(simulated(200) * 1e-200)
    with pytest.raises(InvalidInput, match="finite"):
        fit_garch(simulated(200) * 1e200)
    for is_student in (False, True):
        with pytest.raises(ModelNotApplicable, match="all the same"):
            fit_garch(np.full(200, 0.3), is_student=is_student)
