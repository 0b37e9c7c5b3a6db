"""Check American options against Longstaff and Schwartz, trees, finite differences, simulation."""

from dataclasses import astuple, replace
from math import exp, nan, sqrt

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, ModelNotApplicable
from quant.options import american, black76
from quant.options.library import EXPIRY, REFERENCE, npv, process, vanilla_payoff
from quant.options.terms import (
    FuturesMarket,
    Market,
    Option,
    OptionKind,
    SpotMarket,
    intrinsic_value,
)

CALL, PUT = OptionKind.CALL, OptionKind.PUT

# Longstaff and Schwartz (2001), table 1, column "Finite difference American": puts struck at 40,
# 6 %, 50 exercise dates a year, by (spot, volatility, years). Of 0.4 and two years only the first
# is here: the others print up to 0.006 more than any finer grid of 50 dates a year gives.
LONGSTAFF_SCHWARTZ = {
    (36.0, 0.2, 1): 4.478,
    (36.0, 0.2, 2): 4.840,
    (36.0, 0.4, 1): 7.101,
    (36.0, 0.4, 2): 8.508,
    (38.0, 0.2, 1): 3.250,
    (38.0, 0.2, 2): 3.745,
    (38.0, 0.4, 1): 6.148,
    (40.0, 0.2, 1): 2.314,
    (40.0, 0.2, 2): 2.885,
    (40.0, 0.4, 1): 5.312,
    (42.0, 0.2, 1): 1.617,
    (42.0, 0.2, 2): 2.212,
    (42.0, 0.4, 1): 4.582,
    (44.0, 0.2, 1): 1.110,
    (44.0, 0.2, 2): 1.690,
    (44.0, 0.4, 1): 3.948,
}


def spot(price: float, volatility: float) -> SpotMarket:
    return SpotMarket(price=price, volatility=volatility, rate=0.06)


def put(years: float) -> Option:
    return Option(kind=PUT, strike=40.0, expiry_years=years)


def tree_price(wanted: Option, market: Market, steps: int = 1500) -> float:
    """Price on a binomial tree (Cox, Ross and Rubinstein 1979), the mean of n and n + 1 steps."""

    def once(count: int) -> float:
        step = wanted.expiry_years / count
        up = exp(market.volatility * sqrt(step))
        chance = (exp(market.carry * step) - 1 / up) / (up - 1 / up)
        discount = exp(-market.rate * step)
        prices = market.price * up ** np.arange(-count, count + 1, dtype=float)
        worth = np.maximum(wanted.kind.sign * (prices - wanted.strike), 0.0)
        values = worth[::2]
        for level in range(count - 1, -1, -1):
            values = discount * (chance * values[1:] + (1 - chance) * values[:-1])
            values = np.maximum(values, worth[count - level : count + level + 1 : 2])
        return float(values[0])

    return (once(steps) + once(steps + 1)) / 2


def least_squares_price(market: SpotMarket, years: int, seed: int) -> tuple[float, float]:
    """Price a put by regression on simulated paths, Longstaff and Schwartz (2001).

    Basis: a constant and three weighted Laguerre polynomials of price over strike, 50 dates a
    year, antithetic paths. Returns the price and its standard error.
    """
    count, half, step = 50 * years, 25_000, 1 / 50
    shocks = np.random.default_rng(seed).standard_normal((count, half))
    shocks = np.concatenate([shocks, -shocks], axis=1)
    drift = (market.rate - market.volatility**2 / 2) * step
    logs = (drift + market.volatility * sqrt(step) * shocks).cumsum(axis=0)
    prices = market.price * np.exp(logs)
    cash, discount = np.maximum(40.0 - prices[-1], 0.0), exp(-market.rate * step)
    for row in prices[-2::-1]:
        cash *= discount
        inside = row < 40.0
        x = row[inside] / 40.0
        weight = np.exp(-x / 2)
        basis = np.column_stack(
            [np.ones(x.size), weight, weight * (1 - x), weight * (1 - 2 * x + x * x / 2)]
        )
        waiting = basis @ np.linalg.lstsq(basis, cash[inside], rcond=None)[0]
        now = 40.0 - row[inside]
        cash[inside] = np.where(now > waiting, now, cash[inside])
    cash *= discount
    pairs = (cash[:half] + cash[half:]) / 2
    return float(pairs.mean()), float(pairs.std() / sqrt(half))


@pytest.mark.parametrize(("case", "price"), LONGSTAFF_SCHWARTZ.items())
def test_fifty_dates_a_year_give_the_table_of_longstaff_and_schwartz(
    case: tuple[float, float, int], price: float
) -> None:
    at, volatility, years = case
    found = american.price(put(years), spot(at, volatility), exercise_dates=50 * years)
    assert found == pytest.approx(price, abs=1.4e-3)
    anytime = american.price(put(years), spot(at, volatility))
    assert 0.0 < anytime - found < 0.01


def test_most_of_the_table_comes_to_the_printed_digit() -> None:
    found = {
        case: american.price(put(case[2]), spot(case[0], case[1]), exercise_dates=50 * case[2])
        for case in LONGSTAFF_SCHWARTZ
    }
    same = [case for case, price in LONGSTAFF_SCHWARTZ.items() if round(found[case], 3) == price]
    assert {(36.0, 0.2, 1), (36.0, 0.2, 2), (36.0, 0.4, 1)} <= set(same)
    assert len(same) >= 12


@pytest.mark.parametrize("case", [(36.0, 0.2, 1), (36.0, 0.4, 1), (44.0, 0.2, 1)])
def test_regression_on_simulated_paths_agrees(case: tuple[float, float, int]) -> None:
    at, volatility, years = case
    mean, error = least_squares_price(spot(at, volatility), years, seed=2001)
    found = american.price(put(years), spot(at, volatility), exercise_dates=50 * years)
    # A regressed rule is not quite the best one, so the simulation lies low rather than high.
    assert -3 * error < found - mean < 3 * error + 0.01


def test_finite_differences_converge_to_the_price_at_any_time() -> None:
    model = process(ql.SimpleQuote(36.0), ql.SimpleQuote(0.2), log_growth=0.06, log_discount=0.06)
    instrument = ql.VanillaOption(vanilla_payoff(PUT, 40.0), ql.AmericanExercise(REFERENCE, EXPIRY))
    found = []
    for steps in (200, 400, 800):
        instrument.setPricingEngine(ql.FdBlackScholesVanillaEngine(model, steps, steps))
        found.append(npv("american", instrument))
    # The error halves with the step: extrapolate once.
    assert american.price(put(1.0), spot(36.0, 0.2)) == pytest.approx(
        2 * found[2] - found[1], abs=3e-4
    )
    assert abs(found[0] - 4.478) <= 0.007


@pytest.mark.parametrize("kind", OptionKind)
@pytest.mark.parametrize("strike", [16.0, 20.0, 23.0])
@pytest.mark.parametrize(
    "market",
    [
        FuturesMarket(price=20.0, volatility=0.25, rate=0.09),
        FuturesMarket(price=20.0, volatility=0.6, rate=0.02),
        FuturesMarket(price=20.0, volatility=0.3, rate=-0.01),
        SpotMarket(price=20.0, volatility=0.25, rate=0.05, dividend_yield=0.08),
        SpotMarket(price=20.0, volatility=0.25, rate=0.08, dividend_yield=0.02),
    ],
)
def test_binomial_trees_agree(kind: OptionKind, strike: float, market: Market) -> None:
    wanted = Option(kind=kind, strike=strike, expiry_years=1 / 3)
    assert american.price(wanted, market) == pytest.approx(tree_price(wanted, market), abs=4e-4)


def test_two_boundaries_are_valued_on_a_grid() -> None:
    market = SpotMarket(price=100.0, volatility=0.2, rate=-0.01, dividend_yield=-0.03)
    wanted = Option(kind=PUT, strike=100.0, expiry_years=2.0)
    assert american.price(wanted, market) == pytest.approx(tree_price(wanted, market), abs=1e-2)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Option, Market]:
    price, volatility = draw(st.floats(10.0, 100.0)), draw(st.floats(0.1, 0.9))
    years, rate = draw(st.floats(0.02, 2.0)), draw(st.floats(0.0, 0.12))
    away = draw(st.floats(-1.5, 1.5)) * volatility * sqrt(years)
    kind = draw(st.sampled_from(OptionKind))
    wanted = Option(kind=kind, strike=price * exp(away), expiry_years=years)
    if draw(st.booleans()):
        return wanted, FuturesMarket(price=price, volatility=volatility, rate=rate)
    held = draw(st.floats(0.0, 0.1))
    return wanted, SpotMarket(price=price, volatility=volatility, rate=rate, dividend_yield=held)


@settings(max_examples=60)
@given(cases())
def test_exercise_is_worth_something_and_never_too_much(case: tuple[Option, Market]) -> None:
    wanted, market = case
    found = american.price(wanted, market)
    assert found >= black76.price(wanted, market)
    assert found >= intrinsic_value(wanted.kind, market.price, wanted.strike)
    assert found <= (market.price if wanted.kind is CALL else wanted.strike)
    longer = replace(wanted, expiry_years=1.1 * wanted.expiry_years)
    assert american.price(longer, market) >= found - 1e-6 * market.price


@settings(max_examples=40)
@given(cases())
def test_calls_are_puts_with_price_and_strike_exchanged(case: tuple[Option, Market]) -> None:
    # McDonald and Schroder (1998): C(S, K, r, q) = P(K, S, q, r).
    wanted, market = case
    other = Option(
        kind=PUT if wanted.kind is CALL else CALL,
        strike=market.price,
        expiry_years=wanted.expiry_years,
    )
    mirrored = SpotMarket(
        price=wanted.strike,
        volatility=market.volatility,
        rate=market.rate - market.carry,
        dividend_yield=market.rate,
    )
    expected = american.price(other, mirrored)
    assert american.price(wanted, market) == pytest.approx(expected, abs=1e-5 * market.price)


@settings(max_examples=25)
@given(cases())
def test_greeks_are_differences(case: tuple[Option, Market]) -> None:
    wanted, market = case
    answer = american.value(wanted, market)
    deviation = market.price * market.volatility * sqrt(wanted.expiry_years)
    exercised = intrinsic_value(wanted.kind, market.price, wanted.strike)
    # Where exercise becomes best the slope bends, and differences of any step straddle that.
    assume(answer.price > exercised + 0.01 * deviation)

    def at(**changes: float) -> float:
        return american.price(wanted, replace(market, **changes))

    def centred(name: str, step: float) -> float:
        here = getattr(market, name)
        return (at(**{name: here + step}) - at(**{name: here - step})) / (2 * step)

    years, step = wanted.expiry_years, 0.01 * wanted.expiry_years
    later = american.price(replace(wanted, expiry_years=years + step), market)
    sooner = american.price(replace(wanted, expiry_years=years - step), market)
    assert answer.delta == pytest.approx(centred("price", 0.01 * deviation), abs=1e-3)
    assert answer.vega == pytest.approx(
        centred("volatility", 1e-3), rel=5e-3, abs=1e-3 * market.price
    )
    assert answer.rho == pytest.approx(centred("rate", 1e-3), rel=2e-2, abs=2e-3 * market.price)
    assert answer.theta == pytest.approx(
        (sooner - later) / (2 * step), rel=1e-2, abs=1e-2 * deviation
    )
    # The equation of Black and Scholes holds where waiting is best.
    decay = 0.5 * (market.volatility * market.price) ** 2 * answer.gamma
    drift = market.carry * market.price * answer.delta
    owed = market.rate * answer.price - drift - decay
    assert answer.theta == pytest.approx(owed, rel=2e-2, abs=2e-2 * deviation)


def test_an_option_exercised_at_once_moves_with_its_price() -> None:
    wanted = Option(kind=PUT, strike=100.0, expiry_years=1.0)
    answer = american.value(wanted, FuturesMarket(price=10.0, volatility=0.3, rate=0.05))
    assert astuple(answer) == pytest.approx((90.0, -1.0, 0.0, 0.0, 0.0, 0.0), abs=1e-8)


def test_greeks_on_dates_are_close_to_those_at_any_time() -> None:
    often = american.value(put(1.0), spot(36.0, 0.4), exercise_dates=100)
    anytime = american.value(put(1.0), spot(36.0, 0.4))
    assert astuple(often) == pytest.approx(astuple(anytime), rel=2e-2)


@pytest.mark.parametrize("kind", OptionKind)
@pytest.mark.parametrize("dates", [1, 2, 50])
@pytest.mark.parametrize(
    ("market", "years"),
    [
        (SpotMarket(price=10.0, volatility=20.0, rate=0.05, dividend_yield=0.03), 1.0),
        (SpotMarket(price=403.0, volatility=5.0, rate=0.05, dividend_yield=0.02), 1.0),
        (FuturesMarket(price=100.0, volatility=0.3, rate=-0.02), 30.0),
    ],
)
def test_dates_are_worth_no_more_than_any_time(
    kind: OptionKind, dates: int, market: Market, years: float
) -> None:
    # A grid over many deviations is off by several per cent of the strike.
    wanted = Option(kind=kind, strike=100.0, expiry_years=years)
    found = american.price(wanted, market, exercise_dates=dates)
    assert black76.price(wanted, market) <= found <= american.price(wanted, market)


@pytest.mark.parametrize("kind", OptionKind)
@pytest.mark.parametrize("volatility", [1e-4, 0.3, 5.0])
@pytest.mark.parametrize("rate", [1e-300, 2.3e-16, 1e-14, -2e-16, -1e-10])
def test_a_rate_next_to_nothing_leaves_a_european_option(
    kind: OptionKind, volatility: float, rate: float
) -> None:
    for strike in (90.0, 100.0, 110.0):
        wanted = Option(kind=kind, strike=strike, expiry_years=1.0)
        for market in (
            FuturesMarket(price=100.0, volatility=volatility, rate=rate),
            SpotMarket(price=100.0, volatility=volatility, rate=max(rate, 0.0)),
        ):
            found = american.price(wanted, market)
            assert found == pytest.approx(black76.price(wanted, market), abs=1e-8)


def test_a_price_that_is_no_number_is_refused() -> None:
    market = SpotMarket(price=1000.0, volatility=1e6, rate=0.2, dividend_yield=0.03)
    wanted = Option(kind=CALL, strike=1000.0, expiry_years=100.0)
    with pytest.raises(ModelNotApplicable, match="too extreme"):
        american.price(wanted, market, exercise_dates=2)


@pytest.mark.parametrize("kind", OptionKind)
@pytest.mark.parametrize(
    ("deviation", "accuracy"), [(0.05, 2e-5), (0.2, 2e-5), (0.6, 2e-4), (1.0, 2e-4), (2.0, 2e-4)]
)
def test_a_single_date_is_as_accurate_as_it_says(
    kind: OptionKind, deviation: float, accuracy: float
) -> None:
    for away in (-2.0, -0.5, 0.0, 0.5, 2.0):
        price = 100.0 * exp(away * deviation)
        market = SpotMarket(price=price, volatility=deviation, rate=0.05, dividend_yield=0.03)
        wanted = Option(kind=kind, strike=100.0, expiry_years=1.0)
        found = american.price(wanted, market, exercise_dates=1)
        assert found == pytest.approx(
            black76.price(wanted, market), abs=accuracy * max(100.0, price)
        )


def test_one_date_is_a_european_option() -> None:
    found = american.price(put(1.0), spot(36.0, 0.4), exercise_dates=1)
    assert found == pytest.approx(black76.price(put(1.0), spot(36.0, 0.4)), abs=5e-4)


@settings(max_examples=25)
@given(cases())
def test_implied_volatility_returns(case: tuple[Option, Market]) -> None:
    wanted, market = case
    market = FuturesMarket(price=market.price, volatility=market.volatility, rate=market.rate)
    answer = american.value(wanted, market)
    exercised = intrinsic_value(wanted.kind, market.price, wanted.strike)
    assume(answer.price > exercised + 1e-3 * market.price)
    found = american.implied_volatility(
        wanted, forward=market.price, rate=market.rate, price=answer.price
    )
    assert found == pytest.approx(market.volatility, rel=1e-4)


@pytest.mark.parametrize("price", [20.0, 19.0, 120.0, nan])
def test_prices_without_a_volatility_are_refused(price: float) -> None:
    wanted = Option(kind=CALL, strike=80.0, expiry_years=0.5)
    with pytest.raises(InvalidInput) as refused:
        american.implied_volatility(wanted, forward=100.0, rate=0.04, price=price)
    assert refused.value.context["field"] == "price"


def test_what_cannot_be_valued_is_refused_by_name() -> None:
    market = FuturesMarket(price=20.0, volatility=0.3, rate=0.05)
    for price, strike in ((-37.63, 20.0), (0.0, 20.0), (20.0, -1.0)):
        wanted = Option(kind=PUT, strike=strike, expiry_years=0.5)
        with pytest.raises(ModelNotApplicable, match="bachelier"):
            american.value(wanted, replace(market, price=price))
    for count in (0, -3, 501):
        with pytest.raises(InvalidInput, match="exercise_dates"):
            american.value(put(1.0), market, exercise_dates=count)
    with pytest.raises(ModelNotApplicable, match="too small"):
        american.value(put(1.0), replace(market, volatility=1e-9))


@settings(max_examples=40)
@given(
    st.sampled_from(OptionKind),
    st.floats(1e-2, 1e5),
    st.floats(1e-2, 1e5),
    st.floats(1e-4, 10.0),
    st.floats(-0.2, 0.5),
    st.floats(-0.2, 0.5),
    st.floats(1e-6, 30.0),
)
def test_no_input_gives_anything_but_numbers_or_a_named_error(
    kind: OptionKind,
    price: float,
    strike: float,
    volatility: float,
    rate: float,
    held: float,
    years: float,
) -> None:
    wanted = Option(kind=kind, strike=strike, expiry_years=years)
    market = SpotMarket(price=price, volatility=volatility, rate=rate, dividend_yield=held)
    try:
        answer = american.value(wanted, market)
    except (InvalidInput, ModelNotApplicable):
        return
    assert np.isfinite(astuple(answer)).all()
