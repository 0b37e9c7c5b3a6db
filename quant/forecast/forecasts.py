"""Own how the state of a density model becomes forecasts and scenario paths."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.calendars import add_business_days, calendar_of
from quant.forecast.density import LEVELS, DensityForecast, ForecastPart, Vintage
from quant.forecast.draws import LONGEST, drawn_days
from quant.forecast.parameters import DensityParameters
from quant.forecast.path_kernels import simulate
from quant.forecast.state import DensityState
from quant.forecast.variance import PARTS

Reals = NDArray[np.float64]

PATHS = 4_096
LEAST_OBSERVATIONS = 100


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
    those of scenario paths, each 1,024 of which are seeded on their own.

    Raises:
        InvalidInput: a horizon is not 1…60, or there are no paths.
        HistoryTooShort: the state has seen fewer than 100 days.
    """
    longest = max(horizons, default=0)
    _check(state, [*horizons, longest], paths)
    days = _days_ahead(parameters.product, state.as_of, longest)
    squares = state.days.factors(days) ** 2
    parts = state.variance.parts(longest) * squares[:, None, None]
    weights = state.variance.weights.weights()
    tables = {1: _one_day(parameters, state)} if 1 in horizons else {}
    if longest > 1:
        simulated = scenario_paths(parameters, state, longest, paths=paths, seed=seed)
        for horizon in set(horizons) - {1}:
            # the weights of path n and of all beyond it are equal: these are the sample's own
            tables[horizon] = np.quantile(simulated[:, horizon - 1], LEVELS, axis=0)
    vintage = _vintage(parameters, state)
    return {
        (position, horizon): DensityForecast(
            product=parameters.product,
            position=position,
            horizon=horizon,
            vintage=vintage,
            parts=tuple(
                ForecastPart(
                    name=name,
                    weight=float(weights[number, column]),
                    variance=float(parts[:horizon, number, column].sum()),
                )
                for number, name in enumerate(PARTS)
            ),
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

    Raises:
        InvalidInput: the horizon is not 1…60, or there are no paths.
        HistoryTooShort: the state has seen fewer than 100 days.
    """
    _check(state, [horizon], paths)
    days = _days_ahead(parameters.product, state.as_of, horizon)
    squares = state.days.factors(days) ** 2
    variances = state.variance.combined(state.variance.parts(horizon)) * squares[:, None]
    standardised = state.standardised().by_day()
    simulated = np.empty((paths, horizon, len(parameters.positions)))
    simulate(
        variances,
        standardised,
        drawn_days(seed, paths, standardised.shape[1], state.residuals.half_life),
        np.array([one.alpha for one in parameters.garch]),
        np.array([one.persistence for one in parameters.garch]),
        state.variance.news_limit,
        simulated,
    )
    return simulated


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
