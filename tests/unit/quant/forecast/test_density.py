from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from core.errors import InvalidInput
from quant.forecast.density import LEVELS, DensityForecast, ForecastPart, Vintage

VINTAGE = Vintage(
    first_day=date(2007, 1, 3),
    as_of=date(2020, 4, 20),
    observations=3_000,
    filled=0,
    fitted_through=date(2020, 1, 2),
    fallbacks=(),
)


def forecast(quantiles: np.ndarray) -> DensityForecast:
    parts = (
        ForecastPart(name="slow", weight=0.25, variance=4.0),
        ForecastPart(name="fast", weight=0.75, variance=8.0),
    )
    return DensityForecast(
        product="CL", position=1, horizon=1, vintage=VINTAGE, parts=parts, quantiles=quantiles
    )


NORMAL = forecast(2.0 * norm.ppf(LEVELS))


@given(st.floats(1e-6, 1.0 - 1e-6))
def test_probability_undoes_the_quantile(level: float) -> None:
    assert NORMAL.cdf(NORMAL.quantile(level)) == pytest.approx(level, rel=1e-6)


@given(st.floats(1e-6, 0.5), st.floats(1e-6, 0.5))
def test_quantiles_rise(one: float, other: float) -> None:
    lower, upper = sorted([one, other])
    assert NORMAL.quantile(lower) <= NORMAL.quantile(upper) <= NORMAL.quantile(1.0 - lower)


def test_tails_go_on_as_a_power() -> None:
    assert NORMAL.quantile(0.01) == pytest.approx(-2.0 * 2.3263, rel=1e-4)
    assert NORMAL.quantile(0.01 / 32) == pytest.approx(2.0 * NORMAL.quantile(0.01))
    assert NORMAL.cdf(2.0 * NORMAL.quantile(0.99)) == pytest.approx(1.0 - 0.01 / 32)


def test_value_at_risk_is_a_loss_of_the_long_side() -> None:
    assert NORMAL.value_at_risk(0.95) == pytest.approx(2.0 * 1.6449, rel=1e-4)
    assert NORMAL.value_at_risk(0.99) > NORMAL.value_at_risk(0.95)


def test_the_variance_is_the_weighted_one_of_the_parts() -> None:
    assert NORMAL.variance == pytest.approx(7.0)


def test_one_sided_distributions_end_where_they_end() -> None:
    rising = forecast(np.linspace(1.0, 2.0, 99))
    assert rising.quantile(0.001) == 1.0
    assert rising.cdf(0.5) == 0.0
    falling = forecast(np.linspace(-2.0, -1.0, 99))
    assert falling.quantile(0.999) == -1.0
    assert falling.cdf(0.0) == 1.0


@pytest.mark.parametrize("level", [0.0, 1.0, np.nan])
def test_levels_lie_between_zero_and_one(level: float) -> None:
    with pytest.raises(InvalidInput):
        NORMAL.quantile(level)


def test_bad_quantiles_are_refused() -> None:
    with pytest.raises(InvalidInput):
        forecast(np.zeros(5))
    with pytest.raises(InvalidInput):
        forecast(np.full(99, np.nan))
    with pytest.raises(InvalidInput):
        forecast(np.linspace(1.0, -1.0, 99))
    with pytest.raises(InvalidInput):
        NORMAL.cdf(np.inf)
