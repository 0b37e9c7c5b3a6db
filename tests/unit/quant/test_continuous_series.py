"""Hold continuous series against published roll gaps, and adjusted ones against held contracts."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HistoryTooShort, ModelNotApplicable
from core.market import ContractMonth, Instrument
from quant.calendars import business_days, last_trade_date
from quant.continuous_series import Adjustment, Anchor, ContinuousSeries, continuous_series
from quant.contract_history import ContractHistory, by_contract_month
from quant.holidays import Calendar
from quant.symbology import ContinuousSymbol
from tests.published_histories import load_heating_oil, load_settlements

SharedData = Callable[[str], Path]

FRONT = ContinuousSymbol.parse("CL.c.0")
DAYS = business_days(date(2021, 3, 1), date(2021, 9, 30), Calendar.NYMEX)
MONTHS = tuple(ContractMonth(2021, 4).plus(n) for n in range(12))
SEEDS = st.integers(0, 2**32 - 1)
RULES = st.sampled_from(["CL.c.0", "CL.c.2", "CL.v.0", "CL.n.1"])
ANCHORS = st.sampled_from(list(Anchor))


def random_history(seed: int, *, missing: float = 0.0) -> ContractHistory:
    generator = np.random.default_rng(seed)
    shape = (len(DAYS), len(MONTHS))
    logs = np.log(60.0) + 0.02 * generator.normal(size=shape).cumsum(axis=0)
    settlements = np.exp(logs)
    settlements[generator.random(shape) < missing] = np.nan
    # The contract with most moves on every twenty days, so that every rank finds one to hold.
    distance = np.arange(shape[1])[None, :] - np.arange(shape[0])[:, None] // 20
    activity = np.exp(-(distance**2)) * generator.random(shape)
    return ContractHistory(
        product="CL",
        dates=DAYS,
        contract_months=MONTHS,
        settlements=settlements,
        volume=activity,
        open_interest=activity,
    )


def series_of(
    history: ContractHistory, symbol: str, adjustment: Adjustment, anchor: Anchor
) -> ContinuousSeries:
    return continuous_series(
        history, ContinuousSymbol.parse(symbol), adjustment=adjustment, anchor=anchor
    )


def price_of(history: ContractHistory, month: ContractMonth, day: date) -> float:
    return float(
        history.settlements[history.dates.index(day), history.contract_months.index(month)]
    )


@given(SEEDS, RULES, ANCHORS)
def test_adjusted_by_difference_it_has_the_changes_of_the_contract_held(
    seed: int, symbol: str, anchor: Anchor
) -> None:
    history = random_history(seed)
    found = series_of(history, symbol, Adjustment.DIFFERENCE, anchor)
    steps = zip(pairwise(found.dates), found.contract_months[1:], strict=True)
    expected = [
        price_of(history, month, day) - price_of(history, month, before)
        for (before, day), month in steps
    ]
    np.testing.assert_allclose(np.diff(found.prices), expected, atol=1e-10)


@given(SEEDS, RULES, ANCHORS)
def test_adjusted_by_ratio_it_has_the_returns_of_the_contract_held(
    seed: int, symbol: str, anchor: Anchor
) -> None:
    history = random_history(seed)
    found = series_of(history, symbol, Adjustment.RATIO, anchor)
    steps = zip(pairwise(found.dates), found.contract_months[1:], strict=True)
    expected = [
        price_of(history, month, day) / price_of(history, month, before)
        for (before, day), month in steps
    ]
    np.testing.assert_allclose(found.prices[1:] / found.prices[:-1], expected, rtol=1e-12)


@given(SEEDS, RULES, st.sampled_from([Adjustment.DIFFERENCE, Adjustment.RATIO]))
def test_the_anchored_contract_keeps_its_prices(
    seed: int, symbol: str, adjustment: Adjustment
) -> None:
    history = random_history(seed)
    plain = series_of(history, symbol, Adjustment.NONE, Anchor.BACKWARD)
    backward = series_of(history, symbol, adjustment, Anchor.BACKWARD)
    forward = series_of(history, symbol, adjustment, Anchor.FORWARD)
    last = np.array([month == plain.contract_months[-1] for month in plain.contract_months])
    first = np.array([month == plain.contract_months[0] for month in plain.contract_months])
    np.testing.assert_array_equal(backward.prices[last], plain.prices[last])
    np.testing.assert_array_equal(forward.prices[first], plain.prices[first])
    apart = backward.prices - forward.prices
    if adjustment is Adjustment.RATIO:
        apart = backward.prices / forward.prices
    np.testing.assert_allclose(apart, apart[0], rtol=1e-10)


@given(SEEDS)
def test_missing_days_are_left_out_and_named(seed: int) -> None:
    history = random_history(seed, missing=0.1)
    for adjustment in Adjustment:
        found = series_of(history, "CL.c.0", adjustment, Anchor.BACKWARD)
        assert np.isfinite(found.prices).all()
        assert sorted((*found.dates, *found.missing)) == list(DAYS)
    plain = series_of(history, "CL.c.0", Adjustment.NONE, Anchor.BACKWARD)
    for day, month, price in zip(plain.dates, plain.contract_months, plain.prices, strict=True):
        assert price == price_of(history, month, day)
    for roll in found.rolls:
        assert roll.measured_on is not None
        assert roll.measured_on <= roll.on
        assert roll.sold_price == price_of(history, roll.sold, roll.measured_on)
        assert roll.bought_price == price_of(history, roll.bought, roll.measured_on)


def test_contracts_that_never_settle_together_cannot_be_adjusted() -> None:
    prices = np.full((len(DAYS), 12), np.nan)
    prices[:30, 0] = prices[:30, 1] = 60.0
    april_ends = DAYS.index(last_trade_date(Instrument("CL", MONTHS[0])))
    prices[: april_ends + 1, 1] = np.nan
    prices[april_ends + 1 :, 1:] = 61.0
    history = ContractHistory(product="CL", dates=DAYS, contract_months=MONTHS, settlements=prices)
    plain = continuous_series(history, FRONT)
    assert (plain.rolls[0].measured_on, plain.rolls[0].gap) == (None, None)
    with pytest.raises(ModelNotApplicable, match="CL-202104 and CL-202105 never settled"):
        continuous_series(history, FRONT, adjustment=Adjustment.DIFFERENCE)


def test_contracts_that_never_settled_make_no_series() -> None:
    history = ContractHistory(
        product="CL",
        dates=DAYS,
        contract_months=MONTHS,
        settlements=np.full((len(DAYS), 12), np.nan),
    )
    with pytest.raises(HistoryTooShort, match=r"CL\.c\.0"):
        continuous_series(history, FRONT)


def test_real_crude_rolls_at_the_published_gaps(shared_data: SharedData) -> None:
    # Frozen facts of the RTL settlements: CL01 and CL02 around 2020-04-20, and the May 2020
    # roll, 1.56 on the contract's last day and 58.06 a day earlier.
    history = by_contract_month(
        load_settlements(shared_data("futures_settlements.parquet"), "CL", 3)
    )
    plain = continuous_series(history, FRONT)
    prices = dict(zip(plain.dates, plain.prices.tolist(), strict=True))
    second = continuous_series(history, ContinuousSymbol.parse("CL.c.1"))
    assert prices[date(2020, 4, 20)] == -37.63
    assert prices[date(2020, 4, 21)] == 10.01
    assert dict(zip(second.dates, second.prices.tolist(), strict=True))[date(2020, 4, 20)] == 20.43
    gaps = {}
    for days_early in (0, 1):
        series = continuous_series(
            history, FRONT, days_early=days_early, adjustment=Adjustment.DIFFERENCE
        )
        gaps[days_early] = {roll.sold: roll.gap for roll in series.rolls}
        assert len(series.rolls) == 204
        assert all(roll.measured_on == roll.on for roll in series.rolls)
    may = ContractMonth(2020, 5)
    assert gaps[0][may] == pytest.approx(1.56)
    assert gaps[1][may] == pytest.approx(58.06)
    assert sum(gap for gap in gaps[0].values() if gap is not None) == pytest.approx(37.07)


def test_the_published_range_holds_218_last_trade_days_of_crude() -> None:
    # The fact counts to 2025-02-24, beyond the settlements here; the rule alone can be counted.
    ends = [
        last_trade_date(Instrument("CL", ContractMonth(2007, 1).plus(n))) for n in range(12 * 20)
    ]
    assert sum(date(2007, 1, 2) <= day <= date(2025, 2, 24) for day in ends) == 218
    assert sum(date(2007, 1, 2) <= day <= date(2023, 12, 29) for day in ends) == 204


@pytest.mark.parametrize("days_early", [0, 1])
def test_real_crude_is_not_adjusted_by_ratio_across_its_negative_price(
    days_early: int, shared_data: SharedData
) -> None:
    history = by_contract_month(
        load_settlements(shared_data("futures_settlements.parquet"), "CL", 3)
    )
    with pytest.raises(ModelNotApplicable, match=r"CL-202005 settled at -37\.63 on 2020-04-20"):
        continuous_series(history, FRONT, days_early=days_early, adjustment=Adjustment.RATIO)
    # Five days early, May 2020 is left before its price turned.
    early = continuous_series(history, FRONT, days_early=5, adjustment=Adjustment.RATIO)
    assert (early.prices > 0.0).all()


@pytest.mark.parametrize(
    ("symbol", "rolls", "skipping"), [("HO.c.0", 188, 0), ("HO.n.0", 176, 5), ("HO.v.0", 184, 4)]
)
def test_real_heating_oil_rolls_about_once_a_month(
    symbol: str, rolls: int, skipping: int, shared_data: SharedData
) -> None:
    history, _ = load_heating_oil(shared_data("heating_oil_volume_oi.parquet"))
    series = continuous_series(history, ContinuousSymbol.parse(symbol), adjustment=Adjustment.RATIO)
    assert len(series.rolls) == rolls
    assert sum(roll.bought > roll.sold.plus(1) for roll in series.rolls) == skipping
    assert series.missing == ()
    assert all(roll.measured_on == roll.on for roll in series.rolls)
