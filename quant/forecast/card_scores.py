"""Own how well a density model forecast a year that it had not seen, beside past changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.forecasts import SkillScore
from quant.forecast.fitting import LEAST_DAYS, fit_density
from quant.forecast.forecasts import scenario_changes
from quant.forecast.missing import fill_days
from quant.forecast.parameters import DensityParameters
from quant.forecast.scores.bootstrap import bootstrap_interval
from quant.forecast.scores.crps import crps_sample
from quant.forecast.settings import DensitySettings
from quant.forecast.state import replay, update

Reals = NDArray[np.float64]

HORIZONS = (1, 5, 20)
"""Name the horizons that densities are scored at, in business days."""

SCORED_DAYS = 250
"""Be the last days of a history that are scored."""

WINDOWS = (250, 500, 1_000)
"""Be the days that historical simulation draws from; the best choice is the baseline."""

_PATHS = 1_024
_BLOCK_DAYS = 40
_RESAMPLES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredDensity:
    """Hold the scores of a model of the past before `scored_from`, from that day on."""

    scored_from: date
    scores: tuple[SkillScore, ...]


def scored_density(
    product: str,
    positions: tuple[int, ...],
    dates: Sequence[date],
    changes: Reals,
    settings: DensitySettings | None = None,
) -> ScoredDensity | None:
    """Score a model of all but the last year of changes (days, positions) over that year.

    It is followed day by day and not fitted again, so that nothing later than a forecast is in it.
    The score of a day is the mean CRPS of the positions in price units. None where there are
    fewer than 250 days before the year.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, or a number is infinite.
        ModelNotApplicable: the prices of a position never moved.
    """
    cut = len(dates) - SCORED_DAYS
    if cut < LEAST_DAYS or len(fill_days(changes[:cut])) < LEAST_DAYS:
        return None
    parameters = fit_density(product, positions, dates[:cut], changes[:cut], settings)
    ours = _scores(parameters, dates, changes, cut)
    return ScoredDensity(
        scored_from=dates[cut],
        scores=tuple(_score(ours[horizon], changes, cut, horizon) for horizon in HORIZONS),
    )


def _scores(
    parameters: DensityParameters, dates: Sequence[date], changes: Reals, cut: int
) -> dict[int, Reals]:
    """Return, by horizon, the score of each forecast that ends within the history."""
    kept = max(0, cut - parameters.settings.residual_window - LEAST_DAYS)
    state = replay(parameters, dates[kept:cut], changes[kept:cut])
    outcomes = {horizon: _sums(changes[cut:], horizon) for horizon in HORIZONS}
    found: dict[int, list[float]] = {horizon: [] for horizon in HORIZONS}
    for row, day in enumerate(dates[cut:]):
        drawn = scenario_changes(parameters, state, HORIZONS, paths=_PATHS)
        for horizon in HORIZONS:
            if row < len(outcomes[horizon]):
                found[horizon].append(_crps(drawn[horizon], outcomes[horizon][row]))
        state = update(parameters, state, day, changes[cut + row])
    return {horizon: np.array(scores) for horizon, scores in found.items()}


def _score(ours: Reals, changes: Reals, cut: int, horizon: int) -> SkillScore:
    peers = {window: _historical(changes, cut, horizon, window) for window in WINDOWS}
    known = np.isfinite(ours)
    best = min(WINDOWS, key=lambda window: float(peers[window][known].mean()))
    ours, peer = ours[known], peers[best][known]
    difference = bootstrap_interval(
        ours - peer,
        lambda values: float(values.mean()),
        mean_length=min(_BLOCK_DAYS, len(ours)),
        resamples=_RESAMPLES,
    )
    return SkillScore(
        metric="CRPS",
        horizon=horizon,
        ours=float(ours.mean()),
        baseline=float(peer.mean()),
        baseline_name=f"historical simulation of {best} days",
        low=difference.lower,
        high=difference.upper,
    )


def _historical(changes: Reals, cut: int, horizon: int, window: int) -> Reals:
    """Return the scores of the last overlapping sums of `window` days before each forecast."""
    sums = _sums(changes, horizon)
    scores = []
    for row in range(cut, len(sums)):
        past = sums[max(0, row - window) : row - horizon + 1]
        scores.append(_crps(past[np.isfinite(past).all(axis=1)].T, sums[row]))
    return np.array(scores)


def _crps(samples: Reals, outcome: Reals) -> float:
    """Return the mean score of the positions whose outcome is known, nan where none is."""
    known = np.isfinite(outcome)
    if not known.any():
        return np.nan
    return float(crps_sample(samples[known], outcome[known]).mean())


def _sums(changes: Reals, horizon: int) -> Reals:
    """Return the changes over `horizon` days from each day on, nan where one is missing."""
    windows = np.lib.stride_tricks.sliding_window_view(changes, horizon, axis=0)
    total: Reals = windows.sum(axis=-1)
    return total
