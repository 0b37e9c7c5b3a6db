"""Check each model against its own definition, written out, and that none looks ahead."""

from dataclasses import replace

import numpy as np
import pytest
from arch import arch_model
from scipy.integrate import quad
from scipy.stats import norm

from core.backtests import BacktestModel
from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.backtest.forecasters import forecast
from quant.backtest.walk import Reals, Walk
from tests.unit.quant.backtest.walks import made_up, walk_of

LEVELS = np.array([0.01, 0.05, 0.5, 0.95])
HORIZONS = (1, 5)
WINDOW = 200


def told(walk: Walk, model: BacktestModel) -> tuple[Reals, Reals]:
    found = forecast(walk, model, WINDOW if model.has_window else None, HORIZONS, LEVELS)
    return found.quantiles, found.crps


def deviations(walk: Walk, model: BacktestModel) -> Reals:
    """Return the standard deviations (days, horizons) of a normal model's first position."""
    quantiles, _ = told(walk, model)
    found: Reals = quantiles[:, :, 3, 0] / norm.ppf(0.95)
    return found


@pytest.mark.parametrize("model", list(BacktestModel))
def test_nothing_of_a_day_or_after_it_is_used(model: BacktestModel) -> None:
    walk = made_up(days=330)
    quantiles, crps = told(walk, model)
    changed = walk.changes.copy()
    changed[315:] = 50.0
    others, scores = told(replace(walk, changes=changed), model)
    assert np.array_equal(quantiles[:16], others[:16])
    assert not np.array_equal(quantiles[16:], others[16:]) or model is BacktestModel.NAIVE
    assert np.array_equal(crps[:15, 0], scores[:15, 0])
    assert not np.array_equal(crps[15:, 0], scores[15:, 0])


@pytest.mark.parametrize("model", list(BacktestModel))
def test_scores_are_those_of_outcomes_inside_the_walk(model: BacktestModel) -> None:
    walk = made_up(days=320)
    quantiles, crps = told(walk, model)
    assert quantiles.shape == (20, 2, 4, 2)
    assert np.isfinite(quantiles).all()
    assert np.isfinite(crps[:, 0]).all()
    assert np.isfinite(crps[:16, 1]).all()
    assert np.isnan(crps[16:, 1]).all()


def test_historical_simulation_is_that_of_the_last_days() -> None:
    walk = made_up()
    quantiles, crps = told(walk, BacktestModel.HISTORICAL)
    for row, horizon in enumerate(HORIZONS):
        day = walk.first + 40
        past = walk.changes[day - WINDOW : day, 1]
        sums = np.array([past[n : n + horizon].sum() for n in range(WINDOW - horizon + 1)])
        assert quantiles[40, row, :, 1] == pytest.approx(np.quantile(sums, LEVELS))
        came = walk.changes[day : day + horizon, 1].sum()
        pairs = np.abs(sums[:, None] - sums[None, :]).mean()
        assert crps[40, row, 1] == pytest.approx(np.abs(sums - came).mean() - pairs / 2)


def test_unchanged_prices_keep_the_distribution_that_they_began_with() -> None:
    walk = made_up()
    naive, _ = told(walk, BacktestModel.NAIVE)
    historical, _ = told(walk, BacktestModel.HISTORICAL)
    assert (naive == naive[:1]).all()
    assert naive[0] == pytest.approx(historical[0])


def test_a_random_walk_is_normal_with_the_mean_square_of_its_window() -> None:
    walk = made_up()
    quantiles, crps = told(walk, BacktestModel.RANDOM_WALK)
    day = walk.first + 7
    size = np.sqrt(5 * np.mean(walk.changes[day - WINDOW : day, 0] ** 2))
    assert quantiles[7, 1, :, 0] == pytest.approx(size * norm.ppf(LEVELS))
    came = walk.changes[day : day + 5, 0].sum()
    score, _ = quad(lambda x: (norm.cdf(x, scale=size) - (x >= came)) ** 2, -60, 60, limit=400)
    assert crps[7, 1, 0] == pytest.approx(score, rel=1e-4)


def test_ewma_forgets_as_riskmetrics_does() -> None:
    walk = made_up()
    found = deviations(walk, BacktestModel.EWMA)
    variance = np.mean(walk.changes[:75, 0] ** 2)
    for change in walk.changes[: walk.first + 3, 0]:
        variance = 0.94 * variance + 0.06 * change**2
    assert found[3] == pytest.approx(np.sqrt(np.array([1, 5]) * variance))


def test_garch_forecasts_as_arch_does() -> None:
    walk = made_up(days=900, first=880, positions=(1,))
    found = forecast(walk, BacktestModel.GARCH, 800, HORIZONS, LEVELS)
    past = walk.changes[80:880, 0]
    fitted = arch_model(past, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off")
    variances = fitted.forecast(horizon=5).variance.to_numpy()[-1]
    expected = np.sqrt([variances[0], variances.sum()]) * norm.ppf(0.95)
    assert found.quantiles[0, :, 3, 0] == pytest.approx(expected, rel=1e-3)


def test_har_is_least_squares_on_the_last_day_week_and_month() -> None:
    walk = made_up()
    squares = walk.changes[walk.first - WINDOW : walk.first, 0] ** 2
    rows = range(22, WINDOW)
    design = np.array([[1.0, *(squares[n - lag : n].mean() for lag in (1, 5, 22))] for n in rows])
    found, *_ = np.linalg.lstsq(design, squares[22:], rcond=None)
    expected = found @ [1.0, *(squares[-lag:].mean() for lag in (1, 5, 22))]
    assert deviations(walk, BacktestModel.HAR)[0, 0] == pytest.approx(np.sqrt(expected))


def test_days_without_a_price_are_left_out() -> None:
    walk = made_up()
    changes = walk.changes.copy()
    changes[250:252, 0] = np.nan
    changes[310, 0] = np.nan
    gaps, _ = told(replace(walk, changes=changes), BacktestModel.HISTORICAL)
    known = np.delete(walk.changes[:, 0], [250, 251])[: walk.first - 2]
    assert gaps[0, 0, :, 0] == pytest.approx(np.quantile(known[-WINDOW:], LEVELS))
    crps = told(replace(walk, changes=changes), BacktestModel.HISTORICAL)[1]
    assert np.isnan(crps[10, 0, 0])
    assert np.isfinite(crps[10, 0, 1])
    assert np.isnan(crps[6:11, 1, 0]).all()


@pytest.mark.parametrize("model", list(BacktestModel))
def test_too_short_a_history_is_refused(model: BacktestModel) -> None:
    walk = made_up(days=100, first=70)
    with pytest.raises(HistoryTooShort):
        told(walk, model)


@pytest.mark.parametrize(
    "model", [BacktestModel.RANDOM_WALK, BacktestModel.EWMA, BacktestModel.GARCH, BacktestModel.HAR]
)
def test_prices_that_never_moved_are_refused(model: BacktestModel) -> None:
    with pytest.raises(ModelNotApplicable):
        told(walk_of(np.zeros((320, 1)), 300), model)


def test_a_walk_checks_its_days() -> None:
    walk = made_up()
    with pytest.raises(InvalidInput):
        replace(walk, first=walk.last + 1)
    with pytest.raises(InvalidInput):
        replace(walk, changes=walk.changes[:, :1])
    with pytest.raises(InvalidInput):
        replace(walk, changes=np.where(walk.changes > 1.0, np.inf, walk.changes))
