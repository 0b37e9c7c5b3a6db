"""Hold Christoffersen's tests against the likelihood-ratio test of a contingency table."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from vartests import kupiec_test

from core.errors import InvalidInput
from quant.coverage.conditional import (
    Transitions,
    conditional_coverage,
    exceptions_of,
    independence,
    transitions,
)


def slow_transitions(days: list[bool]) -> list[list[int]]:
    table = [[0, 0], [0, 0]]
    for yesterday, today in pairwise(days):
        table[yesterday][today] += 1
    return table


@given(st.lists(st.booleans(), min_size=1, max_size=400), st.sampled_from([0.01, 0.05, 0.4]))
def test_it_agrees_with_independent_implementations(days: list[bool], probability: float) -> None:
    table = slow_transitions(days)
    found = conditional_coverage(np.array(days), probability)
    counted = found.transitions
    assert [
        [counted.calm_to_calm, counted.calm_to_exception],
        [counted.exception_to_calm, counted.exception_to_exception],
    ] == table
    expected = 0.0
    if min(*np.sum(table, axis=0), *np.sum(table, axis=1)) > 0:
        # Wilks's G of a 2 x 2 table is the same ratio of likelihoods
        expected = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert found.independence.statistic == pytest.approx(expected, rel=1e-9, abs=1e-9)
    theirs = kupiec_test(days, risk_conf_level=1.0 - probability)["statistic"]
    assert found.unconditional.statistic == pytest.approx(theirs, rel=1e-9, abs=1e-9)
    assert found.joint.statistic == pytest.approx(theirs + expected, rel=1e-9, abs=1e-9)
    assert found.joint.degrees_of_freedom == 2
    assert np.isfinite([found.joint.statistic, found.joint.p_value]).all()


def test_the_joint_limit_is_that_of_two_degrees_of_freedom() -> None:
    found = conditional_coverage(np.zeros(250, dtype=bool), 0.01)
    assert found.joint.critical_value() == pytest.approx(5.9915, abs=5e-5)


def test_clustered_exceptions_fail_though_their_number_is_right() -> None:
    days = np.zeros(1000, dtype=bool)
    days[500:510] = True
    found = conditional_coverage(days, 0.01)
    assert found.unconditional.statistic == pytest.approx(0.0, abs=1e-12)
    assert found.joint.is_rejected()
    # by hand: 9 of 10 after an exception, 1 of 989 after none; 10 of 999 together
    logs = 9 * np.log(0.9) + np.log(0.1) + 988 * np.log(988 / 989) + np.log(1 / 989)
    together = 989 * np.log(989 / 999) + 10 * np.log(10 / 999)
    assert found.independence.statistic == pytest.approx(2 * (logs - together))


@pytest.mark.parametrize("days", [[False] * 250, [True] * 250, [False], [True]])
def test_degenerate_days_have_a_value(days: list[bool]) -> None:
    found = conditional_coverage(np.array(days), 0.01)
    assert found.independence.statistic == 0.0
    assert found.independence.p_value == 1.0
    assert found.joint.statistic == found.unconditional.statistic


def test_no_pairs_at_all_have_a_value() -> None:
    counted = Transitions(
        calm_to_calm=0, calm_to_exception=0, exception_to_calm=0, exception_to_exception=0
    )
    assert independence(counted).statistic == 0.0


def test_a_loss_as_large_as_the_value_at_risk_is_no_exception() -> None:
    pnl = np.array([-3.0, -2.0, -2.1, 5.0])
    assert exceptions_of(pnl, np.full(4, 2.0)).tolist() == [True, False, True, False]


def test_bad_days_are_refused() -> None:
    with pytest.raises(InvalidInput):
        transitions(np.zeros(0, dtype=bool))
    with pytest.raises(InvalidInput):
        exceptions_of(np.zeros(3), np.zeros(2))
    with pytest.raises(InvalidInput):
        exceptions_of(np.array([1.0, np.nan]), np.ones(2))
