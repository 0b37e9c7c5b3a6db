"""Own American options on a futures or a spot price, and those with a few exercise dates."""

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import QuantLib as ql
from scipy.optimize import brentq

from core.errors import InvalidInput
from quant.options import black76
from quant.options.differences import TIME_STEP, value_by_differences
from quant.options.library import EXPIRY, REFERENCE, npv, process, span_years, vanilla_payoff
from quant.options.terms import (
    FuturesMarket,
    Market,
    Option,
    OptionKind,
    Valuation,
    check_finite,
    check_lognormal,
    intrinsic_value,
)

MODEL = "american"
MOST_EXERCISE_DATES = 500

_INSTEAD = "the normal model, bachelier, takes any sign, but exercises at expiry only"
_PRICE_STEPS = 400
_TIME_STEPS_PER_DATE = 4
_FEWEST_TIME_STEPS = 200
_TIME_STEPS_AT_ANY_TIME = 800
# Between dates lie whole days; how many of them stand for the life does not matter.
_DAYS = 2 * MOST_EXERCISE_DATES
_READABLE = 1e-7
# QuantLib finds no boundary where so little is won by exercising early.
_NO_GROWTH = 1e-12
_LARGEST_DEVIATION = 10.0


def value(option: Option, market: Market, *, exercise_dates: int | None = None) -> Valuation:
    """Value an option that may be exercised at any time, or on evenly spaced dates.

    At any time: the exercise boundary by Andersen, Lake and Offengenden (2016, "High performance
    American option pricing"), good to about 1e-6 of the strike. On `exercise_dates`, the last at
    expiry: finite differences, good to about 2e-5 of price or strike while σ√T is below 0.3 and to
    2e-4 below 2, never outside the European price and that at any time; to 1e-4 at any time where
    rates are negative and a put's yield or a call's rate is lower still, since then two boundaries
    exist. Greeks are central differences.

    Raises:
        ModelNotApplicable: the price or the strike is not above 0, or the volatility too extreme.
        InvalidInput: `exercise_dates` is outside 1…500, or the rate too extreme.
    """
    _check_dates(exercise_dates)

    def price_of(market: Market, gone_years: float) -> float:
        left = replace(option, expiry_years=option.expiry_years - gone_years)
        return price(left, market, exercise_dates=exercise_dates)

    check_lognormal(MODEL, _INSTEAD, price=market.price, strike=option.strike)
    return value_by_differences(
        MODEL,
        price_of,
        market,
        horizon_years=option.expiry_years,
        time_step_years=TIME_STEP * option.expiry_years,
    )


def price(option: Option, market: Market, *, exercise_dates: int | None = None) -> float:
    """Return the price of `value` alone, without its Greeks.

    Raises:
        ModelNotApplicable: the price or the strike is not above 0, or the volatility too extreme.
        InvalidInput: `exercise_dates` is outside 1…500, or the rate too extreme.
    """
    _check_dates(exercise_dates)
    check_lognormal(MODEL, _INSTEAD, price=market.price, strike=option.strike)
    if exercise_dates is None:
        return _price_at_any_time(option, market)
    return _price_on_dates(option, market, exercise_dates)


def implied_volatility(option: Option, *, forward: float, rate: float, price: float) -> float:
    """Return the volatility per year at which an American option on a futures price is worth this.

    Raises:
        InvalidInput: the price is not above what exercise brings now by a readable amount, or
            above what any volatility gives.
        ModelNotApplicable: the forward or the strike is not above 0.
    """
    check_finite("forward", forward)
    check_finite("price", price)
    check_lognormal(MODEL, _INSTEAD, forward=forward, strike=option.strike)
    exercised = intrinsic_value(option.kind, forward, option.strike)
    if price - exercised <= _READABLE * option.strike:
        reason = f"expected above {exercised:g}, what exercise brings now, was {price:g}"
        raise InvalidInput(field="price", reason=f"{reason}: no volatility can be read from it")

    def miss(volatility: float) -> float:
        market = FuturesMarket(price=forward, volatility=volatility, rate=rate)
        return _price_at_any_time(option, market) - price

    root = sqrt(option.expiry_years)
    low, high = 1e-4 / root, _LARGEST_DEVIATION / root
    for bound, is_outside in ((low, miss(low) > 0.0), (high, miss(high) < 0.0)):
        if is_outside:
            reason = f"was {price:g}, which only a volatility beyond {bound:g} would give"
            raise InvalidInput(field="price", reason=reason)
    found: float = brentq(miss, low, high, xtol=1e-12, rtol=1e-12)
    return found


def _check_dates(count: int | None) -> None:
    if count is not None and not 1 <= count <= MOST_EXERCISE_DATES:
        reason = f"expected 1 to {MOST_EXERCISE_DATES}, was {count}"
        raise InvalidInput(field="exercise_dates", reason=reason)


def _price_at_any_time(option: Option, market: Market) -> float:
    european = black76.price(option, market)
    if _is_never_early(option, market):
        return max(european, intrinsic_value(option.kind, market.price, option.strike))
    two_boundaries = _has_two_boundaries(option.kind, market)
    engine_of = _grid(_TIME_STEPS_AT_ANY_TIME) if two_boundaries else ql.QdFpAmericanEngine
    found = _price(option, market, ql.AmericanExercise(REFERENCE, EXPIRY), engine_of)
    return max(found, european, intrinsic_value(option.kind, market.price, option.strike))


def _price_on_dates(option: Option, market: Market, count: int) -> float:
    european = black76.price(option, market)
    days_between = _DAYS // count
    dates = [REFERENCE + days_between * number for number in range(1, count + 1)]
    steps = max(_FEWEST_TIME_STEPS, _TIME_STEPS_PER_DATE * count)
    found = _price(option, market, ql.BermudanExercise(dates), _grid(steps))
    return max(min(found, _price_at_any_time(option, market)), european)


def _is_never_early(option: Option, market: Market) -> bool:
    # What is received grows too little to be wanted sooner, what is given up does not shrink.
    yielded = market.rate - market.carry
    is_call = option.kind is OptionKind.CALL
    received, given = (yielded, market.rate) if is_call else (market.rate, yielded)
    least = _NO_GROWTH / option.expiry_years
    return received <= least and given >= -least


def _has_two_boundaries(kind: OptionKind, market: Market) -> bool:
    # Held long, the option loses what it would gain by waiting a little, and the other way round.
    yielded = market.rate - market.carry
    low, high = (yielded, market.rate) if kind is OptionKind.PUT else (market.rate, yielded)
    return low < high < 0.0


def _grid(time_steps: int) -> Callable[[ql.GeneralizedBlackScholesProcess], ql.PricingEngine]:
    return lambda model: ql.FdBlackScholesVanillaEngine(model, time_steps, _PRICE_STEPS)


def _price(
    option: Option,
    market: Market,
    exercise: ql.Exercise,
    engine_of: Callable[[ql.GeneralizedBlackScholesProcess], ql.PricingEngine],
) -> float:
    years = option.expiry_years
    end = exercise.lastDate()
    model = process(
        ql.SimpleQuote(market.price),
        ql.SimpleQuote(market.volatility * sqrt(years / span_years(end))),
        log_growth=market.carry * years,
        log_discount=market.rate * years,
        end=end,
    )
    instrument = ql.VanillaOption(vanilla_payoff(option.kind, option.strike), exercise)
    instrument.setPricingEngine(engine_of(model))
    return npv(MODEL, instrument)
