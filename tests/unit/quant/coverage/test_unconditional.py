"""Hold Kupiec's test against printed tables, and against an implementation of others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from vartests import kupiec_test

from core.errors import InvalidInput
from quant.coverage.unconditional import (
    binomial_lower_tail,
    binomial_upper_tail,
    kupiec,
    non_rejection_range,
)


def test_the_limits_are_those_of_chi_squared() -> None:
    ratio = kupiec(2, 250, 0.01)
    assert ratio.critical_value() == pytest.approx(3.8415, abs=5e-5)
    assert ratio.critical_value(0.99) == pytest.approx(6.6349, abs=5e-5)


@pytest.mark.parametrize(
    ("exceptions", "statistic"), [(4, 0.769), (5, 1.957), (7, 5.497), (8, 7.734)]
)
def test_a_year_at_99_percent(exceptions: int, statistic: float) -> None:
    # 250 days; as in the tables of textbooks (Jorion, Value at Risk, 3rd edition, chapter 6)
    assert kupiec(exceptions, 250, 0.01).statistic == pytest.approx(statistic, abs=5e-4)


# Kupiec (1995), table of non-rejection regions at 95 %. Its first cell prints "N < 7" although no
# exceptions at all are rejected too: the statistic of 0 in 255 at 1 % is 5.13.
@pytest.mark.parametrize(
    ("probability", "days", "least", "most"),
    [
        (0.01, 255, 1, 6),
        (0.01, 510, 2, 10),
        (0.01, 1000, 5, 16),
        (0.025, 255, 3, 11),
        (0.025, 510, 7, 20),
        (0.025, 1000, 16, 35),
        (0.05, 255, 7, 20),
        (0.05, 510, 17, 35),
        (0.05, 1000, 38, 64),
        (0.075, 255, 12, 27),
        (0.075, 510, 28, 50),
        (0.075, 1000, 60, 91),
        (0.10, 255, 17, 35),
        (0.10, 510, 39, 64),
        (0.10, 1000, 82, 119),
    ],
)
def test_the_table_of_kupiec(probability: float, days: int, least: int, most: int) -> None:
    assert non_rejection_range(days, probability) == (least, most)
    assert kupiec(least - 1, days, probability).is_rejected()
    assert kupiec(most + 1, days, probability).is_rejected()


def test_the_example_of_hull() -> None:
    # Options, Futures, and Other Derivatives, chapter on value at risk: 600 days at 99 %
    assert kupiec(12, 600, 0.01).statistic == pytest.approx(4.70, abs=5e-3)
    assert binomial_upper_tail(12, 600, 0.01) == pytest.approx(0.0195, abs=5e-5)
    assert binomial_lower_tail(1, 600, 0.01) == pytest.approx(0.0170, abs=5e-5)


@given(st.integers(1, 3000), st.data(), st.sampled_from([0.001, 0.01, 0.025, 0.05, 0.3]))
def test_it_agrees_with_an_independent_implementation(
    days: int, data: st.DataObject, probability: float
) -> None:
    exceptions = data.draw(st.integers(0, days))
    theirs = kupiec_test(x=exceptions, n=days, risk_conf_level=1.0 - probability)
    ours = kupiec(exceptions, days, probability)
    assert ours.statistic == pytest.approx(theirs["statistic"], rel=1e-9, abs=1e-9)
    assert ours.p_value == pytest.approx(theirs["p-value"], rel=1e-8, abs=1e-9)
    for alternative, tail in (("greater", binomial_upper_tail), ("less", binomial_lower_tail)):
        exact = binomtest(exceptions, days, probability, alternative=alternative).pvalue
        assert tail(exceptions, days, probability) == pytest.approx(exact, rel=1e-9)


def test_degenerate_counts_have_a_value() -> None:
    assert kupiec(0, 250, 0.01).statistic == pytest.approx(5.0252, abs=5e-5)
    assert kupiec(250, 250, 0.01).statistic == pytest.approx(2302.585, abs=5e-4)
    assert kupiec(1, 1, 0.01).statistic == pytest.approx(9.2103, abs=5e-5)
    assert kupiec(5, 100, 0.05).statistic == 0.0
    assert kupiec(5, 100, 0.05).p_value == 1.0


@pytest.mark.parametrize(
    ("exceptions", "days", "probability"),
    [(0, 0, 0.01), (-1, 10, 0.01), (11, 10, 0.01), (1, 10, 0.0), (1, 10, 1.0)],
)
def test_impossible_counts_are_refused(exceptions: int, days: int, probability: float) -> None:
    with pytest.raises(InvalidInput):
        kupiec(exceptions, days, probability)
