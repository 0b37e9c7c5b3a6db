"""Check the normal model against scipy's normal distribution, QuantLib's inverse, and itself."""

from dataclasses import replace
from math import exp, inf, nan, pi, sqrt

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm

from core.errors import InvalidInput
from quant.options import bachelier
from quant.options.terms import FuturesMarket, Option, OptionKind

CALL, PUT = OptionKind.CALL, OptionKind.PUT


def by_formula(wanted: Option, market: FuturesMarket) -> float:
    deviation = market.volatility * sqrt(wanted.expiry_years)
    away = wanted.kind.sign * (market.price - wanted.strike)
    d = away / deviation
    undiscounted = away * norm.cdf(d) + deviation * norm.pdf(d)
    return float(exp(-market.rate * wanted.expiry_years) * undiscounted)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Option, FuturesMarket]:
    volatility = draw(st.floats(0.5, 60.0))
    years = draw(st.floats(0.01, 4.0))
    price = draw(st.floats(-60.0, 120.0))
    strike = price + draw(st.floats(-3.0, 3.0)) * volatility * sqrt(years)
    wanted = Option(kind=draw(st.sampled_from(OptionKind)), strike=strike, expiry_years=years)
    rate = draw(st.floats(-0.03, 0.15))
    return wanted, FuturesMarket(price=price, volatility=volatility, rate=rate)


def test_at_the_money_it_is_0_4_deviations() -> None:
    wanted = Option(kind=CALL, strike=0.0, expiry_years=0.25)
    answer = bachelier.value(wanted, FuturesMarket(price=0.0, volatility=10.0, rate=0.0))
    assert answer.price == pytest.approx(5.0 / sqrt(2.0 * pi))
    assert answer.delta == pytest.approx(0.5)


def test_a_put_on_the_price_of_20_april_2020() -> None:
    # CL settled at -37.63 the day before its last; a put struck at 0 was deep in the money.
    wanted = Option(kind=PUT, strike=0.0, expiry_years=1 / 365)
    answer = bachelier.value(wanted, FuturesMarket(price=-37.63, volatility=100.0, rate=0.0))
    assert answer.price == pytest.approx(37.63, abs=1e-6)


@given(cases())
def test_prices_are_those_of_the_formula(case: tuple[Option, FuturesMarket]) -> None:
    wanted, market = case
    answer = bachelier.value(wanted, market)
    assert answer.price == pytest.approx(by_formula(wanted, market), rel=1e-9, abs=1e-12)
    assert bachelier.price(wanted, market) == answer.price


@pytest.mark.parametrize("kind", OptionKind)
def test_an_option_far_out_of_the_money_is_worth_next_to_nothing(kind: OptionKind) -> None:
    # Twelve deviations; QuantLib 1.44 itself gives a put like this its distance to the strike.
    wanted = Option(kind=kind, strike=0.0, expiry_years=1.0)
    market = FuturesMarket(price=-12.0 * kind.sign, volatility=1.0, rate=0.0)
    answer = bachelier.value(wanted, market)
    assert answer.price == pytest.approx(norm.pdf(12.0) / 146.0, rel=2e-2)
    assert answer.delta == pytest.approx(kind.sign * norm.cdf(-12.0), rel=1e-9)


@given(cases())
def test_calls_less_puts_are_the_discounted_forward_less_strike(
    case: tuple[Option, FuturesMarket],
) -> None:
    wanted, market = case
    call = bachelier.price(replace(wanted, kind=CALL), market)
    put = bachelier.price(replace(wanted, kind=PUT), market)
    expected = exp(-market.rate * wanted.expiry_years) * (market.price - wanted.strike)
    assert call - put == pytest.approx(expected, abs=1e-10)


@given(cases())
def test_greeks_are_the_slopes_of_the_formula(case: tuple[Option, FuturesMarket]) -> None:
    wanted, market = case
    answer = bachelier.value(wanted, market)
    years, deviation = wanted.expiry_years, market.volatility * sqrt(wanted.expiry_years)
    step = 1e-3 * deviation

    def moved(**changes: float) -> float:
        return by_formula(wanted, replace(market, **changes))

    def in_years(one: float) -> float:
        return by_formula(replace(wanted, expiry_years=one), market)

    up, down, here = moved(price=market.price + step), moved(price=market.price - step), moved()
    assert answer.delta == pytest.approx((up - down) / (2 * step), abs=1e-6)
    assert answer.gamma == pytest.approx((up - 2 * here + down) / step**2, abs=1e-5 / deviation)
    small = 1e-4 * market.volatility
    slope = moved(volatility=market.volatility + small) - moved(
        volatility=market.volatility - small
    )
    assert answer.vega == pytest.approx(slope / (2 * small), abs=1e-6)
    slope = (in_years(years * 1.0001) - in_years(years * 0.9999)) / (2e-4 * years)
    assert answer.theta == pytest.approx(-slope, abs=1e-6 * deviation / years)
    slope = (moved(rate=market.rate + 1e-5) - moved(rate=market.rate - 1e-5)) / 2e-5
    assert answer.rho == pytest.approx(slope, rel=1e-6, abs=1e-6)


@given(cases())
def test_implied_volatility_returns(case: tuple[Option, FuturesMarket]) -> None:
    wanted, market = case
    answer = bachelier.value(wanted, market)
    assume(answer.vega > 1e-3)
    found = bachelier.implied_volatility(
        wanted, forward=market.price, rate=market.rate, price=answer.price
    )
    assert found == pytest.approx(market.volatility, rel=1e-9)
    # Choi, Kim and Kwak (2009), as QuantLib inverts it.
    kind = ql.Option.Call if wanted.kind is CALL else ql.Option.Put
    discount = exp(-market.rate * wanted.expiry_years)
    theirs = ql.bachelierBlackFormulaImpliedVolChoi(
        kind, wanted.strike, market.price, wanted.expiry_years, answer.price, discount
    )
    assert found == pytest.approx(theirs, rel=1e-7)


@pytest.mark.parametrize(("forward", "strike"), [(-37.63, 20.0), (2.0, 80.0), (70.0, 70.0)])
def test_implied_volatility_of_extreme_prices(forward: float, strike: float) -> None:
    wanted = Option(kind=CALL, strike=strike, expiry_years=0.25)
    for volatility in (8.0, 500.0):
        market = FuturesMarket(price=forward, volatility=volatility, rate=0.02)
        price = bachelier.price(wanted, market)
        found = bachelier.implied_volatility(wanted, forward=forward, rate=0.02, price=price)
        assert found == pytest.approx(volatility, rel=1e-8)


@pytest.mark.parametrize("price", [17.63, 10.0, -1.0, nan, inf])
def test_prices_below_intrinsic_are_refused(price: float) -> None:
    wanted = Option(kind=PUT, strike=-20.0, expiry_years=0.25)
    with pytest.raises(InvalidInput) as refused:
        bachelier.implied_volatility(wanted, forward=-37.63, rate=0.0, price=price)
    assert refused.value.context["field"] == "price"


def test_a_spread_of_two_normal_prices_is_one() -> None:
    generator = np.random.default_rng(3)
    first, second = generator.multivariate_normal([0, 0], [[9, -2.4], [-2.4, 4]], 400_000).T
    found = bachelier.spread_volatility(3.0, 2.0, -0.4)
    assert found == pytest.approx((first - second).std(), rel=4e-3)
    assert bachelier.spread_volatility(3.0, 2.0, 1.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("second", "correlation"), [(3.0, 1.0), (2.0, 1.1), (0.0, 0.5), (2.0, nan)]
)
def test_a_spread_needs_volatility_and_a_correlation(second: float, correlation: float) -> None:
    with pytest.raises(InvalidInput):
        bachelier.spread_volatility(3.0, second, correlation)


def test_an_average_of_normal_prices_is_one() -> None:
    years = np.array([0.1, 0.25, 0.5])
    steps = np.random.default_rng(4).normal(size=(400_000, 3)) * np.sqrt([0.1, 0.15, 0.25])
    means = 7.0 * steps.cumsum(axis=1).mean(axis=1)
    found = bachelier.average_volatility(7.0, years, 0.5)
    assert found * sqrt(0.5) == pytest.approx(means.std(), rel=4e-3)
    for bad in (np.array([]), np.array([0.0, 0.1]), np.array([nan])):
        with pytest.raises(InvalidInput):
            bachelier.average_volatility(7.0, bad, 0.5)


def test_an_average_of_many_fixings_needs_no_matrix_of_their_pairs() -> None:
    # of a continuous average from now on, σ²/3; of n even fixings, σ² (n + 1)(2n + 1)/6n²
    count = 200_000
    years = np.linspace(0.0, 1.0, count + 1)[1:]
    shuffled = np.random.default_rng(2).permutation(years)
    expected = 7.0 * sqrt((count + 1) * (2 * count + 1) / (6 * count**2))
    for order in (years, shuffled):
        found = bachelier.average_volatility(7.0, order, 1.0)
        assert found == pytest.approx(expected, rel=1e-12)


def test_a_deviation_of_just_twice_the_distance_to_the_strike_is_implied() -> None:
    # The end of the bracket was the answer itself, and rounding left it outside.
    wanted = Option(kind=CALL, strike=0.12203515118604147, expiry_years=0.23828125)
    price = bachelier.price(wanted, FuturesMarket(price=0.0, volatility=0.5, rate=0.0))
    found = bachelier.implied_volatility(wanted, forward=0.0, rate=0.0, price=price)
    assert found == pytest.approx(0.5, rel=1e-12)
