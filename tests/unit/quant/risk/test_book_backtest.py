"""Hold the backtest of a book against NumPy, against the future, and against the Basel table."""

from datetime import timedelta

import numpy as np
import pytest

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from core.risk import BacktestQuestion, RiskMethod
from quant.risk.book_backtest import backtest
from quant.risk.exposures import Exposures
from quant.risk.factor_history import FactorHistory
from tests.risk_books import AS_OF, Reals, book, factor_days, future, spread

METHODS = [RiskMethod.HISTORICAL, RiskMethod.FILTERED, RiskMethod.PARAMETRIC]


def linear() -> Exposures:
    return book([future("CL-202403", 10), spread(-4, B_202404=1, B_202412=-1)])


def history(exposed: Exposures, changes: Reals) -> FactorHistory:
    days = len(changes)
    return FactorHistory(
        factors=exposed.factors,
        dates=tuple(AS_OF - timedelta(days=days - 1 - day) for day in range(days)),
        changes=changes,
        left_out=0,
        missing=(0,) * len(exposed.factors),
        uncommon=(),
    )


def asked(method: RiskMethod = RiskMethod.HISTORICAL, **values: object) -> BacktestQuestion:
    given = {"method": method, "level": 0.99, "window_days": 250, "days": 250, **values}
    return BacktestQuestion.checked(given)


@pytest.mark.parametrize("method", METHODS)
def test_the_future_is_not_seen(method: RiskMethod) -> None:
    exposed = linear()
    changes, _ = factor_days(exposed, 400)
    question = asked(method, days=150)
    before = backtest(exposed, history(exposed, changes), question)
    spoilt = changes.copy()
    spoilt[350:] *= 50.0
    after = backtest(exposed, history(exposed, spoilt), question)
    # day 350 is the 101st tested; its own forecast is from the days before it
    np.testing.assert_array_equal(before.value_at_risk[:101], after.value_at_risk[:101])
    np.testing.assert_array_equal(before.expected_shortfall[:101], after.expected_shortfall[:101])
    assert not np.array_equal(before.value_at_risk[101:], after.value_at_risk[101:])


def test_a_backtest_is_what_numpy_finds_day_by_day() -> None:
    exposed = linear()
    changes, _ = factor_days(exposed, 400)
    found = backtest(exposed, history(exposed, changes), asked(days=150))
    pnl = changes @ exposed.deltas()
    expected = [-np.sort(pnl[day - 250 : day])[2] for day in range(250, 400)]
    np.testing.assert_allclose(found.value_at_risk, expected)
    np.testing.assert_allclose(found.profits, pnl[250:])
    np.testing.assert_array_equal(found.exceptions, pnl[250:] < -np.array(expected))
    assert found.dates[-1] == AS_OF
    assert found.coverage.exceptions == found.light.exceptions == found.exceptions.sum()


def test_only_the_last_days_are_tested() -> None:
    exposed = linear()
    changes, _ = factor_days(exposed, 1000)
    found = backtest(exposed, history(exposed, changes), asked(days=100))
    alone = backtest(exposed, history(exposed, changes[-350:]), asked(days=100))
    assert len(found.dates) == 100
    np.testing.assert_array_equal(found.value_at_risk, alone.value_at_risk)
    fewer = backtest(exposed, history(exposed, changes[-300:]), asked(days=100))
    assert len(fewer.dates) == 50


def test_250_days_at_99_percent_have_the_factor_of_basel() -> None:
    exposed = linear()
    changes, _ = factor_days(exposed, 500)
    changes[250:] *= 0.01
    # calm days but six, each worse than the one before
    for number, day in enumerate((300, 310, 320, 330, 340, 350), 1):
        changes[day] = -100.0 * number * np.sign(exposed.deltas())
    found = backtest(exposed, history(exposed, changes), asked())
    assert found.coverage.exceptions == 6
    assert (found.light.zone, found.light.factor) == ("yellow", 3.50)
    found = backtest(exposed, history(exposed, changes), asked(days=249))
    assert found.light.factor is None


@pytest.mark.parametrize("method", METHODS)
def test_forecasts_of_days_all_alike_hold(method: RiskMethod) -> None:
    exposed = linear()
    changes, _ = factor_days(exposed, 750, seed=5)
    question = asked(method, level=0.95, window_days=500, degrees_of_freedom=5)
    found = backtest(exposed, history(exposed, changes), question)
    assert not found.coverage.joint.is_rejected()
    assert min(found.shortfall_p_values) > 0.01
    assert found.degrees_of_freedom == 5.0


def test_what_cannot_be_tested() -> None:
    exposed = linear()
    changes, _ = factor_days(exposed, 300)
    with pytest.raises(HistoryTooShort, match="A backtest needs 301 observations; there are 300"):
        backtest(exposed, history(exposed, changes), asked(window_days=300))
    with pytest.raises(HistoryTooShort, match=r"0\.99 quantile"):
        backtest(exposed, history(exposed, changes), asked(window_days=50))
    question = asked(RiskMethod.FILTERED, window_days=1000, days=751)
    with pytest.raises(InvalidInput, match="days: expected at most 750 with such a window"):
        backtest(exposed, history(exposed, np.tile(changes, (6, 1))), question)
    flat = book([future("CL-202403", 10), future("CL-202403", -10)])
    with pytest.raises(ModelNotApplicable, match="nothing could be lost"):
        backtest(flat, history(flat, changes[:, :1]), asked(days=10))
