"""Own forecasts under the real measure, and the futures curve under the risk-neutral one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from core.errors import InvalidInput
from quant.schwartz_smith.filtering import FilterState, fitted_log_prices
from quant.schwartz_smith.kernels import advance
from quant.schwartz_smith.panel import STEP_YEARS
from quant.schwartz_smith.parameters import SchwartzSmithModel, short_term_loading

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogForecast:
    """Hold a normal forecast of log prices: `mean` (cells,) and `covariance` (cells, cells)."""

    mean: Reals
    covariance: Reals

    @property
    def deviations(self) -> Reals:
        """Return the standard deviations of the log prices, shape (cells,)."""
        return np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0))

    def expected_prices(self) -> Reals:
        """Return the expected prices (cells,): e^(mean + variance/2), above the medians."""
        expected: Reals = np.exp(self.mean + 0.5 * self.deviations**2)
        return expected

    def quantiles(self, levels: Reals) -> Reals:
        """Return price quantiles, shape (levels, cells).

        Raises:
            InvalidInput: a level is not between 0 and 1.
        """
        if not bool(((levels > 0.0) & (levels < 1.0)).all()):
            raise InvalidInput(field="levels", reason="expected numbers between 0 and 1")
        prices: Reals = np.exp(self.mean + ndtri(levels)[:, None] * self.deviations)
        return prices


def state_ahead(model: SchwartzSmithModel, state: FilterState, days: int) -> tuple[Reals, Reals]:
    """Return mean (2,) and covariance (2, 2) of (χ, ξ) `days` business days ahead.

    Under the real measure: χ returns to 0, ξ drifts by μξ (Schwartz and Smith 2000, equations 3
    and 4). What the filter does not know of today's state is carried along.

    Raises:
        InvalidInput: `days` is negative.
    """
    if days < 0:
        raise InvalidInput(field="days", reason=f"expected at least 0, was {days}")
    numbers = state.to_array()
    advance(np.array(model.parameters.to_tuple()), days * STEP_YEARS, numbers)
    chi, xi, chi_variance, covariance, xi_variance, _ = numbers.tolist()
    return (
        np.array([chi, xi]),
        np.array([[chi_variance, covariance], [covariance, xi_variance]]),
    )


def forecast(model: SchwartzSmithModel, state: FilterState, days: int, years: Reals) -> LogForecast:
    """Forecast the log prices `days` business days ahead of contracts that will have `years` left.

    `years` (cells,) are times to expiry on the day that is forecast: `chain.years_to_expiry` of
    that day has those of contracts, `chain.position_years` those of positions. Measurement errors
    are not part of it.

    Raises:
        InvalidInput: `days` is negative, or a time to expiry is negative or not finite.
    """
    _check_years(years)
    mean, spread = state_ahead(model, state, days)
    loadings = np.column_stack([short_term_loading(years, model.parameters), np.ones(years.size)])
    return LogForecast(
        mean=fitted_log_prices(mean[None], years, model.parameters)[0],
        covariance=loadings @ spread @ loadings.T,
    )


def futures_curve(model: SchwartzSmithModel, state: FilterState, years: Reals) -> Reals:
    """Return today's futures prices (cells,) at any times to expiry: the expected spot prices.

    Under the risk-neutral measure, at the filter's mean of (χ, ξ). `years` may lie between the
    contracts that were seen or beyond them: far out the curve grows at the rate μξ* + σξ²/2.

    Raises:
        InvalidInput: a time to expiry is negative or not finite.
    """
    _check_years(years)
    prices: Reals = np.exp(fitted_log_prices(state.mean[None], years, model.parameters)[0])
    return prices


def _check_years(years: Reals) -> None:
    if years.ndim != 1 or not bool((np.isfinite(years) & (years >= 0.0)).all()):
        raise InvalidInput(field="years", reason="expected finite numbers of at least 0")
