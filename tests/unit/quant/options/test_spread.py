"""Check spread options against Haug's table, the exact integral, and closed-form Greeks."""

from dataclasses import astuple, replace
from math import exp, inf, log, nan, sqrt

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from core.errors import InvalidInput, ModelNotApplicable
from quant.options import black76, spread
from quant.options.library import EXPIRY, npv, process, vanilla_payoff
from quant.options.spread import SpreadMarket, SpreadModel
from quant.options.terms import FuturesMarket, Option, OptionKind

CALL, PUT = OptionKind.CALL, OptionKind.PUT
KIRK, BJERKSUND_STENSLAND = SpreadModel

# Haug, "Option Pricing Formulas" (1998), pages 59-60: F1 = 122, F2 = 120, X = 3, r = 10 %, for
# (T, volatility 1, volatility 2) at correlations -0.5, 0 and 0.5.
HAUG = {
    (0.1, 0.20, 0.20): (4.7530, 3.7970, 2.5537),
    (0.1, 0.25, 0.20): (5.4275, 4.3712, 3.0086),
    (0.1, 0.20, 0.25): (5.4061, 4.3451, 2.9723),
    (0.5, 0.20, 0.20): (10.7517, 8.7020, 6.0257),
    (0.5, 0.25, 0.20): (12.1941, 9.9340, 7.0067),
    (0.5, 0.20, 0.25): (12.1483, 9.8780, 6.9284),
}
HAUG_CASES = [
    (*key, correlation, price)
    for key, prices in HAUG.items()
    for correlation, price in zip((-0.5, 0.0, 0.5), prices, strict=True)
]
QUARTER = Option(kind=CALL, strike=7.0, expiry_years=0.25)
MARKET = SpreadMarket(
    forward1=28.0, forward2=20.0, volatility1=0.29, volatility2=0.36, correlation=0.42, rate=0.05
)


def kirk_volatility(wanted: Option, market: SpreadMarket) -> float:
    weight = market.forward2 / (market.forward2 + wanted.strike)
    first, second = market.volatility1, market.volatility2 * weight
    return sqrt(first**2 + second**2 - 2.0 * market.correlation * first * second)


def kirk_by_formula(wanted: Option, market: SpreadMarket) -> float:
    """Price by Kirk's formula as Haug prints it."""
    sign, reach = wanted.kind.sign, market.forward2 + wanted.strike
    deviation = kirk_volatility(wanted, market) * sqrt(wanted.expiry_years)
    ratio = market.forward1 / reach
    d1 = (log(ratio) + deviation**2 / 2) / deviation
    d2 = d1 - deviation
    inner = sign * (ratio * norm.cdf(sign * d1) - norm.cdf(sign * d2))
    return float(reach * exp(-market.rate * wanted.expiry_years) * inner)


def exact_price(wanted: Option, market: SpreadMarket) -> float:
    """Integrate Black's price of the first leg over the second: the exact value."""
    years, rho = wanted.expiry_years, market.correlation
    first, second = market.volatility1 * sqrt(years), market.volatility2 * sqrt(years)
    left = first * sqrt(1.0 - rho**2)

    z = np.linspace(-9.0, 9.0, 8001)
    strikes = market.forward2 * np.exp(-(second**2) / 2 + second * z) + wanted.strike
    forwards = market.forward1 * np.exp(-((rho * first) ** 2) / 2 + rho * first * z)
    sign = wanted.kind.sign
    d1 = (np.log(forwards / np.maximum(strikes, 1e-300)) + left**2 / 2) / left
    worth = sign * (forwards * norm.cdf(sign * d1) - strikes * norm.cdf(sign * (d1 - left)))
    certain = np.maximum(sign * (forwards - strikes), 0.0)
    paid = np.where(strikes > 0.0, worth, certain) * norm.pdf(z)
    return float(exp(-market.rate * years) * np.trapezoid(paid, z))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Option, SpreadMarket]:
    forward1, forward2 = draw(st.floats(20.0, 120.0)), draw(st.floats(20.0, 120.0))
    strike = draw(st.floats(-0.5, 0.5)) * forward2
    market = SpreadMarket(
        forward1=forward1,
        forward2=forward2,
        volatility1=draw(st.floats(0.1, 0.8)),
        volatility2=draw(st.floats(0.1, 0.8)),
        correlation=draw(st.floats(-0.95, 0.95)),
        rate=draw(st.floats(-0.02, 0.1)),
    )
    years = draw(st.floats(0.05, 2.0))
    kind = draw(st.sampled_from(OptionKind))
    return Option(kind=kind, strike=strike, expiry_years=years), market


def test_kirk_prices_haugs_first_example_at_2_1670() -> None:
    assert round(spread.value(QUARTER, MARKET).price, 4) == 2.1670


@pytest.mark.parametrize(("years", "first", "second", "correlation", "price"), HAUG_CASES)
def test_kirk_prices_haugs_table(
    years: float, first: float, second: float, correlation: float, price: float
) -> None:
    wanted = Option(kind=CALL, strike=3.0, expiry_years=years)
    market = SpreadMarket(
        forward1=122.0,
        forward2=120.0,
        volatility1=first,
        volatility2=second,
        correlation=correlation,
        rate=0.10,
    )
    assert round(spread.value(wanted, market).price, 4) == price
    assert round(kirk_by_formula(wanted, market), 4) == price


@given(cases())
def test_kirks_prices_are_those_of_the_formula(case: tuple[Option, SpreadMarket]) -> None:
    wanted, market = case
    expected = kirk_by_formula(wanted, market)
    assert spread.price(wanted, market) == pytest.approx(expected, rel=1e-8, abs=1e-10)


@settings(max_examples=25)
@given(cases(), st.sampled_from(SpreadModel))
def test_calls_less_puts_are_the_discounted_spread_less_strike(
    case: tuple[Option, SpreadMarket], model: SpreadModel
) -> None:
    wanted, market = case
    call = spread.price(replace(wanted, kind=CALL), market, model)
    put = spread.price(replace(wanted, kind=PUT), market, model)
    left = market.forward1 - market.forward2 - wanted.strike
    assert call - put == pytest.approx(exp(-market.rate * wanted.expiry_years) * left, abs=1e-10)


def kirk_greeks(wanted: Option, market: SpreadMarket) -> dict[str, float]:
    """Differentiate Kirk's formula by hand: Black's partial derivatives and the chain rule."""
    years, sign = wanted.expiry_years, wanted.kind.sign
    f, g, k = market.forward1, market.forward2, market.forward2 + wanted.strike
    discount, sigma = exp(-market.rate * years), kirk_volatility(wanted, market)
    s = sigma * sqrt(years)
    d1 = (log(f / k) + s**2 / 2) / s
    d2 = d1 - s
    density = discount * f * norm.pdf(d1)
    by_f, by_k = discount * sign * norm.cdf(sign * d1), -discount * sign * norm.cdf(sign * d2)
    by_ff, by_kk, by_fk = density / (f * f * s), density / (k * k * s), -density / (f * k * s)
    root = sqrt(years)
    by_sigma, by_sigma_sigma = density * root, density * root * d1 * d2 / sigma
    by_f_sigma, by_k_sigma = -density * d2 / (f * sigma), density * d1 / (k * sigma)
    weight, slope, bend = g / k, wanted.strike / k**2, -2.0 * wanted.strike / k**3
    one, two, rho = market.volatility1, market.volatility2, market.correlation
    by_weight = (two**2 * weight - rho * one * two) / sigma
    by_weight2 = (two**2 - by_weight**2) / sigma
    moved, bent = by_weight * slope, by_weight2 * slope**2 + by_weight * bend
    return {
        "delta1": by_f,
        "delta2": by_k + by_sigma * moved,
        "gamma1": by_ff,
        "gamma2": by_kk + 2 * by_k_sigma * moved + by_sigma_sigma * moved**2 + by_sigma * bent,
        "cross_gamma": by_fk + by_f_sigma * moved,
        "vega1": by_sigma * (one - rho * weight * two) / sigma,
        "vega2": by_sigma * weight * (weight * two - rho * one) / sigma,
        "correlation_sensitivity": -by_sigma * one * two * weight / sigma,
    }


@settings(max_examples=40)
@given(cases())
def test_kirks_greeks_are_those_of_the_chain_rule(case: tuple[Option, SpreadMarket]) -> None:
    wanted, market = case
    answer = spread.value(wanted, market)
    for name, expected in kirk_greeks(wanted, market).items():
        assert getattr(answer, name) == pytest.approx(expected, rel=1e-5, abs=1e-6), name


def differences(wanted: Option, market: SpreadMarket, model: SpreadModel) -> dict[str, float]:
    """Return plain two-point differences of the price."""

    def at(**changes: float) -> float:
        return spread.price(wanted, replace(market, **changes), model)

    def slope(name: str, step: float) -> float:
        here = getattr(market, name)
        return (at(**{name: here + step}) - at(**{name: here - step})) / (2 * step)

    def bend(name: str, step: float) -> float:
        here = getattr(market, name)
        return (at(**{name: here + step}) - 2 * at() + at(**{name: here - step})) / step**2

    years, step = wanted.expiry_years, 1e-4 * wanted.expiry_years
    later = spread.price(replace(wanted, expiry_years=years + step), market, model)
    sooner = spread.price(replace(wanted, expiry_years=years - step), market, model)
    return {
        "delta1": slope("forward1", 1e-3),
        "delta2": slope("forward2", 1e-3),
        "gamma1": bend("forward1", 1e-2),
        "gamma2": bend("forward2", 1e-2),
        "vega1": slope("volatility1", 1e-4),
        "vega2": slope("volatility2", 1e-4),
        "correlation_sensitivity": slope("correlation", 1e-4),
        "theta": (sooner - later) / (2 * step),
        "rho": slope("rate", 1e-5),
    }


@pytest.mark.parametrize("model", SpreadModel)
@pytest.mark.parametrize("kind", OptionKind)
@pytest.mark.parametrize("strike", [-6.0, 0.0, 7.0])
def test_greeks_of_both_legs_are_differences(
    kind: OptionKind, strike: float, model: SpreadModel
) -> None:
    wanted = replace(QUARTER, kind=kind, strike=strike)
    answer = spread.value(wanted, MARKET, model)
    for name, expected in differences(wanted, MARKET, model).items():
        assert getattr(answer, name) == pytest.approx(expected, rel=1e-4, abs=1e-5), name


def deng_li_zhou(wanted: Option, market: SpreadMarket) -> float:
    """Price by Deng, Li and Zhou (2008), as QuantLib does."""
    years = wanted.expiry_years
    processes = [
        process(
            ql.SimpleQuote(forward),
            ql.SimpleQuote(volatility * sqrt(years)),
            log_growth=0.0,
            log_discount=market.rate * years,
        )
        for forward, volatility in (
            (market.forward1, market.volatility1),
            (market.forward2, market.volatility2),
        )
    ]
    correlations = ql.Matrix(2, 2, 1.0)
    correlations[0][1] = correlations[1][0] = market.correlation
    payoff = ql.SpreadBasketPayoff(vanilla_payoff(wanted.kind, wanted.strike))
    instrument = ql.BasketOption(payoff, ql.EuropeanExercise(EXPIRY))
    instrument.setPricingEngine(ql.DengLiZhouBasketEngine(processes, correlations))
    return npv("deng-li-zhou", instrument)


@pytest.mark.parametrize(("years", "first", "second", "correlation", "price"), HAUG_CASES)
def test_bjerksund_and_stensland_are_closer_to_the_truth_than_kirk(
    years: float, first: float, second: float, correlation: float, price: float
) -> None:
    wanted = Option(kind=CALL, strike=3.0, expiry_years=years)
    market = SpreadMarket(
        forward1=122.0,
        forward2=120.0,
        volatility1=first,
        volatility2=second,
        correlation=correlation,
        rate=0.10,
    )
    exact = exact_price(wanted, market)
    closer = spread.price(wanted, market, BJERKSUND_STENSLAND)
    assert closer <= exact + 1e-8
    assert closer == pytest.approx(exact, abs=2e-5)
    assert closer == pytest.approx(deng_li_zhou(wanted, market), abs=1e-4)
    assert abs(closer - exact) <= abs(price - exact) + 6e-5


@settings(max_examples=60)
@given(cases())
def test_bjerksund_and_stensland_are_a_lower_bound(case: tuple[Option, SpreadMarket]) -> None:
    # An exercise rule valued exactly is worth no more than the best one.
    wanted, market = case
    exact, scale = exact_price(wanted, market), market.forward1 + market.forward2
    assert spread.price(wanted, market, BJERKSUND_STENSLAND) <= exact + 1e-8 * scale


@pytest.mark.parametrize("model", SpreadModel)
@pytest.mark.parametrize("kind", OptionKind)
@pytest.mark.parametrize(
    ("numbers", "strike"),
    [((48.6, 59.5, 0.53, 1.20, 0.995), 37.7), ((145.9, 119.5, 0.96, 0.79, 0.99), -51.9)],
)
def test_no_price_is_below_the_discounted_intrinsic_value(
    model: SpreadModel, kind: OptionKind, numbers: tuple[float, ...], strike: float
) -> None:
    # Over three years the rule of Bjerksund and Stensland would lose some 5 here.
    names = ("forward1", "forward2", "volatility1", "volatility2", "correlation")
    market = SpreadMarket(**dict(zip(names, numbers, strict=True)), rate=0.05)
    wanted = Option(kind=kind, strike=strike, expiry_years=3.0)
    answer = spread.value(wanted, market, model)
    certain = max(kind.sign * (market.forward1 - market.forward2 - strike), 0.0)
    assert answer.price >= exp(-0.15) * certain * (1.0 - 1e-12)
    if model is BJERKSUND_STENSLAND:
        assert answer.price <= exact_price(wanted, market) + 1e-6
        assert min(answer.vega1, answer.vega2, answer.gamma1, answer.gamma2) > -1e-9


@settings(max_examples=60)
@given(cases())
def test_both_models_are_near_the_truth_for_a_year_of_moderate_volatility(
    case: tuple[Option, SpreadMarket],
) -> None:
    wanted, market = case
    wanted = replace(wanted, strike=0.4 * wanted.strike, expiry_years=min(wanted.expiry_years, 1.0))
    market = replace(market, volatility1=market.volatility1 / 2, volatility2=market.volatility2 / 2)
    exact, scale = exact_price(wanted, market), market.forward1 + market.forward2
    assert spread.price(wanted, market, BJERKSUND_STENSLAND) == pytest.approx(
        exact, abs=3e-4 * scale
    )
    assert spread.price(wanted, market, KIRK) == pytest.approx(exact, abs=2e-3 * scale)


def test_kirk_is_far_off_where_a_large_strike_meets_unequal_volatilities() -> None:
    # So its docstring says; the other model is not.
    wanted = Option(kind=CALL, strike=10.0, expiry_years=1.0)
    market = SpreadMarket(
        forward1=20.0, forward2=20.0, volatility1=0.125, volatility2=0.75, correlation=0.0, rate=0.0
    )
    exact = exact_price(wanted, market)
    assert spread.price(wanted, market) / exact > 1.3
    assert spread.price(wanted, market, BJERKSUND_STENSLAND) / exact > 0.9


def test_monte_carlo_agrees() -> None:
    generator, years = np.random.default_rng(11), QUARTER.expiry_years
    z1 = generator.standard_normal(400_000)
    z2 = MARKET.correlation * z1 + sqrt(1 - MARKET.correlation**2) * generator.standard_normal(
        z1.size
    )
    s1, s2 = MARKET.volatility1 * sqrt(years), MARKET.volatility2 * sqrt(years)
    ends = 28.0 * np.exp(s1 * z1 - s1**2 / 2) - 20.0 * np.exp(s2 * z2 - s2**2 / 2)
    paid = exp(-0.05 * years) * np.maximum(ends - 7.0, 0.0)
    error = paid.std() / sqrt(paid.size)
    found = spread.price(QUARTER, MARKET, BJERKSUND_STENSLAND)
    assert found == pytest.approx(paid.mean(), abs=3 * error)
    assert found == pytest.approx(exact_price(QUARTER, MARKET), abs=1e-3)


@pytest.mark.parametrize("model", SpreadModel)
def test_without_a_strike_it_is_margrabes_exchange(model: SpreadModel) -> None:
    wanted = replace(QUARTER, strike=0.0)
    sigma = sqrt(0.29**2 + 0.36**2 - 2 * 0.42 * 0.29 * 0.36)
    as_black = black76.price(
        replace(wanted, strike=20.0), FuturesMarket(price=28.0, volatility=sigma, rate=0.05)
    )
    assert spread.price(wanted, MARKET, model) == pytest.approx(as_black, rel=1e-12)


@pytest.mark.parametrize("model", SpreadModel)
@pytest.mark.parametrize("correlation", [-1.0, -0.9999, 0.9999, 1.0])
def test_correlations_at_the_ends_have_greeks(model: SpreadModel, correlation: float) -> None:
    answer = spread.value(QUARTER, replace(MARKET, correlation=correlation), model)
    inward = correlation * (1.0 - 1e-6)
    there = spread.price(QUARTER, replace(MARKET, correlation=inward), model)
    slope = (answer.price - there) / (1e-6 * correlation)
    assert answer.correlation_sensitivity == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("model", SpreadModel)
@pytest.mark.parametrize(
    "changes", [{"forward1": -1.0}, {"forward2": 0.0}, {"forward2": -37.63}, {"strike": -20.0}]
)
def test_outside_their_domain_they_name_the_normal_model(
    model: SpreadModel, changes: dict[str, float]
) -> None:
    wanted = replace(QUARTER, strike=changes.get("strike", 7.0))
    market = replace(MARKET, **{name: one for name, one in changes.items() if name != "strike"})
    with pytest.raises(ModelNotApplicable, match="bachelier") as refused:
        spread.value(wanted, market, model)
    assert refused.value.context["model"] == model


def test_legs_that_move_as_one_are_refused_with_their_worth() -> None:
    market = replace(MARKET, correlation=1.0, volatility2=0.29)
    with pytest.raises(ModelNotApplicable, match=r"worth 7\.9006"):
        spread.value(replace(QUARTER, strike=0.0), market)


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("correlation", 1.0001),
        ("correlation", -1.5),
        ("correlation", nan),
        ("volatility1", -0.1),
        ("volatility2", 0.0),
        ("forward1", nan),
        ("forward2", inf),
        ("rate", nan),
    ],
)
def test_bad_numbers_are_refused_by_name(field: str, number: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        replace(MARKET, **{field: number})
    assert refused.value.context["field"] == field


@settings(max_examples=60)
@given(
    st.sampled_from(SpreadModel),
    st.floats(1e-3, 1e6),
    st.floats(1e-3, 1e6),
    st.floats(-1e6, 1e6),
    st.floats(1e-6, 20.0),
    st.floats(1e-6, 20.0),
    st.floats(-1.0, 1.0),
    st.floats(1e-8, 100.0),
)
def test_no_input_gives_anything_but_numbers_or_a_named_error(
    model: SpreadModel,
    forward1: float,
    forward2: float,
    strike: float,
    volatility1: float,
    volatility2: float,
    correlation: float,
    years: float,
) -> None:
    wanted = Option(kind=CALL, strike=strike, expiry_years=years)
    market = SpreadMarket(
        forward1=forward1,
        forward2=forward2,
        volatility1=volatility1,
        volatility2=volatility2,
        correlation=correlation,
        rate=0.03,
    )
    try:
        answer = spread.value(wanted, market, model)
    except ModelNotApplicable:
        return
    assert np.isfinite(astuple(answer)).all()
