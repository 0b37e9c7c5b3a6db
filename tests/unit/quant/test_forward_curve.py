"""Hold forward curves against published settlements, plain interpolation and their own rules."""

from collections.abc import Callable
from datetime import date, timedelta
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from core.market import ContractMonth, Instrument
from quant.calendars import business_days, last_trade_date, listed_contracts
from quant.contract_history import ContractHistory, by_contract_month
from quant.forward_curve import Interpolation, StalenessRule, curve_as_of
from quant.holidays import Calendar
from tests.published_histories import load_settlements

SharedData = Callable[[str], Path]

DAYS = business_days(date(2021, 3, 1), date(2021, 3, 19), Calendar.NYMEX)
MONTHS = tuple(ContractMonth(2021, 4).plus(n) for n in range(4))
TODAY = DAYS[-1]
PRICES = st.lists(st.floats(1.0, 200.0), min_size=4, max_size=4)


def history_of(settlements: np.ndarray) -> ContractHistory:
    days = DAYS[len(DAYS) - len(settlements) :]
    return ContractHistory(
        product="CL", dates=days, contract_months=MONTHS, settlements=settlements
    )


def ends(n: int) -> date:
    return last_trade_date(Instrument("CL", MONTHS[n]))


@pytest.mark.parametrize("method", Interpolation)
def test_contracts_keep_their_prices(method: Interpolation) -> None:
    curve = curve_as_of(history_of(np.array([[60.0, 61.0, 59.5, 58.0]])), TODAY)
    found = curve.prices_at([ends(n) for n in range(4)], method)
    np.testing.assert_allclose(found.prices, [60.0, 61.0, 59.5, 58.0], rtol=1e-14)
    assert not found.is_extrapolated.any()


@given(PRICES, st.integers(0, 2), st.floats(0.0, 1.0))
def test_lines_join_neighbours_in_days(prices: list[float], left: int, share: float) -> None:
    curve = curve_as_of(history_of(np.array([prices])), TODAY)
    span = (ends(left + 1) - ends(left)).days
    day = ends(left) + timedelta(days=round(share * span))
    weight = (day - ends(left)).days / span
    linear = prices[left] * (1 - weight) + prices[left + 1] * weight
    logs = exp(log(prices[left]) * (1 - weight) + log(prices[left + 1]) * weight)
    assert curve.prices_at([day]).prices[0] == pytest.approx(linear)
    found = curve.prices_at([day], Interpolation.LOG_LINEAR)
    assert found.prices[0] == pytest.approx(logs)


@given(PRICES)
def test_the_cubic_stays_between_neighbours(prices: list[float]) -> None:
    curve = curve_as_of(history_of(np.array([prices])), TODAY)
    for left in range(3):
        span = (ends(left + 1) - ends(left)).days
        days = [ends(left) + timedelta(days=n) for n in range(span + 1)]
        found = curve.prices_at(days, Interpolation.MONOTONE_CUBIC).prices
        low, high = sorted((prices[left], prices[left + 1]))
        assert found.min() >= low - 1e-9
        assert found.max() <= high + 1e-9


def test_beyond_its_ends_the_curve_is_flat_and_says_so() -> None:
    curve = curve_as_of(history_of(np.array([[60.0, 61.0, 59.5, 58.0]])), TODAY)
    found = curve.prices_at([TODAY, ends(0), ends(3) + timedelta(days=400)])
    assert found.prices.tolist() == [60.0, 60.0, 58.0]
    # April 2021 ends three days after TODAY.
    assert found.is_extrapolated.tolist() == [True, False, True]


@pytest.mark.parametrize("method", Interpolation)
def test_one_contract_makes_a_flat_curve_that_says_so(method: Interpolation) -> None:
    nan = np.nan
    curve = curve_as_of(history_of(np.array([[nan, 61.0, nan, nan]])), TODAY)
    found = curve.prices_at([TODAY, ends(1), ends(2)], method)
    np.testing.assert_allclose(found.prices, 61.0)
    assert found.is_extrapolated.tolist() == [True, False, True]
    assert curve.absent == (Instrument("CL", MONTHS[0]),)


def test_old_prices_are_flagged_and_older_ones_left_out() -> None:
    settlements = np.full((12, 4), np.nan)
    settlements[:, 0] = np.arange(12.0) + 60.0
    settlements[:9, 1] = np.arange(9.0) + 60.0  # three business days old
    settlements[:5, 2] = np.arange(5.0) + 60.0  # seven
    curve = curve_as_of(history_of(settlements), TODAY)
    assert [(node.price, node.age_days, node.is_stale) for node in curve.nodes] == [
        (71.0, 0, False),
        (68.0, 3, True),
    ]
    assert curve.nodes[1].settled_on == DAYS[-4]
    assert curve.absent == (Instrument("CL", MONTHS[2]),)
    patient = curve_as_of(history_of(settlements), TODAY, StalenessRule(max_age_days=7))
    assert [node.age_days for node in patient.nodes] == [0, 3, 7]
    assert patient.absent == ()


def test_prices_that_repeat_are_stale() -> None:
    settlements = np.tile(np.arange(12.0)[:, None] + 60.0, (1, 4))
    settlements[-4:, 1] = 71.0
    settlements[-5:, 2] = 71.0
    settlements[:, 3] = 71.0
    curve = curve_as_of(history_of(settlements), TODAY)
    assert [node.repeats for node in curve.nodes] == [0, 3, 4, 11]
    assert [node.is_stale for node in curve.nodes] == [False, False, True, True]


def test_no_young_price_makes_no_curve() -> None:
    with pytest.raises(HistoryTooShort, match="the curve of CL as of 2021-03-19"):
        curve_as_of(history_of(np.full((3, 4), np.nan)), TODAY)
    with pytest.raises(HistoryTooShort):
        curve_as_of(history_of(np.ones((3, 4))), date(2021, 2, 1))


def test_a_weekend_has_the_curve_of_friday() -> None:
    history = history_of(np.array([[60.0, 61.0, 59.5, 58.0]]))
    curve = curve_as_of(history, TODAY + timedelta(days=2))
    assert [node.age_days for node in curve.nodes] == [0, 0, 0, 0]
    assert not any(node.is_stale for node in curve.nodes)


def test_days_before_the_curve_and_bad_limits_are_refused() -> None:
    curve = curve_as_of(history_of(np.ones((1, 4))), TODAY)
    with pytest.raises(InvalidInput, match="days"):
        curve.prices_at([TODAY - timedelta(days=1)])
    with pytest.raises(InvalidInput, match="max_age_days"):
        StalenessRule(max_age_days=-1)
    with pytest.raises(InvalidInput, match="max_repeats"):
        StalenessRule(max_repeats=0)


def test_the_future_changes_nothing(shared_data: SharedData) -> None:
    history = by_contract_month(
        load_settlements(shared_data("futures_settlements.parquet"), "NG", 12)
    )
    as_of = date(2012, 5, 16)
    later = [day > as_of for day in history.dates]
    corrupted = history.settlements.copy()
    corrupted[later] = -99.0
    changed = ContractHistory(
        product="NG",
        dates=history.dates,
        contract_months=history.contract_months,
        settlements=corrupted,
    )
    assert curve_as_of(changed, as_of) == curve_as_of(history, as_of)


def test_the_published_curve_of_the_negative_price(shared_data: SharedData) -> None:
    history = by_contract_month(
        load_settlements(shared_data("futures_settlements.parquet"), "CL", 36)
    )
    as_of = date(2020, 4, 20)
    curve = curve_as_of(history, as_of)
    assert [node.contract for node in curve.nodes] == list(listed_contracts("CL", as_of, 36))
    assert curve.prices[:2].tolist() == [-37.63, 20.43]
    assert (curve.absent, any(node.is_stale for node in curve.nodes)) == ((), False)
    day = date(2020, 5, 5)  # 14 of the 28 days from 21 April to 19 May
    assert curve.prices_at([day]).prices[0] == pytest.approx((-37.63 + 20.43) / 2)
    with pytest.raises(ModelNotApplicable, match=r"CL-202005 settled at -37\.63"):
        curve.prices_at([day], Interpolation.LOG_LINEAR)


@pytest.mark.parametrize("product", ["CL", "NG", "HO", "RB", "B"])
def test_published_curves_hold_every_contract_unflagged(
    product: str, shared_data: SharedData
) -> None:
    settlements = load_settlements(shared_data("futures_settlements.parquet"), product, 12)
    history = by_contract_month(settlements)
    for row in range(10, len(settlements.dates), 257):
        curve = curve_as_of(history, settlements.dates[row])
        np.testing.assert_array_equal(curve.prices, settlements.settlements[row])
        assert not any(node.is_stale for node in curve.nodes)
