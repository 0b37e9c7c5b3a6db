"""Own how a model's forecasts are judged: scores with intervals, beside those of the baselines.

Intervals are percentiles of means over resampled days, by stationary blocks (Politis and Romano
1994), the same resamples for every model, so that differences are of paired days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, isfinite

import numpy as np
from arch.bootstrap import optimal_block_length
from numpy.typing import NDArray

from core.backtests import BacktestMetric, BacktestModel
from core.errors import HistoryTooShort
from quant.backtest.walk import Forecasts, KnownChanges, Walk, horizon_sums
from quant.coverage.conditional import conditional_coverage
from quant.forecast.scores.bootstrap import resampled_days

Reals = NDArray[np.float64]

LEAST_SCORED = 20
RESAMPLES = 500
CONFIDENCE = 0.95
MEDIAN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Hold a mean, and the ends of its 95 % confidence interval; None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Hold one measure of a model on one position and horizon, over `days` scored days.

    `level` is that of the quantile, or of confidence; None where there is none. `differences` are
    the model's mean less that of each baseline: below 0 the model is better.
    """

    position: int
    horizon: int
    metric: BacktestMetric
    level: float | None
    days: int
    estimate: Estimate
    differences: Mapping[BacktestModel, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardsticks:
    """Say what is judged: horizons, quantile levels that rise, and confidences of value at risk.

    `levels` holds 0.5 and, of each confidence c, 1 − c. `training_days` before the first are those
    whose unchanged prices scale absolute errors.
    """

    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    pinball_levels: tuple[float, ...]
    confidences: tuple[float, ...]
    training_days: int

    @classmethod
    def of(
        cls,
        horizons: Sequence[int],
        pinball_levels: Sequence[float],
        confidences: Sequence[float],
        training_days: int,
    ) -> "Yardsticks":
        """Put together the levels at which quantiles are needed."""
        needed = {*pinball_levels, MEDIAN, *(_tail(one) for one in confidences)}
        return cls(
            horizons=tuple(horizons),
            levels=tuple(sorted(needed)),
            pinball_levels=tuple(pinball_levels),
            confidences=tuple(confidences),
            training_days=training_days,
        )


def judge(
    walk: Walk,
    model: Forecasts,
    baselines: Mapping[BacktestModel, Forecasts],
    yardsticks: Yardsticks,
    *,
    seed: int = 0,
) -> list[Judgement]:
    """Judge a model's forecasts on each position and horizon that has 20 scored days or more."""
    found: list[Judgement] = []
    for column in range(len(walk.positions)):
        for row, horizon in enumerate(yardsticks.horizons):
            came = walk.outcomes(horizon)[:, column]
            if np.count_nonzero(np.isfinite(came)) >= LEAST_SCORED:
                cell = _Cell(walk, yardsticks, column, row, came, seed)
                found.extend(cell.judgements(model, baselines))
    return found


def unjudged(walk: Walk, yardsticks: Yardsticks) -> list[tuple[int, int, HistoryTooShort]]:
    """Return each (position, horizon) that has too few scored days, and why that is."""
    found = []
    for column, position in enumerate(walk.positions):
        for horizon in yardsticks.horizons:
            days = int(np.count_nonzero(np.isfinite(walk.outcomes(horizon)[:, column])))
            if days < LEAST_SCORED:
                why = HistoryTooShort(subject="scores", needed=LEAST_SCORED, found=days)
                found.append((position, horizon, why))
    return found


@dataclass(frozen=True, slots=True)
class _Loss:
    """Name a daily loss: of the columns of `_Cell.losses`, one."""

    metric: BacktestMetric
    level: float | None


class _Cell:
    """Judge forecasts of one position over one horizon."""

    def __init__(
        self, walk: Walk, yardsticks: Yardsticks, column: int, row: int, came: Reals, seed: int
    ) -> None:
        self._position = walk.positions[column]
        self._horizon = yardsticks.horizons[row]
        self._place = (column, row)
        self._asked = yardsticks
        self._known = np.isfinite(came)
        self._came = came[self._known]
        self._scale = _naive_error(walk, column, self._horizon, yardsticks.training_days)
        self._seed = seed

    def judgements(
        self, model: Forecasts, baselines: Mapping[BacktestModel, Forecasts]
    ) -> list[Judgement]:
        losses, exceptions = self._daily(model), self._exceptions(model)
        theirs = {name: self._daily(one) for name, one in baselines.items()}
        parts = [losses, exceptions, *theirs.values()]
        edges = np.cumsum([part.shape[1] for part in parts])[:-1]
        own, shares, *others = np.split(self._resampled(np.hstack(parts)), edges, axis=1)
        found = []
        for place, name in enumerate(self._losses()):
            differences = {
                baseline: _estimate(
                    losses[:, place] - daily[:, place], own[:, place] - other[:, place]
                )
                for (baseline, daily), other in zip(theirs.items(), others, strict=True)
            }
            estimate = _estimate(losses[:, place], own[:, place])
            found.append(self._judgement(name.metric, name.level, estimate, differences))
        for place, confidence in enumerate(self._asked.confidences):
            estimate = _estimate(exceptions[:, place], shares[:, place])
            found.append(self._judgement(BacktestMetric.EXCEPTIONS, confidence, estimate))
            found.extend(self._tests(exceptions[:, place], confidence))
        return found

    def _tests(self, exceptions: Reals, confidence: float) -> list[Judgement]:
        """Return the p-values of the tests, of one day alone: longer horizons overlap."""
        if self._horizon > 1:
            return []
        tested = conditional_coverage(exceptions > 0.0, _tail(confidence))
        return [
            self._judgement(metric, confidence, Estimate(value=ratio.p_value))
            for metric, ratio in (
                (BacktestMetric.KUPIEC_P, tested.unconditional),
                (BacktestMetric.CHRISTOFFERSEN_P, tested.independence),
                (BacktestMetric.JOINT_P, tested.joint),
            )
        ]

    def _judgement(
        self,
        metric: BacktestMetric,
        level: float | None,
        estimate: Estimate,
        differences: Mapping[BacktestModel, Estimate] | None = None,
    ) -> Judgement:
        return Judgement(
            position=self._position,
            horizon=self._horizon,
            metric=metric,
            level=level,
            days=len(self._came),
            estimate=estimate,
            differences=differences or {},
        )

    def _losses(self) -> list[_Loss]:
        pinball = [_Loss(BacktestMetric.PINBALL, level) for level in self._asked.pinball_levels]
        scaled = [] if self._scale is None else [_Loss(BacktestMetric.MASE, None)]
        return [_Loss(BacktestMetric.CRPS, None), *pinball, *scaled]

    def _daily(self, forecasts: Forecasts) -> Reals:
        """Return the losses (days, losses) of days whose outcome is known."""
        column, row = self._place
        columns = [forecasts.crps[self._known, row, column]]
        for level in self._asked.pinball_levels:
            errors = self._came - self._quantile(forecasts, level)
            columns.append(np.maximum(level * errors, (level - 1.0) * errors))
        if self._scale is not None:
            columns.append(np.abs(self._came - self._quantile(forecasts, MEDIAN)) / self._scale)
        return np.stack(columns, axis=1)

    def _exceptions(self, forecasts: Forecasts) -> Reals:
        """Return 1 where a long position lost more than its value at risk, (days, confidences)."""
        columns = [
            self._came < self._quantile(forecasts, _tail(confidence))
            for confidence in self._asked.confidences
        ]
        return np.array(columns, dtype=np.float64).reshape(len(columns), -1).T

    def _quantile(self, forecasts: Forecasts, level: float) -> Reals:
        column, row = self._place
        place = self._asked.levels.index(level)
        values: Reals = forecasts.quantiles[self._known, row, place, column]
        return values

    def _resampled(self, daily: Reals) -> Reals:
        """Return the means (resamples, columns) of daily values over resampled days."""
        length = _block_length(daily[:, 0], self._horizon)
        means: Reals = _shares(len(daily), length, self._seed) @ daily
        return means


@lru_cache(maxsize=8)
def _shares(days: int, mean_length: int, seed: int) -> Reals:
    """Return how often each day is among those resampled, of all, (resamples, days)."""
    drawn = resampled_days(days, mean_length=mean_length, resamples=RESAMPLES, seed=seed)
    counts = [np.bincount(row, minlength=days) for row in drawn]
    shares = np.array(counts, dtype=np.float64) / days
    shares.setflags(write=False)
    return shares


def _tail(confidence: float) -> float:
    return round(1.0 - confidence, 12)


def _estimate(daily: Reals, resampled: Reals) -> Estimate:
    rest = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(resampled, [rest, 1.0 - rest])
    return Estimate(value=float(daily.mean()), low=float(low), high=float(high))


def _block_length(scores: Reals, horizon: int) -> int:
    """Return the mean length of blocks: optimal for the scores, and no shorter than the horizon.

    By the rule of Politis and White (2004), corrected by Patton, Politis and White (2009), in whole
    days, so that cells of one length share their resamples.
    """
    found = float(horizon)
    if np.ptp(scores) > 0.0:
        # of scores without any pattern the rule may divide by nothing
        with np.errstate(invalid="ignore", divide="ignore"):
            optimal = float(optimal_block_length(scores)["stationary"].iloc[0])
        found = max(found, optimal) if isfinite(optimal) else found
    return min(ceil(found), len(scores))


def _naive_error(walk: Walk, column: int, horizon: int, days: int) -> float | None:
    """Return the mean absolute change over the horizon in training, None if nothing moved then."""
    past = KnownChanges.of(walk.changes[: walk.first, column]).values[-days:]
    if len(past) < horizon:
        return None
    error = float(np.abs(horizon_sums(past, horizon)).mean())
    return error if error > 0.0 else None
