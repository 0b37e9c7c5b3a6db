"""Check Black's model against printed values, scipy's normal distribution, and itself."""

from dataclasses import replace
from math import exp, log, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm

from core.errors import InvalidInput, ModelNotApplicable
from quant.options import black76
from quant.options.terms import FuturesMarket, Market, Option, OptionKind, SpotMarket

CALL, PUT = OptionKind.CALL, OptionKind.PUT
KINDS = st.sampled_from(OptionKind)


def option(kind: OptionKind, strike: float, years: float) -> Option:
    return Option(kind=kind, strike=strike, expiry_years=years)


def future(price: float, volatility: float, rate: float) -> FuturesMarket:
    return FuturesMarket(price=price, volatility=volatility, rate=rate)


def by_formula(wanted: Option, market: Market) -> float:
    """Price by the formula as printed, with scipy's normal distribution."""
    years, sign = wanted.expiry_years, wanted.kind.sign
    forward = market.price * exp(market.carry * years)
    deviation = market.volatility * sqrt(years)
    d1 = (log(forward / wanted.strike) + deviation**2 / 2) / deviation
    d2 = d1 - deviation
    undiscounted = forward * norm.cdf(sign * d1) - wanted.strike * norm.cdf(sign * d2)
    return float(exp(-market.rate * years) * sign * undiscounted)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Option, Market]:
    volatility = draw(st.floats(0.05, 1.5))
    rate = draw(st.floats(-0.03, 0.15))
    price = draw(st.floats(1.0, 200.0))
    years = draw(st.floats(0.01, 4.0))
    away = draw(st.floats(-2.0, 2.0))
    wanted = option(draw(KINDS), price * exp(away * volatility * sqrt(years)), years)
    if draw(st.booleans()):
        return wanted, future(price, volatility, rate)
    held = draw(st.floats(-0.05, 0.15))
    return wanted, SpotMarket(price=price, volatility=volatility, rate=rate, dividend_yield=held)


@pytest.mark.parametrize("kind", OptionKind)
def test_haug_prints_1_7011(kind: OptionKind) -> None:
    # Haug, "The Complete Guide to Option Pricing Formulas", Black-76: F = X = 19, nine months.
    answer = black76.value(option(kind, 19.0, 0.75), future(19.0, 0.28, 0.10))
    assert round(answer.price, 4) == 1.7011


def test_an_option_at_the_money_to_ten_digits() -> None:
    # F = K = 100, half a year, 2 %, 20 %, as the library vollib gives it.
    answer = black76.value(option(CALL, 100.0, 0.5), future(100.0, 0.2, 0.02))
    assert answer.price == pytest.approx(5.5811067246, abs=5e-11)


def test_hulls_put_on_crude_oil() -> None:
    # Hull, "Options, Futures, and Other Derivatives", futures options: 1.12, N(-d1), N(-d2).
    years, discount = 4 / 12, exp(-0.09 * 4 / 12)
    answer = black76.value(option(PUT, 20.0, years), future(20.0, 0.25, 0.09))
    first = -answer.delta / discount
    second = (answer.price / discount + 20.0 * first) / 20.0
    assert round(answer.price, 2) == 1.12
    assert (round(first, 4), round(second, 4)) == (0.4712, 0.5288)


@pytest.mark.parametrize(("kind", "price"), [(CALL, 4.76), (PUT, 0.81)])
def test_hulls_option_on_a_spot_price(kind: OptionKind, price: float) -> None:
    # Hull, the Black-Scholes-Merton model: S = 42, K = 40, r = 10 %, 20 %, half a year.
    market = SpotMarket(price=42.0, volatility=0.2, rate=0.1)
    assert round(black76.value(option(kind, 40.0, 0.5), market).price, 2) == price


@given(cases())
def test_prices_are_those_of_the_formula(case: tuple[Option, Market]) -> None:
    wanted, market = case
    expected = by_formula(wanted, market)
    assert black76.value(wanted, market).price == pytest.approx(expected, rel=1e-9, abs=1e-11)
    assert black76.price(wanted, market) == black76.value(wanted, market).price


@given(cases())
def test_calls_less_puts_are_the_discounted_forward_less_strike(
    case: tuple[Option, Market],
) -> None:
    wanted, market = case
    call = black76.price(replace(wanted, kind=CALL), market)
    put = black76.price(replace(wanted, kind=PUT), market)
    years = wanted.expiry_years
    forward = market.price * exp(market.carry * years)
    expected = exp(-market.rate * years) * (forward - wanted.strike)
    assert call - put == pytest.approx(expected, abs=1e-11 * market.price)


@given(cases())
def test_greeks_are_the_slopes_of_the_formula(case: tuple[Option, Market]) -> None:
    wanted, market = case
    answer = black76.value(wanted, market)
    step = 1e-3 * market.price * market.volatility * sqrt(wanted.expiry_years)

    def at(price: float) -> float:
        return by_formula(wanted, replace(market, price=price))

    def in_years(years: float) -> float:
        return by_formula(replace(wanted, expiry_years=years), market)

    def moved(**changes: float) -> float:
        return by_formula(wanted, replace(market, **changes))

    up, down, here = at(market.price + step), at(market.price - step), by_formula(wanted, market)
    years, volatility, rate = wanted.expiry_years, market.volatility, market.rate
    scale = market.price
    assert answer.delta == pytest.approx((up - down) / (2 * step), abs=1e-5)
    bend = (up - 2 * here + down) / step**2
    assert answer.gamma == pytest.approx(bend, rel=1e-4, abs=1e-5 / step)
    slope = (moved(volatility=volatility + 1e-5) - moved(volatility=volatility - 1e-5)) / 2e-5
    assert answer.vega == pytest.approx(slope, abs=1e-6 * scale)
    slope = (in_years(years * 1.0001) - in_years(years * 0.9999)) / (2e-4 * years)
    assert answer.theta == pytest.approx(-slope, abs=1e-5 * scale / years)
    slope = (moved(rate=rate + 1e-5) - moved(rate=rate - 1e-5)) / 2e-5
    assert answer.rho == pytest.approx(slope, abs=1e-6 * scale * (1 + years))


@given(cases())
def test_implied_volatility_returns(case: tuple[Option, Market]) -> None:
    wanted, market = case
    forward = market.price * exp(market.carry * wanted.expiry_years)
    price = black76.price(wanted, market)
    # What a rounding of the price may change at most.
    vega = black76.value(wanted, market).vega
    assume(vega > 1e-6 * forward)
    found = black76.implied_volatility(wanted, forward=forward, rate=market.rate, price=price)
    assert found == pytest.approx(market.volatility, rel=1e-9, abs=1e-14 * forward / vega)


@pytest.mark.parametrize(
    ("strike", "volatility", "years"),
    [
        (100.0, 1e-6, 0.01),  # at the money, price 1e-6
        (400.0, 0.1, 0.5),  # 20 deviations out of the money, price 1e-86
        (130.0, 0.05, 0.1),
        (100.0, 12.0, 1.0),  # all but the forward: 2e-9 below it
        (1.0, 3.0, 2.0),
    ],
)
def test_implied_volatility_of_extreme_prices(
    strike: float, volatility: float, years: float
) -> None:
    wanted = option(CALL, strike, years)
    price = black76.price(wanted, future(100.0, volatility, 0.03))
    found = black76.implied_volatility(wanted, forward=100.0, rate=0.03, price=price)
    assert found == pytest.approx(volatility, rel=1e-7)


def test_implied_volatility_just_above_intrinsic_keeps_the_digits_that_are_left() -> None:
    # 40 in the money, time value 1e-10: a price has about five digits of it left.
    wanted, market = option(CALL, 60.0, 0.25), future(100.0, 0.17, 0.0)
    price = black76.price(wanted, market)
    assert 1e-11 < price - 40.0 < 1e-8
    found = black76.implied_volatility(wanted, forward=100.0, rate=0.0, price=price)
    assert found == pytest.approx(0.17, rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "price", "reason"),
    [
        (CALL, 9.0, "expected above 10, its intrinsic value"),
        (CALL, 10.0, "no volatility gives it"),
        (CALL, 100.0, "expected below 100"),
        (CALL, 120.0, "expected below 100"),
        (PUT, 0.0, "expected above 0, its intrinsic value"),
        (PUT, -1.0, "expected above 0, its intrinsic value"),
        (PUT, 90.0, "expected below 90"),
        (PUT, float("nan"), "finite"),
        (PUT, float("inf"), "finite"),
    ],
)
def test_prices_outside_their_bounds_are_refused(
    kind: OptionKind, price: float, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        black76.implied_volatility(option(kind, 90.0, 1.0), forward=100.0, rate=0.0, price=price)
    assert refused.value.context["field"] == "price"


@pytest.mark.parametrize(("price", "strike"), [(-37.63, 20.0), (0.0, 20.0), (20.0, -5.0)])
def test_prices_without_a_logarithm_are_sent_to_the_normal_model(
    price: float, strike: float
) -> None:
    wanted = option(PUT, strike, 0.1)
    with pytest.raises(ModelNotApplicable, match="bachelier"):
        black76.value(wanted, future(price, 0.5, 0.01))
    with pytest.raises(ModelNotApplicable, match="bachelier"):
        black76.implied_volatility(wanted, forward=price, rate=0.0, price=1.0)


@given(
    KINDS,
    st.floats(1e-300, 1e300),
    st.floats(1e-300, 1e300),
    st.floats(1e-300, 1e300),
    st.floats(-1e3, 1e3),
    st.floats(1e-9, 1e3),
)
def test_no_input_gives_anything_but_numbers_or_a_named_error(
    kind: OptionKind, price: float, strike: float, volatility: float, rate: float, years: float
) -> None:
    try:
        answer = black76.value(option(kind, strike, years), future(price, volatility, rate))
    except (InvalidInput, ModelNotApplicable):
        return
    assert answer.price >= 0.0


@given(KINDS, st.floats(-19.9, 70.0), st.floats(-3.0, 3.0), st.floats(0.01, 3.0))
def test_prices_scale_with_the_unit_of_money(
    kind: OptionKind, magnitude: float, away: float, deviation: float
) -> None:
    unit = 10.0**magnitude
    strike = max(unit * exp(away * deviation), 1.1e-20)
    unit = max(unit, 1.1e-20)
    found = black76.price(option(kind, strike, 1.0), future(unit, deviation, 0.0))
    plain = black76.price(option(kind, strike / unit, 1.0), future(1.0, deviation, 0.0))
    assert found / unit == pytest.approx(plain, rel=1e-9, abs=1e-14)


def test_prices_that_quantlib_takes_for_nothing_are_refused() -> None:
    # A call came to -6.6e-31: its strike was taken for 0.
    market = SpotMarket(price=1e-30, volatility=1.5, rate=0.0, dividend_yield=0.5)
    with pytest.raises(ModelNotApplicable, match="needs price above 0"):
        black76.value(option(CALL, 1e-30, 2.1), market)
    market = SpotMarket(price=1.0, volatility=1.5, rate=0.0, dividend_yield=0.5)
    with pytest.raises(ModelNotApplicable, match="needs the forward above 0"):
        black76.value(option(CALL, 1.0, 140.0), market)


@pytest.mark.parametrize("deviations", [2.0, 6.0, 8.0, 9.0, 20.0, 36.0])
def test_puts_far_out_of_the_money_keep_their_digits(deviations: float) -> None:
    # By symmetry in F and K; the sum of the formula, of which nothing is left, came to -4.6e-16.
    strike = 100.0 * exp(-0.2 * deviations)
    wanted, market = option(PUT, strike, 1.0), future(100.0, 0.2, 0.03)
    mirrored = black76.price(option(CALL, 100.0, 1.0), future(strike, 0.2, 0.03))
    answer = black76.value(wanted, market)
    assert 0.0 < answer.price == pytest.approx(mirrored, rel=1e-12)
    found = black76.implied_volatility(wanted, forward=100.0, rate=0.03, price=answer.price)
    assert found == pytest.approx(0.2, rel=1e-9)
