"""Test cointegration: against a published data set, another implementation, and bad input."""

import numpy as np
import pytest
from arch.data import crude
from statsmodels.tsa.stattools import coint

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.cointegration import FEWEST, cointegration


def test_monthly_wti_and_brent_keep_together() -> None:
    # 393 monthly prices, 1987-2020, that come with arch 8.0.0; Engle-Granger of the logarithms
    prices = np.log(crude.load())
    found = cointegration(prices["WTI"].to_numpy(), prices["Brent"].to_numpy())
    assert found.observations == 393
    assert found.statistic == pytest.approx(-5.5396, abs=5e-5)
    assert found.p_value == pytest.approx(1.4e-5, abs=5e-7)
    assert found.is_cointegrated
    assert found.half_life == pytest.approx(np.log(0.5) / np.log(0.85283), rel=2e-3)


@pytest.mark.parametrize("seed", range(5))
def test_the_statistic_is_that_of_another_implementation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=400).cumsum()
    y = 3.0 + 0.7 * x + rng.normal(size=400)
    found = cointegration(y, x)
    statistic, _, limits = coint(y, x, trend="c", autolag="aic")
    assert found.statistic == pytest.approx(statistic, rel=1e-6)
    assert found.limit == pytest.approx(limits[1], abs=0.02)
    assert found.is_cointegrated
    slope, constant = np.polyfit(x, y, 1)
    assert (found.ratio, found.constant) == pytest.approx((slope, constant))


def test_independent_walks_are_seldom_said_to_keep_together() -> None:
    rng = np.random.default_rng(11)
    walks = rng.normal(size=(100, 2, 300)).cumsum(axis=2)
    said = sum(cointegration(y, x).is_cointegrated for y, x in walks)
    # 5 % of 100; the binomial exceeds 13 once in two thousand times
    assert said <= 13


def test_bad_input_is_named() -> None:
    line = np.arange(FEWEST, dtype=np.float64)
    noise = np.random.default_rng(1).normal(size=FEWEST)
    with pytest.raises(HistoryTooShort):
        cointegration(noise[1:], line[1:])
    with pytest.raises(InvalidInput):
        cointegration(noise[1:], line)
    with pytest.raises(InvalidInput):
        cointegration(np.where(line == 3, np.nan, noise), line)
    with pytest.raises(ModelNotApplicable, match="never moves"):
        cointegration(noise, np.full(FEWEST, 7.0))
    with pytest.raises(ModelNotApplicable, match="a line of the other"):
        cointegration(2.0 * noise - 1.0, noise)


@pytest.mark.parametrize(
    ("y", "x"),
    [
        (np.tile([0.0, 1.0], 50), np.arange(100.0)),
        (np.append(np.zeros(99), 1.0), np.append(1.0, np.zeros(99))),
    ],
    ids=["in turn", "at once"],
)
def test_what_repeats_itself_is_refused_by_name(y: np.ndarray, x: np.ndarray) -> None:
    with pytest.raises(ModelNotApplicable, match="repeats itself"):
        cointegration(y, x)


def test_numbers_whose_squares_are_no_floats_are_refused() -> None:
    walk = np.random.default_rng(1).normal(size=100)
    with pytest.raises(InvalidInput, match="finite"):
        cointegration(walk, 1e200 * walk[::-1])
