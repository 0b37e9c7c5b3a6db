"""Own the walk forward: each day forecast from the days before it, by our model and by the peer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from quant.continuous import SettlementHistory
from quant.forecast.fitting import LEAST_DAYS, fit_density
from quant.forecast.forecasts import forecast_densities, scenario_changes
from quant.forecast.parameters import DensityParameters, usual_parameters
from quant.forecast.scores.crps import crps_sample
from quant.forecast.settings import DensitySettings
from quant.forecast.state import (
    DensityState,
    begin_history,
    days_with_a_change,
    update,
    with_parameters,
)

Reals = NDArray[np.float64]

POSITIONS = (1, 6, 12)
HORIZONS = (1, 5, 20)
WINDOWS = (250, 500, 1_000)
LEVELS = (0.01, 0.05, 0.95, 0.99)
REFIT_DAYS = 250
PATHS = 2_048


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """Hold what was forecast of one product, and what came.

    `dates` (days,) are those forecast, each by the day before. `changes` (days, positions) came on
    them; `quantiles` (days, levels, positions) were forecast. `crps` and, by window, `peer_crps`
    (days, horizons, positions) score the days from each on; nan where the horizon ends after the
    last day, or a price is missing.
    """

    product: str
    dates: tuple[date, ...]
    changes: Reals
    quantiles: Reals
    crps: Reals
    peer_crps: dict[int, Reals]


def walk(
    history: SettlementHistory,
    first: date,
    last: date,
    *,
    settings: DensitySettings | None = None,
    positions: tuple[int, ...] = POSITIONS,
    horizons: Sequence[int] = HORIZONS,
    paths: int = PATHS,
    tick: Callable[[int], None] = lambda _: None,
) -> Walk:
    """Forecast every day from `first` to `last`; nothing of a day or after it is used for it."""
    width = min(history.settlements.shape[1], max(positions) + 1)
    every = history.held_changes(min(width, history.settlements.shape[1]))
    changes = every[:, [position - 1 for position in positions]]
    days = history.dates[1:]
    scored = np.flatnonzero([first <= day <= last for day in days])
    parameters = usual_parameters(history.product, positions, settings)
    known = days_with_a_change(changes)
    state, begun = begin_history(parameters, days, changes)
    refitted = {
        int(known[count - 1]) + 1
        for count in range(REFIT_DAYS, len(known) + 1, REFIT_DAYS)
        if count >= LEAST_DAYS
    }
    sums = {horizon: _sums(changes, horizon) for horizon in horizons}
    quantiles, ours = [], []
    peers: dict[int, list[Reals]] = {window: [] for window in WINDOWS}
    for day in range(begun, int(scored[-1]) + 1 if scored.size else 0):
        if day in refitted:
            parameters, state = _refitted(parameters, state, days[:day], changes[:day])
        if day >= scored[0]:
            quantiles.append(_quantiles(parameters, state))
            outcomes = [
                _outcome(sums[horizon], day, int(scored[-1]), horizon) for horizon in horizons
            ]
            ours.append(_scores(parameters, state, outcomes, horizons, paths))
            for window in WINDOWS:
                samples = [_window(sums[h], day, h, window) for h in horizons]
                peers[window].append(_peer_scores(samples, outcomes))
        state = update(parameters, state, days[day], changes[day])
        tick(day)
    return Walk(
        product=history.product,
        dates=tuple(days[day] for day in scored),
        changes=changes[scored],
        quantiles=np.array(quantiles),
        crps=np.array(ours),
        peer_crps={window: np.array(scores) for window, scores in peers.items()},
    )


def _refitted(
    parameters: DensityParameters, state: DensityState, days: Sequence[date], changes: Reals
) -> tuple[DensityParameters, DensityState]:
    fitted = fit_density(
        parameters.product, parameters.positions, days, changes, parameters.settings
    )
    return fitted, with_parameters(state, fitted)


def _quantiles(parameters: DensityParameters, state: DensityState) -> Reals:
    forecasts = forecast_densities(parameters, state, [1])
    return np.array(
        [
            [forecasts[position, 1].quantile(level) for position in parameters.positions]
            for level in LEVELS
        ]
    )


def _scores(
    parameters: DensityParameters,
    state: DensityState,
    outcomes: Sequence[Reals],
    horizons: Sequence[int],
    paths: int,
) -> Reals:
    drawn = scenario_changes(parameters, state, horizons, paths=paths)
    return np.array(
        [
            _crps(drawn[horizon], outcome)
            for horizon, outcome in zip(horizons, outcomes, strict=True)
        ]
    )


def _peer_scores(samples: Sequence[Reals], outcomes: Sequence[Reals]) -> Reals:
    return np.array(
        [_crps(sample, outcome) for sample, outcome in zip(samples, outcomes, strict=True)]
    )


def _crps(samples: Reals, outcome: Reals) -> Reals:
    """Score samples (positions, draws), and nan where the outcome is not known."""
    known = np.isfinite(outcome)
    scores = np.full(outcome.shape, np.nan)
    if known.any():
        scores[known] = crps_sample(samples[known], outcome[known])
    return scores


def _sums(changes: Reals, horizon: int) -> Reals:
    """Return the changes over `horizon` days from each day on, (days − horizon + 1, positions)."""
    windows = np.lib.stride_tricks.sliding_window_view(changes, horizon, axis=0)
    total: Reals = windows.sum(axis=-1)
    return total


def _outcome(sums: Reals, day: int, last: int, horizon: int) -> Reals:
    if day + horizon - 1 > last:
        return np.full(sums.shape[1], np.nan)
    outcome: Reals = sums[day]
    return outcome


def _window(sums: Reals, day: int, horizon: int, window: int) -> Reals:
    """Return the last overlapping sums of `window` days that end before `day`, (positions, n)."""
    latest = day - horizon + 1
    found = sums[max(0, day - window) : latest]
    kept = found[np.isfinite(found).all(axis=1)]
    return kept.T
