"""Own the body of a backtest's chunks: one model over one product and period, scored."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from core.backtests import BASELINES, BacktestMetric, BacktestModel
from core.specifications.backtest import BacktestSpecification
from jobs.plans.backtests import BacktestUnit, BacktestWork, history_of, units
from quant.backtest.judging import Estimate, Judgement, Yardsticks
from quant.backtest.units import carry_out
from quant.backtest.walk import Walk


def score(work: BacktestWork, index: int) -> dict[str, Any]:
    """Carry out the unit of an index: its rows, or one for each that was skipped and why."""
    specification = work.specification
    unit = units(specification, work.problem)[index]
    walk = _walk(work, unit)
    yardsticks = Yardsticks.of(
        specification.horizons,
        specification.levels,
        specification.confidences,
        unit.window or specification.longest_window,
    )
    if walk is None:
        return {"rows": [_row(work, unit, **told) for told in _nothing_settled(specification)]}
    found = carry_out(
        walk,
        unit.model,
        unit.window,
        specification.longest_window,
        yardsticks,
        seed=specification.seed,
    )
    rows = [_row(work, unit, **_judged(judgement)) for judgement in found.judgements]
    rows += [
        _row(work, unit, **_skipped(one.position, one.horizon, one.error.detail))
        for one in found.skipped
    ]
    return {"rows": sorted(rows, key=lambda row: (row["position"], row["horizon"]))}


def _walk(work: BacktestWork, unit: BacktestUnit) -> Walk | None:
    """Return the walk of a unit, None if its product did not settle in its period."""
    positions, period = work.specification.positions, work.problem["periods"][unit.period]
    history = history_of(work.problem, unit.product)
    begins, ends = (date.fromisoformat(period[name]) for name in ("first", "last"))
    days = history.dates[1:]
    scored = [row for row, day in enumerate(days) if begins <= day <= ends]
    if not scored:
        return None
    changes = history.held_changes(positions[-1])
    return Walk(
        product=unit.product,
        positions=positions,
        dates=days,
        changes=changes[:, [position - 1 for position in positions]],
        first=scored[0],
        last=scored[-1],
    )


def _row(work: BacktestWork, unit: BacktestUnit, **told: Any) -> dict[str, Any]:
    period = work.problem["periods"][unit.period]
    return {
        "product": unit.product,
        "position": told.pop("position"),
        "horizon": told.pop("horizon"),
        "first": period["first"],
        "last": period["last"],
        "model": unit.model.value,
        "window": unit.window,
        **told,
    }


def _judged(judgement: Judgement) -> dict[str, Any]:
    return {
        "position": judgement.position,
        "horizon": judgement.horizon,
        "metric": judgement.metric.value,
        "level": judgement.level,
        "days": judgement.days,
        "value": judgement.estimate.value,
        "low": judgement.estimate.low,
        "high": judgement.estimate.high,
        **{
            name: value
            for baseline in BASELINES
            for name, value in _difference(baseline, judgement.differences.get(baseline))
        },
        "reason": None,
    }


def _difference(
    baseline: BacktestModel, estimate: Estimate | None
) -> Iterator[tuple[str, float | None]]:
    yield f"{baseline}_difference", None if estimate is None else estimate.value
    yield f"{baseline}_low", None if estimate is None else estimate.low
    yield f"{baseline}_high", None if estimate is None else estimate.high


def _skipped(position: int, horizon: int, reason: str) -> dict[str, Any]:
    return {
        "position": position,
        "horizon": horizon,
        "metric": BacktestMetric.SKIPPED.value,
        "level": None,
        "days": 0,
        "value": None,
        "low": None,
        "high": None,
        **{name: value for one in BASELINES for name, value in _difference(one, None)},
        "reason": reason,
    }


def _nothing_settled(specification: BacktestSpecification) -> Iterator[dict[str, Any]]:
    for position in specification.positions:
        for horizon in specification.horizons:
            yield _skipped(position, horizon, "nothing was settled in this period")
