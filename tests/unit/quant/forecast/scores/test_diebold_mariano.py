import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.forecast.scores.diebold_mariano import diebold_mariano


def losses(days: int, seed: int, advantage: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    common = generator.standard_normal(days + 4) ** 2
    common = np.convolve(common, np.ones(5) / 5, "valid")
    return common + 0.3 * generator.random(days) - advantage, common + 0.3 * generator.random(days)


@pytest.mark.parametrize("horizon", [1, 5])
def test_the_statistic_is_that_of_a_regression_on_a_constant(horizon: int) -> None:
    first, second = losses(300, 0, 0.02)
    found = diebold_mariano(first, second, horizon)
    # statsmodels: HAC with equal weights to lag h−1, no correction for few days
    fit = OLS(first - second, np.ones(300)).fit(
        cov_type="HAC",
        cov_kwds={"maxlags": horizon - 1, "kernel": "uniform", "use_correction": False},
    )
    harvey = np.sqrt((301 - 2 * horizon + horizon * (horizon - 1) / 300) / 300)
    assert found.statistic == pytest.approx(fit.tvalues[0] * harvey, rel=1e-10)
    assert found.mean_difference == pytest.approx(np.mean(first - second))


def test_equal_forecasts_are_rejected_as_often_as_the_level_says() -> None:
    values = [diebold_mariano(*losses(200, seed)).p_value for seed in range(600)]
    assert np.mean(np.array(values) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_the_better_forecast_has_a_negative_statistic() -> None:
    first, second = losses(500, 1, 0.1)
    better = diebold_mariano(first, second, 5)
    assert better.statistic < -3.0
    assert better.p_value < 0.01
    assert diebold_mariano(second, first, 5).statistic == pytest.approx(-better.statistic)


def test_a_negative_variance_falls_back_to_bartletts_weights() -> None:
    difference = np.tile([1.0, -1.0, 1.1], 40) + 0.01 * np.arange(120)
    centred = difference - difference.mean()
    lags = np.array([centred[lag:] @ centred[: 120 - lag] for lag in range(2)]) / 120
    assert lags[0] + 2 * lags[1] < 0.4 * lags[0]
    found = diebold_mariano(difference, np.zeros(120), 2)
    assert np.isfinite(found.statistic)


def test_bad_input_is_refused() -> None:
    first, second = losses(20, 0)
    with pytest.raises(InvalidInput):
        diebold_mariano(first, second[1:])
    with pytest.raises(InvalidInput):
        diebold_mariano(first, second, 0)
    with pytest.raises(HistoryTooShort):
        diebold_mariano(first, second, 10)
    with pytest.raises(ModelNotApplicable):
        diebold_mariano(first, first)
