"""Check average-price options against Haug's table, QuantLib's engines, and simulation."""

from collections.abc import Callable
from dataclasses import astuple, replace
from math import exp, expm1, inf, log, nan, sqrt

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from core.errors import InvalidInput, ModelNotApplicable
from quant.options import black76
from quant.options.average_price import Fixings, evenly_spaced, levy, turnbull_wakeman
from quant.options.library import REFERENCE, npv, process, vanilla_payoff
from quant.options.terms import (
    FuturesMarket,
    Market,
    Option,
    OptionKind,
    SpotMarket,
    Valuation,
)

CALL, PUT = OptionKind.CALL, OptionKind.PUT
DAYS = 365

# Haug, "Option Pricing Formulas" (1998), pages 99-100, year of 360 days: kind, price and average
# so far, strike, yield, rate, volatility, days in all, days elapsed, value.
LEVY = [
    (CALL, 6.80, 6.90, 0.09, 0.07, 0.14, 180, 0, 0.0944),
    (PUT, 6.80, 6.90, 0.09, 0.07, 0.14, 180, 0, 0.2237),
    (CALL, 100.0, 95.0, 0.05, 0.1, 0.15, 270, 0, 7.0544),
    (CALL, 100.0, 95.0, 0.05, 0.1, 0.15, 270, 90, 5.6731),
    (CALL, 100.0, 95.0, 0.05, 0.1, 0.15, 270, 180, 5.0806),
    (CALL, 100.0, 95.0, 0.05, 0.1, 0.35, 270, 0, 10.1213),
    (CALL, 100.0, 95.0, 0.05, 0.1, 0.35, 270, 90, 6.9705),
    (CALL, 100.0, 95.0, 0.05, 0.1, 0.35, 270, 180, 5.1411),
    (CALL, 100.0, 100.0, 0.05, 0.1, 0.15, 270, 0, 3.7845),
    (CALL, 100.0, 100.0, 0.05, 0.1, 0.15, 270, 90, 1.9964),
    (CALL, 100.0, 100.0, 0.05, 0.1, 0.15, 270, 180, 0.6722),
    (CALL, 100.0, 100.0, 0.05, 0.1, 0.35, 270, 0, 7.5038),
    (CALL, 100.0, 100.0, 0.05, 0.1, 0.35, 270, 90, 4.0687),
    (CALL, 100.0, 100.0, 0.05, 0.1, 0.35, 270, 180, 1.4222),
    (CALL, 100.0, 105.0, 0.05, 0.1, 0.15, 270, 0, 1.6729),
    (CALL, 100.0, 105.0, 0.05, 0.1, 0.15, 270, 90, 0.3565),
    (CALL, 100.0, 105.0, 0.05, 0.1, 0.15, 270, 180, 0.0004),
    (CALL, 100.0, 105.0, 0.05, 0.1, 0.35, 270, 0, 5.4071),
    (CALL, 100.0, 105.0, 0.05, 0.1, 0.35, 270, 90, 2.1359),
    (CALL, 100.0, 105.0, 0.05, 0.1, 0.35, 270, 180, 0.1552),
]
CRUDE = FuturesMarket(price=72.0, volatility=0.35, rate=0.04)
MONTH = Option(kind=CALL, strike=70.0, expiry_years=0.25)
AHEAD = evenly_spaced(21, starts_years=0.17, ends_years=0.25)


def levy_by_formula(wanted: Option, market: Market, elapsed: float, average: float) -> float:
    """Price by Levy's closed form as Haug prints it; the carry must not be 0."""
    left, rate, carry = wanted.expiry_years, market.rate, market.carry
    whole, sigma2 = left + elapsed, market.volatility**2
    expected = market.price / (whole * carry) * (exp((carry - rate) * left) - exp(-rate * left))
    inner = expm1((2 * carry + sigma2) * left) / (2 * carry + sigma2) - expm1(carry * left) / carry
    second = 2 * market.price**2 / (carry + sigma2) * inner / whole**2
    strike = wanted.strike - elapsed / whole * average
    variance = log(second) - 2 * (rate * left + log(expected))
    d1 = (log(second) / 2 - log(strike)) / sqrt(variance)
    d2 = d1 - sqrt(variance)
    call = expected * norm.cdf(d1) - strike * exp(-rate * left) * norm.cdf(d2)
    return float(call if wanted.kind is CALL else call - expected + strike * exp(-rate * left))


def engine_price(
    wanted: Option, market: Market, days: list[int], last_day: int, past: int, average: float
) -> float:
    """Price by QuantLib's engine of Turnbull and Wakeman, whose fixings are whole days."""
    end, years = REFERENCE + last_day, wanted.expiry_years
    model = process(
        ql.SimpleQuote(market.price),
        ql.SimpleQuote(market.volatility * sqrt(years * DAYS / last_day)),
        log_growth=market.carry * years,
        log_discount=market.rate * years,
        end=end,
    )
    instrument = ql.DiscreteAveragingAsianOption(
        ql.Average.Arithmetic,
        past * average,
        past,
        [REFERENCE + day for day in days],
        vanilla_payoff(wanted.kind, wanted.strike),
        ql.EuropeanExercise(end),
    )
    instrument.setPricingEngine(ql.TurnbullWakemanAsianEngine(model))
    return npv("turnbull-wakeman", instrument)


@pytest.mark.parametrize(
    ("kind", "price", "strike", "held", "rate", "volatility", "days", "elapsed", "expected"), LEVY
)
def test_levy_prices_haugs_table(
    kind: OptionKind,
    price: float,
    strike: float,
    held: float,
    rate: float,
    volatility: float,
    days: int,
    elapsed: int,
    expected: float,
) -> None:
    wanted = Option(kind=kind, strike=strike, expiry_years=(days - elapsed) / 360)
    market = SpotMarket(price=price, volatility=volatility, rate=rate, dividend_yield=held)
    answer = levy(wanted, market, elapsed_years=elapsed / 360, past_average=price)
    assert round(answer.price, 4) == expected
    by_formula = levy_by_formula(wanted, market, elapsed / 360, price)
    assert answer.price == pytest.approx(by_formula, rel=1e-9)


def test_levy_on_a_future_is_the_limit_of_no_carry() -> None:
    about = [
        levy_by_formula(
            MONTH,
            SpotMarket(price=72.0, volatility=0.35, rate=0.04, dividend_yield=0.04 + carry),
            0.0,
            0.0,
        )
        for carry in (-1e-4, 1e-4)
    ]
    assert levy(MONTH, CRUDE).price == pytest.approx(sum(about) / 2, rel=1e-7)


def test_levy_keeps_its_digits_where_the_closed_form_loses_them() -> None:
    # A deviation of 1e-4: the average's is 1/sqrt(3) of it, and the option Black's on that.
    wanted = Option(kind=CALL, strike=72.0, expiry_years=1.0)
    market = FuturesMarket(price=72.0, volatility=1e-4, rate=0.0)
    as_black = replace(market, volatility=1e-4 / sqrt(3.0))
    expected = black76.price(wanted, as_black)
    assert levy(wanted, market).price == pytest.approx(expected, rel=1e-8)


@given(
    st.sampled_from(OptionKind),
    st.lists(st.integers(1, 300), min_size=1, max_size=25, unique=True).map(sorted),
    st.integers(0, 30),
    st.floats(60.0, 80.0),
    st.floats(0.05, 0.9),
    st.floats(-0.05, 0.10),
    st.integers(0, 10),
)
def test_turnbull_and_wakeman_agree_with_quantlib_on_whole_days(
    kind: OptionKind,
    days: list[int],
    past: int,
    average: float,
    volatility: float,
    held: float,
    lag: int,
) -> None:
    last_day = days[-1] + lag
    wanted = Option(kind=kind, strike=70.0, expiry_years=last_day / DAYS)
    market = SpotMarket(price=72.0, volatility=volatility, rate=0.04, dividend_yield=held)
    fixings = Fixings(years=np.array(days) / DAYS, past=past, past_average=average)
    expected = engine_price(wanted, market, days, last_day, past, average)
    found = turnbull_wakeman(wanted, market, fixings).price
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)


def simulate(
    wanted: Option, market: FuturesMarket, fixings: Fixings, seed: int
) -> tuple[float, float]:
    """Return price and standard error by simulation, the average of all paths as control."""
    steps = np.diff(fixings.years, prepend=0.0)
    shocks = np.random.default_rng(seed).standard_normal((200_000, steps.size))
    logs = market.volatility * np.sqrt(steps) * shocks - market.volatility**2 * steps / 2
    prices = market.price * np.exp(logs.cumsum(axis=1))
    count = steps.size + fixings.past
    averages = (prices.sum(axis=1) + fixings.past * fixings.past_average) / count
    paid = np.maximum(wanted.kind.sign * (averages - wanted.strike), 0.0)
    expected = (market.price * steps.size + fixings.past * fixings.past_average) / count
    beta = np.cov(paid, averages)[0, 1] / averages.var()
    paid = (paid - beta * (averages - expected)) * exp(-market.rate * wanted.expiry_years)
    return float(paid.mean()), float(paid.std() / sqrt(paid.size))


@pytest.mark.parametrize("strike", [62.0, 70.0, 85.0])
@pytest.mark.parametrize(("past", "average"), [(0, 0.0), (8, 71.0)])
def test_simulation_agrees(strike: float, past: int, average: float) -> None:
    wanted = replace(MONTH, strike=strike)
    fixings = Fixings(years=AHEAD.years[past:], past=past, past_average=average)
    mean, error = simulate(wanted, CRUDE, fixings, seed=past)
    found = turnbull_wakeman(wanted, CRUDE, fixings).price
    # Two moments make the average lognormal, which costs a few thousandths here.
    assert found == pytest.approx(mean, abs=3 * error + 2e-3)


def test_many_fixings_are_a_continuous_average() -> None:
    daily = evenly_spaced(20_000, starts_years=0.0, ends_years=0.25)
    discrete, continuous = turnbull_wakeman(MONTH, CRUDE, daily), levy(MONTH, CRUDE)
    assert discrete.price == pytest.approx(continuous.price, abs=2e-4)
    assert discrete.delta == pytest.approx(continuous.delta, abs=1e-4)


def test_one_fixing_at_expiry_is_a_european_option() -> None:
    one = Fixings(years=np.array([0.25]))
    answer, expected = turnbull_wakeman(MONTH, CRUDE, one), black76.value(MONTH, CRUDE)
    assert astuple(answer) == pytest.approx(astuple(expected), rel=1e-7)


def plain_differences(
    value: Callable[[Option, Market], Valuation], wanted: Option, market: Market
) -> dict[str, float]:
    def at(**changes: float) -> float:
        return value(wanted, replace(market, **changes)).price

    price, volatility, rate = market.price, market.volatility, market.rate
    return {
        "delta": (at(price=price + 0.01) - at(price=price - 0.01)) / 0.02,
        "gamma": (at(price=price + 0.1) - 2 * at() + at(price=price - 0.1)) / 0.01,
        "vega": (at(volatility=volatility + 1e-4) - at(volatility=volatility - 1e-4)) / 2e-4,
        "rho": (at(rate=rate + 1e-5) - at(rate=rate - 1e-5)) / 2e-5,
    }


@pytest.mark.parametrize("kind", OptionKind)
@pytest.mark.parametrize(
    "market", [CRUDE, SpotMarket(price=72.0, volatility=0.35, rate=0.04, dividend_yield=0.01)]
)
def test_greeks_are_differences(kind: OptionKind, market: Market) -> None:
    wanted = replace(MONTH, kind=kind)

    def discrete(one: Option, there: Market) -> Valuation:
        return turnbull_wakeman(one, there, Fixings(years=AHEAD.years, past=4, past_average=71.0))

    def continuous(one: Option, there: Market) -> Valuation:
        return levy(one, there, elapsed_years=0.1, past_average=71.0)

    for value in (discrete, continuous):
        answer = value(wanted, market)
        for name, expected in plain_differences(value, wanted, market).items():
            assert getattr(answer, name) == pytest.approx(expected, rel=1e-4), name


def test_theta_is_what_a_moment_costs() -> None:
    moment = 1e-5
    fixings = Fixings(years=AHEAD.years - moment, past=4, past_average=71.0)
    later = replace(MONTH, expiry_years=0.25 - moment)
    now = turnbull_wakeman(MONTH, CRUDE, replace(fixings, years=AHEAD.years))
    then = turnbull_wakeman(later, CRUDE, fixings)
    assert now.theta == pytest.approx((then.price - now.price) / moment, rel=1e-3)
    now = levy(MONTH, CRUDE, elapsed_years=0.1, past_average=71.0)
    known = (0.1 * 71.0 + moment * CRUDE.price) / (0.1 + moment)
    then = levy(later, CRUDE, elapsed_years=0.1 + moment, past_average=known)
    assert now.theta == pytest.approx((then.price - now.price) / moment, rel=1e-3)


@given(
    st.floats(40.0, 110.0),
    st.integers(0, 20),
    st.floats(50.0, 90.0),
    st.floats(0.05, 1.0),
)
def test_calls_less_puts_are_the_expected_average_less_strike(
    strike: float, past: int, average: float, volatility: float
) -> None:
    market = replace(CRUDE, volatility=volatility)
    fixings = Fixings(years=AHEAD.years[past:], past=past, past_average=average)
    wanted = replace(MONTH, strike=strike)
    call = turnbull_wakeman(wanted, market, fixings).price
    put = turnbull_wakeman(replace(wanted, kind=PUT), market, fixings).price
    expected = (past * average + (21 - past) * 72.0) / 21
    assert call - put == pytest.approx(exp(-0.04 * 0.25) * (expected - strike), abs=1e-10)


@pytest.mark.parametrize("kind", OptionKind)
def test_a_payoff_that_is_certain_is_discounted(kind: OptionKind) -> None:
    # Eighteen of 21 fixings averaged 100: no price of at least 0 brings the average below 70.
    fixings = Fixings(years=AHEAD.years[18:], past=18, past_average=100.0)
    answer = turnbull_wakeman(replace(MONTH, kind=kind), CRUDE, fixings)
    average = (18 * 100.0 + 3 * 72.0) / 21
    worth = exp(-0.01) * (average - 70.0) if kind is CALL else 0.0
    assert answer.price == pytest.approx(worth)
    assert answer.delta == pytest.approx(exp(-0.01) * 3 / 21 if kind is CALL else 0.0)
    assert answer.gamma == pytest.approx(0.0, abs=1e-9)
    assert answer.vega == pytest.approx(0.0, abs=1e-9)


def test_an_average_that_is_known_waits_for_its_payment() -> None:
    known = Fixings(years=np.array([]), past=21, past_average=75.0)
    answer = turnbull_wakeman(MONTH, CRUDE, known)
    assert answer.price == pytest.approx(exp(-0.01) * 5.0)
    assert (answer.delta, answer.gamma, answer.vega) == pytest.approx((0.0, 0.0, 0.0))
    assert answer.theta == pytest.approx(0.04 * answer.price, rel=1e-6)


def test_fixings_are_spaced_evenly_and_the_past_ones_counted() -> None:
    fixings = evenly_spaced(4, starts_years=-0.2, ends_years=0.2, past_average=70.0)
    np.testing.assert_allclose(fixings.years, [0.1, 0.2])
    assert (fixings.past, fixings.past_average) == (2, 70.0)


@given(st.integers(1, 400), st.floats(-1.0, 1.0), st.floats(1e-6, 2.0))
def test_the_last_of_even_fixings_is_at_the_end(count: int, start: float, lasts: float) -> None:
    end = start + lasts
    if start < end and end > 0.0:
        fixings = evenly_spaced(count, starts_years=start, ends_years=end, past_average=1.0)
        assert fixings.years[-1] == end
        assert fixings.past + fixings.years.size == count


def test_fixings_at_once_and_one_far_away_are_as_good_as_known() -> None:
    years = np.array([*np.linspace(1e-7, 1e-6, 20), 1.0])
    wanted = replace(MONTH, expiry_years=1.0)
    answer = turnbull_wakeman(wanted, CRUDE, Fixings(years=years))
    known = Fixings(years=years[20:], past=20, past_average=72.0)
    expected = turnbull_wakeman(wanted, CRUDE, known)
    # Made lognormal with the rest or without it, the one far away has another skew.
    assert answer.price == pytest.approx(expected.price, abs=5e-2)
    assert np.isfinite(answer.theta)


@pytest.mark.parametrize(
    "arguments",
    [
        {"count": 0, "starts_years": 0.0, "ends_years": 1.0},
        {"count": 10**12, "starts_years": 0.0, "ends_years": 1.0},
        {"count": 4, "starts_years": 1.0, "ends_years": 1.0},
        {"count": 4, "starts_years": nan, "ends_years": 1.0},
        {"count": 4, "starts_years": -1.0, "ends_years": 1.0},
        {"count": 4, "starts_years": -1.0, "ends_years": 1.0, "past_average": nan},
    ],
)
def test_fixings_that_cannot_be_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        evenly_spaced(**arguments)


@pytest.mark.parametrize(
    ("years", "past"),
    [
        ([], 0),
        ([0.2, 0.1], 0),
        ([0.1, 0.1], 0),
        ([0.0, 0.1], 0),
        ([nan], 0),
        ([inf], 0),
        ([0.1], -1),
        ([[0.1]], 0),
    ],
)
def test_fixings_rise_from_now(years: list[float], past: int) -> None:
    with pytest.raises(InvalidInput):
        Fixings(years=np.array(years), past=past)


def test_what_cannot_be_valued_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="after the expiry"):
        turnbull_wakeman(replace(MONTH, expiry_years=0.2), CRUDE, AHEAD)
    with pytest.raises(InvalidInput, match="elapsed_years"):
        levy(MONTH, CRUDE, elapsed_years=-0.1)
    with pytest.raises(InvalidInput, match="past_average"):
        levy(MONTH, CRUDE, elapsed_years=0.1)
    for price in (0.0, -37.63):
        with pytest.raises(ModelNotApplicable, match="bachelier"):
            turnbull_wakeman(MONTH, replace(CRUDE, price=price), AHEAD)
        with pytest.raises(ModelNotApplicable, match="bachelier"):
            levy(MONTH, replace(CRUDE, price=price))
    with pytest.raises(ModelNotApplicable, match="extreme"):
        levy(MONTH, replace(CRUDE, volatility=1e6))
    with pytest.raises(ModelNotApplicable, match="too small"):
        levy(MONTH, replace(CRUDE, volatility=1e-9))


@settings(max_examples=60)
@given(
    st.floats(1e-3, 1e6),
    st.floats(-1e6, 1e6),
    st.floats(1e-6, 30.0),
    st.floats(-0.5, 1.0),
    st.floats(1e-8, 100.0),
    st.floats(0.0, 100.0),
)
def test_no_input_gives_anything_but_numbers_or_a_named_error(
    price: float, strike: float, volatility: float, rate: float, years: float, elapsed: float
) -> None:
    wanted = Option(kind=CALL, strike=strike, expiry_years=years)
    market = SpotMarket(price=price, volatility=volatility, rate=rate, dividend_yield=0.02)
    try:
        levy(wanted, market, elapsed_years=elapsed, past_average=price)
        fixings = evenly_spaced(7, starts_years=-elapsed, ends_years=years, past_average=price)
        turnbull_wakeman(wanted, market, fixings)
    except (InvalidInput, ModelNotApplicable):
        return
