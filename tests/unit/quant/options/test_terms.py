"""Check what options, markets and valuations refuse."""

from math import inf, nan

import pytest

from core.errors import InvalidInput, ModelNotApplicable
from quant.options.terms import (
    FuturesMarket,
    Option,
    OptionKind,
    SpotMarket,
    Valuation,
    discount_factor,
    forward_price,
    intrinsic_value,
)


@pytest.mark.parametrize("years", [0.0, -0.5, nan, inf])
def test_an_option_has_time_left(years: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        Option(kind=OptionKind.CALL, strike=1.0, expiry_years=years)
    assert refused.value.context["field"] == "expiry_years"


def test_an_expired_option_is_worth_its_intrinsic_value() -> None:
    with pytest.raises(InvalidInput, match="intrinsic value"):
        Option(kind=OptionKind.PUT, strike=20.0, expiry_years=0.0)
    assert intrinsic_value(OptionKind.PUT, -37.63, 20.0) == pytest.approx(57.63)
    assert intrinsic_value(OptionKind.CALL, -37.63, 20.0) == 0.0


@pytest.mark.parametrize("strike", [nan, inf, -inf])
def test_a_strike_is_finite(strike: float) -> None:
    with pytest.raises(InvalidInput, match="strike"):
        Option(kind=OptionKind.CALL, strike=strike, expiry_years=1.0)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("price", {"price": nan}),
        ("price", {"price": inf}),
        ("volatility", {"volatility": -0.2}),
        ("volatility", {"volatility": 0.0}),
        ("volatility", {"volatility": nan}),
        ("rate", {"rate": -inf}),
    ],
)
def test_a_market_is_numbers(field: str, changes: dict[str, float]) -> None:
    numbers = {"price": 70.0, "volatility": 0.3, "rate": 0.04} | changes
    for kind in (FuturesMarket, SpotMarket):
        with pytest.raises(InvalidInput) as refused:
            kind(**numbers)
        assert refused.value.context["field"] == field


def test_a_yield_is_finite() -> None:
    with pytest.raises(InvalidInput, match="dividend_yield"):
        SpotMarket(price=1.0, volatility=0.2, rate=0.0, dividend_yield=nan)


@pytest.mark.parametrize("number", [nan, inf])
def test_a_valuation_is_numbers(number: float) -> None:
    with pytest.raises(ModelNotApplicable, match="gamma"):
        Valuation(price=1.0, delta=0.5, gamma=number, vega=0.0, theta=0.0, rho=0.0)


def test_factors_that_no_float_holds_are_refused() -> None:
    with pytest.raises(InvalidInput, match="rate"):
        discount_factor(-1e3, 1.0)
    market = SpotMarket(price=1.0, volatility=0.2, rate=1e3, dividend_yield=0.0)
    with pytest.raises(InvalidInput, match="carry"):
        forward_price(market, 1.0)
