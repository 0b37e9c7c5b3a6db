"""Own the walk of the density model: its state day by day, and what it forecasts on the way."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quant.backtest.distributions import Samples
from quant.backtest.plain import require_days
from quant.backtest.walk import Forecasts, Walk
from quant.forecast.fitting import LEAST_DAYS, fit_density
from quant.forecast.forecasts import forecast_densities, scenario_changes
from quant.forecast.parameters import DensityParameters, usual_parameters
from quant.forecast.state import (
    DensityState,
    begin_history,
    days_with_a_change,
    update,
    with_parameters,
)

Reals = NDArray[np.float64]

REFIT_DAYS = 250
PATHS = 2_048


def walk_density(
    walk: Walk, horizons: Sequence[int], levels: Reals, *, paths: int = PATHS, seed: int = 0
) -> Forecasts:
    """Forecast each day of a walk by the density model, fitted anew every 250 days.

    Parameters are fitted after 250, 500, … days with a change, so that a day's forecast is the same
    whichever days are forecast beside it. Scores are of `paths` scenario paths.

    Raises:
        HistoryTooShort: there are fewer than 250 days with a change before the first.
        ModelNotApplicable: the prices of a position never moved.
    """
    known = days_with_a_change(walk.changes[: walk.last])
    require_days("density model", int(np.searchsorted(known, walk.first)), LEAST_DAYS)
    outcomes = np.stack([walk.outcomes(horizon) for horizon in horizons], axis=1)
    parameters = usual_parameters(walk.product, walk.positions)
    state, begun = begin_history(parameters, walk.dates, walk.changes)
    refitted = set((known[REFIT_DAYS - 1 :: REFIT_DAYS] + 1).tolist())
    quantiles, scores = [], []
    for day in range(begun, walk.last + 1):
        if day in refitted:
            parameters, state = _refitted(walk, day, parameters, state)
        if day >= walk.first:
            came = outcomes[day - walk.first]
            told, score = _forecast(parameters, state, horizons, levels, came, paths, seed)
            quantiles.append(told)
            scores.append(score)
        state = update(parameters, state, walk.dates[day], walk.changes[day])
    return Forecasts(quantiles=np.array(quantiles), crps=np.array(scores))


def _refitted(
    walk: Walk, day: int, parameters: DensityParameters, state: DensityState
) -> tuple[DensityParameters, DensityState]:
    fitted = fit_density(
        walk.product, walk.positions, walk.dates[:day], walk.changes[:day], parameters.settings
    )
    return fitted, with_parameters(state, fitted)


def _forecast(
    parameters: DensityParameters,
    state: DensityState,
    horizons: Sequence[int],
    levels: Reals,
    came: Reals,
    paths: int,
    seed: int,
) -> tuple[Reals, Reals]:
    """Return quantiles (horizons, levels, positions) of one day, and scores of what came.

    `came` and the scores are (horizons, positions).
    """
    drawn = scenario_changes(parameters, state, horizons, paths=paths, seed=seed)
    samples = [Samples(samples=drawn[horizon]) for horizon in horizons]
    quantiles = [
        _next_day(parameters, state, levels) if horizon == 1 else sample.quantiles(levels).T
        for horizon, sample in zip(horizons, samples, strict=True)
    ]
    scores = [sample.crps(row) for sample, row in zip(samples, came, strict=True)]
    return np.array(quantiles), np.array(scores)


def _next_day(parameters: DensityParameters, state: DensityState, levels: Reals) -> Reals:
    """Return quantiles (levels, positions) of one day, which are not drawn."""
    told = forecast_densities(parameters, state, [1])
    return np.array(
        [
            [told[position, 1].quantile(float(level)) for position in parameters.positions]
            for level in levels
        ]
    )
