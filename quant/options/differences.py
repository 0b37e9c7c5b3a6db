"""Own derivatives of a price by central differences, for models that give the price alone.

Steps are fractions of the distance over which the price bends, so that the rule of fourth order
loses some ten digits neither to its own error nor to rounding.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt

from core.errors import ModelNotApplicable
from quant.options.terms import Market, Valuation

SMALLEST_DEVIATION = 1e-6
"""Bound σ√T from below: under it differences drown in rounding."""

PRICE_STEP = 0.02
"""Step a price by this part of its standard deviation to expiry."""
VOLATILITY_STEP = 0.01
RATE_STEP = 0.001
TIME_STEP = 0.005

_OFFSETS = (-2, -1, 1, 2)
_FIRST = (1.0 / 12.0, -8.0 / 12.0, 8.0 / 12.0, -1.0 / 12.0)
_SECOND = (-1.0 / 12.0, 16.0 / 12.0, 16.0 / 12.0, -1.0 / 12.0)
_SECOND_CENTRE = -30.0 / 12.0
_ONE_SIDED = (-25.0 / 12.0, 4.0, -3.0, 4.0 / 3.0, -1.0 / 4.0)


def slope(function: Callable[[float], float], at: float, step: float) -> float:
    """Return the first derivative, from two points on either side."""
    return _weighted(function, at, step, _OFFSETS, _FIRST) / step


def one_sided_slope(function: Callable[[float], float], at: float, step: float) -> float:
    """Return the first derivative, from `at` and four points on the side of the signed step."""
    return _weighted(function, at, step, range(5), _ONE_SIDED) / step


def slope_and_bend(
    function: Callable[[float], float], at: float, step: float, centre: float
) -> tuple[float, float]:
    """Return the first and second derivatives; `centre` is the function's value at `at`."""
    values = [function(at + offset * step) for offset in _OFFSETS]
    first = sum(weight * one for weight, one in zip(_FIRST, values, strict=True))
    second = sum(weight * one for weight, one in zip(_SECOND, values, strict=True))
    return first / step, (second + _SECOND_CENTRE * centre) / step**2


def mixed_slope(
    function: Callable[[float, float], float], at: tuple[float, float], steps: tuple[float, float]
) -> float:
    """Return the mixed second derivative of a function of two numbers."""

    def inner(first: float) -> float:
        return slope(lambda second: function(first, second), at[1], steps[1])

    return slope(inner, at[0], steps[0])


def value_by_differences(
    model: str,
    price_of: Callable[[Market, float], float],
    market: Market,
    *,
    horizon_years: float,
    time_step_years: float,
) -> Valuation:
    """Value an option whose price is a function of its market and of the years gone by from now.

    `horizon_years` is how long the price of the underlying still matters; the price must be smooth
    over twice `time_step_years` either way.

    Raises:
        ModelNotApplicable: the volatility over the horizon is too small for differences.
    """
    price = price_of(market, 0.0)
    deviation = min(market.volatility * sqrt(horizon_years), 1.0)
    if deviation < SMALLEST_DEVIATION:
        reason = f"its volatility to expiry, {deviation:g}, is too small; it is worth {price:g}"
        raise ModelNotApplicable(model=model, reason=reason)
    delta, gamma = slope_and_bend(
        lambda one: price_of(replace(market, price=one), 0.0),
        market.price,
        PRICE_STEP * deviation * market.price,
        price,
    )
    return Valuation(
        price=price,
        delta=delta,
        gamma=gamma,
        vega=slope(
            lambda one: price_of(replace(market, volatility=one), 0.0),
            market.volatility,
            VOLATILITY_STEP * market.volatility,
        ),
        theta=slope(lambda gone: price_of(market, gone), 0.0, time_step_years),
        rho=slope(lambda one: price_of(replace(market, rate=one), 0.0), market.rate, RATE_STEP),
    )


def _weighted(
    function: Callable[[float], float],
    at: float,
    step: float,
    offsets: Sequence[int],
    weights: Sequence[float],
) -> float:
    pairs = zip(offsets, weights, strict=True)
    return sum(weight * function(at + offset * step) for offset, weight in pairs)
