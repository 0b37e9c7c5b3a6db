"""Check scores and intervals against an independent bootstrap and published tests."""

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap

from core.backtests import BacktestMetric, BacktestModel
from quant.backtest.forecasters import forecast
from quant.backtest.judging import Estimate, Judgement, Yardsticks, judge
from quant.backtest.units import Unit, carry_out
from quant.backtest.walk import Forecasts, Walk
from quant.coverage.unconditional import kupiec
from tests.unit.quant.backtest.walks import made_up, walk_of

YARDSTICKS = Yardsticks.of((1, 5), (0.25, 0.75), (0.95, 0.99), 200)


def unit(walk: Walk, model: BacktestModel, seed: int = 0) -> Unit:
    window = 200 if model.has_window else None
    return carry_out(walk, model, window, 200, YARDSTICKS, seed=seed)


def pick(
    judgements: tuple[Judgement, ...] | list[Judgement],
    metric: BacktestMetric,
    level: float | None = None,
    position: int = 1,
    horizon: int = 1,
) -> Judgement:
    (found,) = (
        one
        for one in judgements
        if (one.metric, one.level, one.position, one.horizon) == (metric, level, position, horizon)
    )
    return found


def ends(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


def test_levels_that_measures_need_are_forecast() -> None:
    assert YARDSTICKS.levels == (0.01, 0.05, 0.25, 0.5, 0.75)


def test_measures_are_means_over_the_days_scored() -> None:
    walk = made_up()
    levels = np.array(YARDSTICKS.levels)
    found = forecast(walk, BacktestModel.HISTORICAL, 200, (1, 5), levels)
    judged = unit(walk, BacktestModel.HISTORICAL).judgements
    came = walk.changes[300:, 0]
    crps = pick(judged, BacktestMetric.CRPS)
    assert crps.days == 100
    assert crps.estimate.value == pytest.approx(found.crps[:, 0, 0].mean())
    quarter = came - found.quantiles[:, 0, 2, 0]
    pinball = pick(judged, BacktestMetric.PINBALL, 0.25).estimate.value
    assert pinball == pytest.approx(np.where(quarter > 0, 0.25, -0.75) @ quarter / 100)
    scaled = pick(judged, BacktestMetric.MASE).estimate.value
    errors = np.abs(came - found.quantiles[:, 0, 3, 0]).mean()
    assert scaled == pytest.approx(errors / np.abs(walk.changes[100:300, 0]).mean())
    exceptions = int((came < found.quantiles[:, 0, 1, 0]).sum())
    share = pick(judged, BacktestMetric.EXCEPTIONS, 0.95)
    assert share.estimate.value == pytest.approx(exceptions / 100)
    p_value = pick(judged, BacktestMetric.KUPIEC_P, 0.95).estimate
    assert p_value.value == pytest.approx(kupiec(exceptions, 100, 0.05).p_value)
    assert (p_value.low, p_value.high) == (None, None)
    assert pick(judged, BacktestMetric.CRPS, horizon=5).days == 96
    assert not [one for one in judged if one.horizon == 5 and one.metric.value.endswith("_p")]


def test_intervals_are_those_of_an_independent_bootstrap() -> None:
    walk = made_up(days=700)
    found = forecast(walk, BacktestModel.HISTORICAL, 200, (1,), np.array(YARDSTICKS.levels))
    judged = unit(walk, BacktestModel.HISTORICAL).judgements
    estimate = pick(judged, BacktestMetric.CRPS).estimate
    scores = found.crps[:, 0, 0]
    peer = StationaryBootstrap(5, scores, seed=3)
    (low,), (high,) = peer.conf_int(np.mean, reps=2_000, method="percentile")
    assert ends(estimate) == pytest.approx((low, high), abs=0.25 * (high - low))
    assert ends(estimate)[0] < estimate.value < ends(estimate)[1]


def test_differences_are_of_paired_days() -> None:
    walk = made_up(days=700)
    ours = unit(walk, BacktestModel.EWMA).judgements
    naive = unit(walk, BacktestModel.NAIVE).judgements
    for metric, level in ((BacktestMetric.CRPS, None), (BacktestMetric.PINBALL, 0.75)):
        model, baseline = (pick(each, metric, level) for each in (ours, naive))
        beside = model.differences[BacktestModel.NAIVE]
        expected = model.estimate.value - baseline.estimate.value
        assert beside.value == pytest.approx(expected)
        low, high = ends(beside)
        assert low < beside.value < high
        # pairs move together, so their difference is surer than either score
        assert high - low < np.diff(ends(model.estimate))[0]
    itself = pick(naive, BacktestMetric.CRPS).differences[BacktestModel.NAIVE]
    assert (itself.value, itself.low, itself.high) == (0.0, 0.0, 0.0)


def test_a_forecast_that_knows_more_is_better_beyond_chance() -> None:
    walk = made_up(days=900, first=400)
    levels = np.array(YARDSTICKS.levels)
    came = np.stack([walk.outcomes(1), walk.outcomes(5)], axis=1)
    known = np.where(np.isfinite(came), came, 0.0)
    oracle = Forecasts(
        quantiles=np.repeat(known[:, :, None], len(levels), axis=2),
        crps=np.where(np.isfinite(came), 0.0, np.nan),
    )
    baseline = forecast(walk, BacktestModel.NAIVE, 200, (1, 5), levels)
    judged = judge(walk, oracle, {BacktestModel.NAIVE: baseline}, YARDSTICKS)
    for one in judged:
        if BacktestModel.NAIVE in one.differences:
            assert ends(one.differences[BacktestModel.NAIVE])[1] < 0.0
    assert pick(judged, BacktestMetric.EXCEPTIONS, 0.99).estimate.value == 0.0


def test_a_seed_repeats_the_intervals() -> None:
    walk = made_up()
    first, second, other = (unit(walk, BacktestModel.EWMA, seed) for seed in (4, 4, 5))
    assert first == second
    assert first != other
    values = [[one.estimate.value for one in found.judgements] for found in (first, other)]
    assert values[0] == values[1]


def test_what_cannot_be_judged_says_why() -> None:
    few = unit(walk_of(made_up(days=322).changes[:, :1], 300), BacktestModel.EWMA)
    assert {one.horizon for one in few.judgements} == {1}
    (skipped,) = few.skipped
    assert (skipped.position, skipped.horizon) == (1, 5)
    assert "there are 18" in str(skipped.error)
    short = unit(made_up(days=180, first=120), BacktestModel.EWMA)
    assert not short.skipped
    assert all(not one.differences for one in short.judgements)
    none = unit(made_up(days=180, first=120), BacktestModel.HISTORICAL)
    assert not none.judgements
    assert len(none.skipped) == 4


def test_a_position_without_prices_hinders_no_other() -> None:
    walk = made_up()
    changes = walk.changes.copy()
    changes[:, 1] = np.nan
    found = unit(
        Walk(
            product="CL",
            positions=(1, 2),
            dates=walk.dates,
            changes=changes,
            first=walk.first,
            last=walk.last,
        ),
        BacktestModel.RANDOM_WALK,
    )
    assert {one.position for one in found.judgements} == {1}
    assert {one.position for one in found.skipped} == {2}
