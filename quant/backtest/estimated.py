"""Own models whose parameters are estimated anew as the walk goes on: GARCH(1,1) and HAR."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelNotApplicable
from quant.backtest.distributions import Normal
from quant.backtest.plain import require_days
from quant.backtest.walk import Indices, KnownChanges
from quant.volatility.garch import GarchParameters, garch_variances
from quant.volatility.garch_fit import GarchFit, fit_garch
from quant.volatility.har import MONTH, HarState, fit_har

Reals = NDArray[np.float64]

REFIT_DAYS = 125


def garch(changes: KnownChanges, ends: Indices, horizons: tuple[int, ...], window: int) -> Reals:
    """Return variances (days, horizons) of GARCH(1,1), normal, fitted to the `window` days before.

    It is fitted on the first day and every 125 days forecast. Where the search for the maximum
    fails, it begins once more with the mean squared change as the variance before the first day.

    Raises:
        HistoryTooShort: there are fewer days than the window, or fewer than 100.
        ModelNotApplicable: the price did not move, or the second search failed as well.
    """
    require_days("GARCH(1,1)", int(ends[0]), window)
    parts = []
    for group in _groups(ends):
        begins = int(group[0]) - window
        fit = _fitted(changes.values[begins : group[0]])
        seen = changes.values[begins : group[-1]]
        variances = garch_variances(fit.parameters, seen, fit.initial_variance)
        parts.append(_over_horizons(fit.parameters, variances[group - begins], horizons))
    return np.concatenate(parts)


def har(changes: KnownChanges, ends: Indices, horizons: tuple[int, ...], window: int) -> Reals:
    """Return variances (days, horizons) of a HAR of squared changes, fitted to the `window` before.

    It is fitted on the first day and every 125 days forecast.

    Raises:
        HistoryTooShort: there are fewer days than the window, or fewer than 100.
        ModelNotApplicable: the price did not move.
    """
    require_days("HAR", int(ends[0]), max(window, MONTH))
    squares = changes.values**2
    months = np.lib.stride_tricks.sliding_window_view(squares, MONTH)
    parts = []
    for group in _groups(ends):
        fitted = fit_har(squares[group[0] - window : group[0]])
        # each day is a series of its own: all are forecast together
        state = HarState(parameters=(fitted,) * len(group), measures=months[group - MONTH].T)
        sums = np.cumsum(state.forecasts(max(horizons)), axis=0)
        parts.append(sums[[horizon - 1 for horizon in horizons]].T)
    return np.concatenate(parts)


def normal_over(variances: Reals, column: int) -> Normal:
    """Return normal distributions with a column of variances (days, horizons)."""
    return Normal(deviations=np.sqrt(variances[:, column]))


def _fitted(changes: Reals) -> GarchFit:
    try:
        return fit_garch(changes, has_mean=False)
    except ModelNotApplicable:
        return fit_garch(changes, has_mean=False, backcast=float(np.mean(changes**2)))


def _groups(ends: Indices) -> Iterator[Indices]:
    for start in range(0, len(ends), REFIT_DAYS):
        yield ends[start : start + REFIT_DAYS]


def _over_horizons(
    parameters: GarchParameters, variances: Reals, horizons: tuple[int, ...]
) -> Reals:
    """Add up the expected variances of the days ahead: E σ²ₜ₊ₖ₊₁ = ω + (α+β) E σ²ₜ₊ₖ."""
    expected, total, sums = variances, np.zeros_like(variances), []
    for _ in range(max(horizons)):
        total = total + expected
        sums.append(total)
        expected = parameters.omega + parameters.persistence * expected
    return np.stack([sums[horizon - 1] for horizon in horizons], axis=1)
