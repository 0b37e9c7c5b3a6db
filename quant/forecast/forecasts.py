"""Own how the state of a density model becomes forecasts and scenario paths."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.forecast.density import LEVELS, DensityForecast, ForecastPart, Vintage
from quant.forecast.draws import LONGEST
from quant.forecast.history import history_variances, running_sums, without_drift
from quant.forecast.outlook import Outlook, look_ahead
from quant.forecast.parameters import DensityParameters
from quant.forecast.scenarios import changes_of, history_share_of, paths_of
from quant.forecast.state import DensityState
from quant.forecast.variance import PARTS

Reals = NDArray[np.float64]

PATHS = 4_096
LEAST_OBSERVATIONS = 100
HISTORY = "historical simulation"


def forecast_densities(
    parameters: DensityParameters,
    state: DensityState,
    horizons: Sequence[int],
    *,
    paths: int = PATHS,
    seed: int = 0,
) -> dict[tuple[int, int], DensityForecast]:
    """Forecast each position over each horizon, by (position, horizon), in business days.

    One day has the quantiles of past standardised changes, in closed form; longer horizons have
    those of `scenario_changes`.

    Raises:
        InvalidInput: there is no horizon, one is not 1…60, or there are no paths.
        HistoryTooShort: the state has seen fewer than 100 days.
    """
    _check(state, horizons, paths)
    outlook = look_ahead(parameters.product, state, max(horizons))
    tables = {1: _one_day(state, outlook)}
    later = [horizon for horizon in horizons if horizon > 1]
    if later:
        drawn = changes_of(parameters, state, outlook, later, paths, seed)
        tables |= {horizon: _quantiles(changes) for horizon, changes in drawn.items()}
    vintage = _vintage(parameters, state)
    past = running_sums(without_drift(state.changes))
    weights = state.variance.weights.weights()
    parts = {horizon: _parts(parameters, weights, outlook, past, horizon) for horizon in horizons}
    return {
        (position, horizon): DensityForecast(
            product=parameters.product,
            position=position,
            horizon=horizon,
            vintage=vintage,
            parts=parts[horizon][column],
            quantiles=tables[horizon][column],
        )
        for column, position in enumerate(parameters.positions)
        for horizon in horizons
    }


def scenario_paths(
    parameters: DensityParameters,
    state: DensityState,
    horizon: int,
    *,
    paths: int = PATHS,
    seed: int = 0,
) -> Reals:
    """Return the change since today of each position on each day, (paths, horizon, positions).

    A day of a path repeats the standardised changes of one past day in all positions, so that
    these move together as they did (filtered historical simulation, Barone-Adesi and others 1999).
    A share of the paths, larger for longer horizons, repeats past days in their order and size,
    all of them alike and less their mean.

    Raises:
        InvalidInput: the horizon is not 1…60, or there are no paths.
        HistoryTooShort: the state has seen fewer than 100 days.
    """
    _check(state, [horizon], paths)
    outlook = look_ahead(parameters.product, state, horizon)
    return paths_of(parameters, state, outlook, paths, seed).transpose(2, 0, 1)


def scenario_changes(
    parameters: DensityParameters,
    state: DensityState,
    horizons: Sequence[int],
    *,
    paths: int = PATHS,
    seed: int = 0,
) -> dict[int, Reals]:
    """Return, by horizon, where the paths of `scenario_paths` end, (positions, paths).

    Raises:
        InvalidInput: there is no horizon, one is not 1…60, or there are no paths.
        HistoryTooShort: the state has seen fewer than 100 days.
    """
    _check(state, horizons, paths)
    outlook = look_ahead(parameters.product, state, max(horizons))
    return changes_of(parameters, state, outlook, horizons, paths, seed)


def _one_day(state: DensityState, outlook: Outlook) -> Reals:
    """Return the quantiles (positions, 99) of the next day."""
    deviations = np.sqrt(outlook.variances[0])
    table: Reals = state.standardised().quantiles(LEVELS).T * deviations[:, None]
    return table


def _quantiles(changes: Reals) -> Reals:
    """Return the quantiles (positions, 99) of drawn changes (positions, paths), linear between."""
    in_order = np.sort(changes, axis=1)
    places = LEVELS * (changes.shape[1] - 1)
    left = places.astype(np.int64)
    right = np.minimum(left + 1, changes.shape[1] - 1)
    table: Reals = in_order[:, left] + (places - left) * (in_order[:, right] - in_order[:, left])
    # interpolation may round a quantile below the one before it
    return np.maximum.accumulate(table, axis=1)


def _parts(
    parameters: DensityParameters,
    of_models: Reals,
    outlook: Outlook,
    past: Reals,
    horizon: int,
) -> list[tuple[ForecastPart, ...]]:
    """Return, by position, the parts of the variance over the horizon; history is the last."""
    share = history_share_of(parameters, horizon)
    weights = np.vstack([(1.0 - share) * of_models, np.full(len(parameters.positions), share)])
    variances = np.vstack([outlook.parts[:horizon].sum(axis=0), history_variances(past, horizon)])
    return [
        tuple(
            ForecastPart(name=name, weight=weight, variance=variance)
            for name, weight, variance in zip((*PARTS, HISTORY), *columns, strict=True)
        )
        for columns in zip(weights.T.tolist(), variances.T.tolist(), strict=True)
    ]


def _vintage(parameters: DensityParameters, state: DensityState) -> Vintage:
    return Vintage(
        first_day=state.first_day,
        as_of=state.as_of,
        observations=state.observations,
        filled=state.filled,
        fitted_through=parameters.fitted_through,
        fallbacks=parameters.fallbacks,
    )


def _check(state: DensityState, horizons: Sequence[int], paths: int) -> None:
    if not horizons or any(not 1 <= horizon <= LONGEST for horizon in horizons):
        reason = f"expected 1 to {LONGEST} business days, were {list(horizons)}"
        raise InvalidInput(field="horizons", reason=reason)
    if paths < 1:
        raise InvalidInput(field="paths", reason=f"expected at least 1, was {paths}")
    if state.observations < LEAST_OBSERVATIONS:
        raise HistoryTooShort(
            subject="density forecast", needed=LEAST_OBSERVATIONS, found=state.observations
        )
