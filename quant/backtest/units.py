"""Own one unit of a backtest: one model over one product and period, beside both baselines."""

from dataclasses import dataclass

import numpy as np

from core.backtests import BASELINES, BacktestModel
from core.errors import HeliostatError, HistoryTooShort, ModelNotApplicable
from quant.backtest.forecasters import forecast
from quant.backtest.judging import Judgement, Yardsticks, judge, unjudged
from quant.backtest.walk import Forecasts, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Hold a position and horizon that could not be judged, and the error that says why."""

    position: int
    horizon: int
    error: HeliostatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Hold what was found of one unit, in the order of positions and horizons."""

    judgements: tuple[Judgement, ...]
    skipped: tuple[Skipped, ...]


def carry_out(
    walk: Walk,
    model: BacktestModel,
    window: int | None,
    baseline_window: int,
    yardsticks: Yardsticks,
    *,
    seed: int = 0,
) -> Unit:
    """Walk a model forward and judge it; what cannot be judged is skipped with the reason.

    Each position is walked alone, except by the density model, whose positions share their days.
    Baselines learn from the window of the model, or from `baseline_window` where it has none. One
    that cannot be walked leaves out its differences.
    """
    parts = [walk] if model is BacktestModel.DENSITY else _by_position(walk)
    judgements: list[Judgement] = []
    skipped: list[Skipped] = []
    for part in parts:
        try:
            found = _forecast(part, model, window, yardsticks, seed)
        except (HistoryTooShort, ModelNotApplicable) as error:
            skipped.extend(
                Skipped(position=position, horizon=horizon, error=error)
                for position in part.positions
                for horizon in yardsticks.horizons
            )
            continue
        skipped.extend(
            Skipped(position=position, horizon=horizon, error=error)
            for position, horizon, error in unjudged(part, yardsticks)
        )
        baselines = _baselines(part, window or baseline_window, yardsticks, seed)
        judgements.extend(judge(part, found, baselines, yardsticks, seed=seed))
    return Unit(judgements=tuple(judgements), skipped=tuple(skipped))


def _baselines(
    walk: Walk, window: int, yardsticks: Yardsticks, seed: int
) -> dict[BacktestModel, Forecasts]:
    found = {}
    for baseline in BASELINES:
        try:
            found[baseline] = _forecast(walk, baseline, window, yardsticks, seed)
        except (HistoryTooShort, ModelNotApplicable):
            continue
    return found


def _forecast(
    walk: Walk, model: BacktestModel, window: int | None, yardsticks: Yardsticks, seed: int
) -> Forecasts:
    levels = np.array(yardsticks.levels)
    return forecast(walk, model, window, yardsticks.horizons, levels, seed=seed)


def _by_position(walk: Walk) -> list[Walk]:
    return [
        Walk(
            product=walk.product,
            positions=(position,),
            dates=walk.dates,
            changes=walk.changes[:, [column]],
            first=walk.first,
            last=walk.last,
        )
        for column, position in enumerate(walk.positions)
    ]
