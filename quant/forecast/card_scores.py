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
Booleans = NDArray[np.bool_]

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
    The score of a day is the mean CRPS in price units of those positions whose outcome is known
    and whose past has such changes to draw from. A horizon without such a day is left out; None
    where all are, or there are fewer than 250 days before the year.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, or a number is infinite.
        ModelNotApplicable: the prices of a position never moved.
    """
    cut = len(dates) - SCORED_DAYS
    if cut < LEAST_DAYS or len(fill_days(changes[:cut])) < LEAST_DAYS:
        return None
    parameters = fit_density(product, positions, dates[:cut], changes[:cut], settings)
    ours = _scores(parameters, dates, changes, cut)
    found = [_score(ours[horizon], changes, cut, horizon) for horizon in HORIZONS]
    scores = tuple(score for score in found if score is not None)
    return ScoredDensity(scored_from=dates[cut], scores=scores) if scores else None


def _scores(
    parameters: DensityParameters, dates: Sequence[date], changes: Reals, cut: int
) -> dict[int, Reals]:
    """Return, by horizon, the scores (days, positions) of forecasts that end in the history."""
    kept = max(0, cut - parameters.settings.residual_window - LEAST_DAYS)
    state = replay(parameters, dates[kept:cut], changes[kept:cut])
    outcomes = {horizon: _sums(changes[cut:], horizon) for horizon in HORIZONS}
    found: dict[int, list[Reals]] = {horizon: [] for horizon in HORIZONS}
    for row, day in enumerate(dates[cut:]):
        drawn = scenario_changes(parameters, state, HORIZONS, paths=_PATHS)
        for horizon in HORIZONS:
            if row < len(outcomes[horizon]):
                found[horizon].append(_crps(drawn[horizon], outcomes[horizon][row]))
        state = update(parameters, state, day, changes[cut + row])
    return {horizon: np.array(scores) for horizon, scores in found.items()}


def _score(ours: Reals, changes: Reals, cut: int, horizon: int) -> SkillScore | None:
    peers = {window: _historical(changes, cut, horizon, window) for window in WINDOWS}
    known = np.asarray(np.isfinite([ours, *peers.values()]).all(axis=0))
    if not known.any():
        return None
    best = min(WINDOWS, key=lambda window: float(_daily(peers[window], known).mean()))
    daily, peer = _daily(ours, known), _daily(peers[best], known)
    difference = bootstrap_interval(
        daily - peer,
        lambda values: float(values.mean()),
        mean_length=min(_BLOCK_DAYS, len(daily)),
        resamples=_RESAMPLES,
    )
    return SkillScore(
        metric="CRPS",
        horizon=horizon,
        ours=float(daily.mean()),
        baseline=float(peer.mean()),
        baseline_name=f"historical simulation of {best} days",
        low=difference.lower,
        high=difference.upper,
    )


def _daily(scores: Reals, known: Booleans) -> Reals:
    """Return the mean of the known positions (days,) on each day that has one."""
    some = known.any(axis=1)
    means: Reals = np.where(known, scores, 0.0)[some].sum(axis=1) / known[some].sum(axis=1)
    return means


def _historical(changes: Reals, cut: int, horizon: int, window: int) -> Reals:
    """Return the scores of the last overlapping sums of `window` days before each forecast.

    They are (days, positions); a position draws from those of its own sums that are known.
    """
    sums = _sums(changes, horizon)
    scores = []
    for row in range(cut, len(sums)):
        past = sums[max(0, row - window) : row - horizon + 1]
        if np.isfinite(past).all():
            scores.append(_crps(past.T, sums[row]))
            continue
        alone = [
            _crps(column[None, np.isfinite(column)], sums[row, [place]])
            for place, column in enumerate(past.T)
        ]
        scores.append(np.concatenate(alone))
    return np.array(scores)


def _crps(samples: Reals, outcome: Reals) -> Reals:
    """Return the score of each position, nan where its outcome is not known, or no sample is."""
    scores = np.full(outcome.shape, np.nan)
    known = np.isfinite(outcome)
    if known.any() and samples.shape[1]:
        scores[known] = crps_sample(samples[known], outcome[known])
    return scores


def _sums(changes: Reals, horizon: int) -> Reals:
    """Return the changes over `horizon` days from each day on, nan where one is missing."""
    windows = np.lib.stride_tricks.sliding_window_view(changes, horizon, axis=0)
    total: Reals = windows.sum(axis=-1)
    return total
