"""Own Bachelier's normal model of a European option: prices and strikes of any sign.

Energy needs it: WTI settled at −37.63 on 2020-04-20, and spreads change sign every year.
"""

from math import pi, sqrt

import numpy as np
import QuantLib as ql
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.options.implied import solve_deviation, time_value
from quant.options.library import mirrored_bachelier
from quant.options.terms import (
    FuturesMarket,
    Option,
    OptionKind,
    Valuation,
    check_correlation,
    check_finite,
    check_positive,
    discount_factor,
)

MODEL = "bachelier"


def value(option: Option, market: FuturesMarket) -> Valuation:
    """Value a European option on a futures price by Bachelier; volatility is in price units.

    price = D (±(F − K) N(±d) + s n(d)), d = (F − K)/s, s = σ√T (Bachelier 1900; Haug, "The
    Complete Guide to Option Pricing Formulas"). A year's volatility of 20 means 20 $/bbl.

    Raises:
        InvalidInput: the rate is too extreme.
    """
    years = option.expiry_years
    calculator = _calculator(option, market)
    worth, gamma = calculator.value(), calculator.gammaForward()
    return Valuation(
        price=worth,
        delta=option.kind.sign * calculator.deltaForward(),
        gamma=gamma,
        vega=calculator.vega(years),
        theta=market.rate * worth - 0.5 * market.volatility**2 * gamma,
        rho=-years * worth,
    )


def price(option: Option, market: FuturesMarket) -> float:
    """Return the price of `value` alone, without its Greeks.

    Raises:
        InvalidInput: the rate is too extreme.
    """
    found: float = _calculator(option, market).value()
    return found


def implied_volatility(option: Option, *, forward: float, rate: float, price: float) -> float:
    """Return the normal volatility, in price units per √year, at which the price is `price`.

    Raises:
        InvalidInput: the price is not above D max(±(F − K), 0), its only bound, by more than
            rounding.
    """
    check_finite("forward", forward)
    check_finite("rate", rate)
    undiscounted = price / discount_factor(rate, option.expiry_years)
    target = time_value(option, forward=forward, undiscounted=undiscounted)
    outside = OptionKind.CALL if option.strike >= forward else OptionKind.PUT

    def value_at(deviation: float) -> float:
        found: float = mirrored_bachelier(outside, option.strike, forward, deviation, 1.0).value()
        return found

    # At the money s = √(2π) × value; away from it the same value takes more.
    low = sqrt(2.0 * pi) * target
    if forward == option.strike:
        return low / sqrt(option.expiry_years)
    high = 2.0 * max(low, abs(forward - option.strike))
    while value_at(high) < target:
        high *= 2.0
    # Twice as wide as needed: an end that is the answer may be rounded past it.
    return solve_deviation(value_at, target, 0.5 * low, 2.0 * high) / sqrt(option.expiry_years)


def spread_volatility(volatility1: float, volatility2: float, correlation: float) -> float:
    """Return the normal volatility of a difference of two prices, all in price units per √year.

    √(σ₁² + σ₂² − 2ρσ₁σ₂): with it, F₁ − F₂ is one underlying of the normal model, exactly.

    Raises:
        InvalidInput: a volatility is not above 0, the correlation outside −1…1, or no
            volatility is left.
    """
    check_positive("volatility1", volatility1)
    check_positive("volatility2", volatility2)
    check_correlation(correlation)
    joint = 2.0 * (1.0 - correlation) * volatility1 * volatility2
    variance = (volatility1 - volatility2) ** 2 + joint
    if variance == 0.0:
        reason = "expected below 1 for equal volatilities: the difference never moves"
        raise InvalidInput(field="correlation", reason=reason)
    return sqrt(variance)


def average_volatility(
    volatility: float, fixing_years: NDArray[np.float64], expiry_years: float
) -> float:
    """Return the normal volatility over `expiry_years` of the mean of prices fixed on the way.

    `fixing_years` has shape (fixings,). The variance of the mean is σ² ΣΣ min(tᵢ, tⱼ)/n², exactly.

    Raises:
        InvalidInput: the volatility or a time is not above 0, or there is no fixing.
    """
    check_positive("volatility", volatility)
    check_positive("expiry_years", expiry_years)
    if fixing_years.ndim != 1 or not (np.isfinite(fixing_years) & (fixing_years > 0.0)).all():
        raise InvalidInput(field="fixing_years", reason="expected finite times above 0")
    if not fixing_years.size:
        raise InvalidInput(field="fixing_years", reason="expected at least one")
    # Of pairs of sorted times, the first is the lesser in itself and in two for each later one.
    times, count = np.sort(fixing_years), fixing_years.size
    shared = float(times @ (2.0 * np.arange(count, 0, -1) - 1.0)) / count**2
    return volatility * sqrt(shared / expiry_years)


def _calculator(option: Option, market: FuturesMarket) -> ql.BachelierCalculator:
    years = option.expiry_years
    return mirrored_bachelier(
        option.kind,
        option.strike,
        market.price,
        market.volatility * sqrt(years),
        discount_factor(market.rate, years),
    )
