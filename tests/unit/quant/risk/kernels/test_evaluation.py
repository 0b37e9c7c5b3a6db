"""Hold the options of the kernels against those of the arrays."""

import numpy as np
import pytest

from quant.risk.aggregation import Revaluation, aggregate
from quant.risk.historical import historical_pnl
from quant.risk.kernels.evaluation import lognormal_calls, normal_calls
from quant.risk.option_values import OptionTerms
from tests.risk_books import book, factor_days


def calls(strike: float, deviation: float, *, lognormal: bool) -> OptionTerms:
    return OptionTerms(
        signs=np.ones(1),
        strikes=np.array([strike]),
        deviations=np.array([deviation]),
        lognormal=np.array([lognormal]),
    )


@pytest.mark.parametrize("strike", [0.01, 40.0, 80.0, 1000.0])
@pytest.mark.parametrize("deviation", [1e-10, 0.01, 0.3, 3.0])
def test_lognormal_calls(strike: float, deviation: float) -> None:
    forwards = np.concatenate([np.geomspace(1e-12, 1e4, 300), [strike]])
    values = np.empty_like(forwards)
    lognormal_calls(forwards, np.log(forwards), strike, np.log(strike), deviation, values)
    expected = calls(strike, deviation, lognormal=True).values(forwards[:, None])[:, 0]
    np.testing.assert_allclose(values, expected, atol=1e-13 * 1e4)
    close = forwards < 200.0
    np.testing.assert_allclose(values[close], expected[close], atol=2e-13 * max(strike, 200.0))


@pytest.mark.parametrize("strike", [-20.0, 0.0, 80.0])
@pytest.mark.parametrize("deviation", [1e-10, 0.5, 30.0])
def test_normal_calls(strike: float, deviation: float) -> None:
    forwards = np.concatenate([np.linspace(-200.0, 200.0, 300), [strike]])
    values = np.empty_like(forwards)
    normal_calls(forwards, strike, deviation, values)
    expected = calls(strike, deviation, lognormal=False).values(forwards[:, None])[:, 0]
    np.testing.assert_allclose(values, expected, atol=1e-12)


@pytest.mark.parametrize("revaluation", list(Revaluation))
def test_a_scenario_is_worth_the_same_in_any_company(revaluation: Revaluation) -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 300)
    reduced = aggregate([exposed], revaluation)
    whole, _ = historical_pnl(reduced, changes)
    for day in (0, 127, 128, 299):
        alone, _ = historical_pnl(reduced, changes[day : day + 1])
        assert alone[0, 0] == pytest.approx(whole[0, day], rel=1e-12)
