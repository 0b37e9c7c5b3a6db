"""Own the models that can be walked forward, by name."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.backtests import BacktestModel
from quant.backtest import estimated, plain
from quant.backtest.density import walk_density
from quant.backtest.distributions import Distributions
from quant.backtest.walk import Forecasts, Indices, KnownChanges, Walk

Reals = NDArray[np.float64]
Horizons = tuple[int, ...]

_Series = Callable[[KnownChanges, Indices, Horizons, int], list[Distributions]]


def forecast(
    walk: Walk,
    model: BacktestModel,
    window: int | None,
    horizons: Horizons,
    levels: Reals,
    *,
    seed: int = 0,
) -> Forecasts:
    """Forecast each day of a walk over each horizon by one model.

    `window` is how many days a model with a window learns from, None for the others.

    Raises:
        HistoryTooShort: there are too few known days before the first.
        ModelNotApplicable: the prices did not move, or an estimate failed.
    """
    if model is BacktestModel.DENSITY:
        return walk_density(walk, horizons, levels, seed=seed)
    quantiles = np.empty((walk.days, len(horizons), len(levels), len(walk.positions)))
    crps = np.empty((walk.days, len(horizons), len(walk.positions)))
    outcomes = [walk.outcomes(horizon) for horizon in horizons]
    for column in range(len(walk.positions)):
        changes = KnownChanges.of(walk.changes[: walk.last, column])
        ends = changes.before[walk.first : walk.last + 1]
        found = _SERIES[model](changes, ends, horizons, window or 0)
        for row, distributions in enumerate(found):
            quantiles[:, row, :, column] = distributions.quantiles(levels)
            crps[:, row, column] = distributions.crps(outcomes[row][:, column])
    return Forecasts(quantiles=quantiles, crps=crps)


def _each_horizon(
    distributions_of: Callable[[KnownChanges, Indices, int, int], Distributions],
    changes: KnownChanges,
    ends: Indices,
    horizons: Horizons,
    window: int,
) -> list[Distributions]:
    return [distributions_of(changes, ends, horizon, window) for horizon in horizons]


def _normals(
    variances_of: Callable[[KnownChanges, Indices, Horizons, int], Reals],
    changes: KnownChanges,
    ends: Indices,
    horizons: Horizons,
    window: int,
) -> list[Distributions]:
    variances = variances_of(changes, ends, horizons, window)
    return [estimated.normal_over(variances, column) for column in range(len(horizons))]


_SERIES: dict[BacktestModel, _Series] = {
    BacktestModel.NAIVE: partial(_each_horizon, plain.naive),
    BacktestModel.RANDOM_WALK: partial(_each_horizon, plain.random_walk),
    BacktestModel.HISTORICAL: partial(_each_horizon, plain.historical),
    BacktestModel.EWMA: partial(
        _each_horizon, lambda changes, ends, horizon, _: plain.ewma(changes, ends, horizon)
    ),
    BacktestModel.GARCH: partial(_normals, estimated.garch),
    BacktestModel.HAR: partial(_normals, estimated.har),
}
