"""Own how the state of a density model becomes forecasts and scenario paths."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.calendars import add_business_days, calendar_of
from quant.forecast.density import LEVELS, DensityForecast, ForecastPart, Vintage
from quant.forecast.draws import LONGEST, drawn_ages, uniforms
from quant.forecast.history import history_paths, history_share, history_variances
from quant.forecast.parameters import DensityParameters
from quant.forecast.path_kernels import simulate
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
    those of `scenario_paths`.

    Raises:
        InvalidInput: a horizon is not 1…60, or there are no paths.
        HistoryTooShort: the state has seen fewer than 100 days.
    """
    longest = max(horizons, default=0)
    _check(state, [*horizons, longest], paths)
    tables = {1: _one_day(parameters, state)} if 1 in horizons else {}
    if longest > 1:
        filtered = _filtered_paths(parameters, state, longest, paths, seed)
        for horizon in set(horizons) - {1}:
            pooled = _pooled(parameters, state, filtered[:, :horizon].copy(), seed)
            tables[horizon] = np.quantile(pooled[:, -1], LEVELS, axis=0)
    vintage = _vintage(parameters, state)
    parts = {horizon: _parts(parameters, state, horizon) for horizon in horizons}
    return {
        (position, horizon): DensityForecast(
            product=parameters.product,
            position=position,
            horizon=horizon,
            vintage=vintage,
            parts=parts[horizon][column],
            quantiles=tables[horizon][:, column],
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
    A share of the paths, larger for longer horizons, repeats past days in their order and size.

    Raises:
        InvalidInput: the horizon is not 1…60, or there are no paths.
        HistoryTooShort: the state has seen fewer than 100 days.
    """
    _check(state, [horizon], paths)
    filtered = _filtered_paths(parameters, state, horizon, paths, seed)
    return _pooled(parameters, state, filtered, seed)


def _filtered_paths(
    parameters: DensityParameters, state: DensityState, horizon: int, paths: int, seed: int
) -> Reals:
    squares = state.days.factors(_days_ahead(parameters.product, state.as_of, horizon)) ** 2
    variances = state.variance.combined(state.variance.parts(horizon)) * squares[:, None]
    standardised = state.standardised().by_day()
    simulated = np.empty((paths, horizon, len(parameters.positions)))
    simulate(
        variances,
        standardised,
        drawn_ages(seed, paths, standardised.shape[1], state.residuals.half_life),
        np.array([one.alpha for one in parameters.garch]),
        np.array([one.persistence for one in parameters.garch]),
        state.variance.news_limit,
        simulated,
    )
    return simulated


def _pooled(
    parameters: DensityParameters, state: DensityState, filtered: Reals, seed: int
) -> Reals:
    """Write paths of history over those of `filtered` that are drawn to be such, and return it."""
    paths, horizon, _ = filtered.shape
    chosen = uniforms(seed, paths)[:, -1] < _history_share(parameters, horizon)
    ages = drawn_ages(seed, paths, len(state.changes), state.residuals.half_life)
    filtered[chosen] = history_paths(state.changes, ages[chosen, 0], horizon)
    return filtered


def _parts(
    parameters: DensityParameters, state: DensityState, horizon: int
) -> list[tuple[ForecastPart, ...]]:
    """Return, by position, the parts of the variance over the horizon; history is the last."""
    squares = state.days.factors(_days_ahead(parameters.product, state.as_of, horizon)) ** 2
    variances = (state.variance.parts(horizon) * squares[:, None, None]).sum(axis=0)
    share = _history_share(parameters, horizon)
    weights = np.vstack(
        [
            (1.0 - share) * state.variance.weights.weights(),
            np.full(len(parameters.positions), share),
        ]
    )
    variances = np.vstack([variances, history_variances(state.changes, horizon)])
    return [
        tuple(
            ForecastPart(name=name, weight=float(weight), variance=float(variance))
            for name, weight, variance in zip((*PARTS, HISTORY), *columns, strict=True)
        )
        for columns in zip(weights.T, variances.T, strict=True)
    ]


def _history_share(parameters: DensityParameters, horizon: int) -> float:
    settings = parameters.settings
    return history_share(horizon, settings.history_share, settings.history_horizon)


def _one_day(parameters: DensityParameters, state: DensityState) -> Reals:
    """Return the quantiles (99, positions) of the next day."""
    days = _days_ahead(parameters.product, state.as_of, 1)
    deviations = np.sqrt(state.variance.next_day()) * state.days.factors(days)[0]
    table: Reals = state.standardised().quantiles(LEVELS) * deviations
    return table


def _days_ahead(product: str, as_of: date, count: int) -> list[date]:
    days, calendar = [as_of], calendar_of(product)
    for _ in range(count):
        days.append(add_business_days(days[-1], 1, calendar))
    return days[1:]


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
    if any(not 1 <= horizon <= LONGEST for horizon in horizons):
        reason = f"expected 1 to {LONGEST} business days, were {list(horizons)}"
        raise InvalidInput(field="horizons", reason=reason)
    if paths < 1:
        raise InvalidInput(field="paths", reason=f"expected at least 1, was {paths}")
    if state.observations < LEAST_OBSERVATIONS:
        raise HistoryTooShort(
            subject="density forecast", needed=LEAST_OBSERVATIONS, found=state.observations
        )
