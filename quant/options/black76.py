"""Own Black's model of a European option, on a futures or a spot price, and its implied volatility.

On a spot price it is the model of Black, Scholes and Merton: both are one formula of the forward.
"""

from math import sqrt

from core.errors import InvalidInput
from quant.options.implied import solve_deviation, time_value
from quant.options.library import black_calculator, black_value
from quant.options.terms import (
    FuturesMarket,
    Market,
    Option,
    OptionKind,
    Valuation,
    check_finite,
    check_lognormal,
    discount_factor,
    forward_price,
)

MODEL = "black76"

_INSTEAD = "the normal model, bachelier, takes prices and strikes of any sign"
_SMALLEST_DEVIATION = 1e-16
_LARGEST_DEVIATION = 100.0
_BELOW_BOUND = 1.0 - 1e-15


def value(option: Option, market: Market) -> Valuation:
    """Value a European option by Black (1976), or Black–Scholes–Merton on a spot price.

    price = D (±F N(±d₁) ∓ K N(±d₂)), d₁,₂ = ln(F/K)/(σ√T) ± σ√T/2, with forward F and discount
    factor D (Black 1976, equation 16; Hull, "Options, Futures and Other Derivatives").

    Raises:
        ModelNotApplicable: the price or the strike is not above 0.
        InvalidInput: the rate is too extreme.
    """
    years = option.expiry_years
    calculator = black_calculator(*_arguments(option, market))
    worth = price(option, market)
    delta, gamma = calculator.delta(market.price), calculator.gamma(market.price)
    decay = 0.5 * (market.volatility * market.price) ** 2 * gamma
    is_future = isinstance(market, FuturesMarket)
    return Valuation(
        price=worth,
        delta=delta,
        gamma=gamma,
        vega=calculator.vega(years),
        theta=market.rate * worth - market.carry * market.price * delta - decay,
        rho=-years * worth if is_future else calculator.rho(years),
    )


def price(option: Option, market: Market) -> float:
    """Return the price of `value` alone, without its Greeks.

    Raises:
        ModelNotApplicable: the price or the strike is not above 0.
        InvalidInput: the rate is too extreme.
    """
    return black_value(*_arguments(option, market))


def implied_volatility(option: Option, *, forward: float, rate: float, price: float) -> float:
    """Return the volatility per year at which Black's price on a forward is `price`.

    Raises:
        InvalidInput: the price is outside its bounds, D max(±(F − K), 0) and D F for a call or
            D K for a put, or so close to one that no digit of a volatility is left.
        ModelNotApplicable: the forward or the strike is not above 0.
    """
    check_finite("forward", forward)
    check_lognormal(MODEL, _INSTEAD, forward=forward, strike=option.strike)
    check_finite("rate", rate)
    undiscounted = price / discount_factor(rate, option.expiry_years)
    target = time_value(option, forward=forward, undiscounted=undiscounted)
    if target >= min(forward, option.strike) * _BELOW_BOUND:
        bound = forward if option.kind is OptionKind.CALL else option.strike
        reason = f"expected below {bound:g} before discounting, was {undiscounted:.15g}"
        raise InvalidInput(field="price", reason=f"{reason}: no volatility gives it")
    outside = OptionKind.CALL if option.strike >= forward else OptionKind.PUT

    def value_at(deviation: float) -> float:
        return black_value(outside, option.strike, forward, deviation, 1.0)

    deviation = solve_deviation(value_at, target, _SMALLEST_DEVIATION, _LARGEST_DEVIATION)
    return deviation / sqrt(option.expiry_years)


def _arguments(option: Option, market: Market) -> tuple[OptionKind, float, float, float, float]:
    """Return what Black's formula takes: kind, strike, forward, σ√T and discount factor."""
    years = option.expiry_years
    forward = forward_price(market, years)
    check_lognormal(
        MODEL, _INSTEAD, price=market.price, strike=option.strike, **{"the forward": forward}
    )
    return (
        option.kind,
        option.strike,
        forward,
        market.volatility * sqrt(years),
        discount_factor(market.rate, years),
    )
