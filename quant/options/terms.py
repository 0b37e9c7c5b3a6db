"""Own the words every option model shares: the option, its market, its valuation.

Time is in years and used as given; rates are continuously compounded, per year.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from math import exp, isfinite
from typing import TYPE_CHECKING

from core.errors import InvalidInput, ModelNotApplicable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Within these the squares and products of any formula here are floats; no price is near them.
_LARGEST = 1e75
_SMALLEST = 1e-75
# QuantLib takes a forward or strike of less than some 1e-28 for 0, whatever the other is.
_SMALLEST_PRICE = 1e-20
_LARGEST_EXPONENT = 200.0


class OptionKind(StrEnum):
    """Name the right an option gives: to buy or to sell."""

    CALL = "call"
    PUT = "put"

    @property
    def sign(self) -> float:
        """Return 1.0 for a call and −1.0 for a put."""
        return 1.0 if self is OptionKind.CALL else -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Hold the terms of one option: its kind, its strike, the years until it expires.

    An expired option has no model value; it is worth `intrinsic_value` of the final price.

    Raises:
        InvalidInput: the strike is not finite, or `expiry_years` is not above 0.
    """

    kind: OptionKind
    strike: float
    expiry_years: float

    def __post_init__(self) -> None:
        check_finite("strike", self.strike)
        check_positive(
            "expiry_years", self.expiry_years, "an expired option is worth its intrinsic value"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FuturesMarket:
    """Hold a futures price, its volatility and the rate of interest, both per year.

    `volatility` is that of returns (0.3 for 30 %), or in price units for the normal model. A
    futures price costs nothing to hold, so it has no drift.

    Raises:
        InvalidInput: a number is not finite, or the volatility not above 0.
    """

    price: float
    volatility: float
    rate: float

    def __post_init__(self) -> None:
        _check_market(self.price, self.volatility, self.rate)

    @property
    def carry(self) -> float:
        """Return the drift of the price per year under pricing: none."""
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotMarket:
    """Hold a spot price, its volatility, the rate of interest, and what holding it yields.

    `dividend_yield` is the dividend or convenience yield less storage, continuous, per year.

    Raises:
        InvalidInput: a number is not finite, or the volatility not above 0.
    """

    price: float
    volatility: float
    rate: float
    dividend_yield: float = 0.0

    def __post_init__(self) -> None:
        _check_market(self.price, self.volatility, self.rate)
        check_finite("dividend_yield", self.dividend_yield)

    @property
    def carry(self) -> float:
        """Return the drift of the price per year under pricing: rate − yield."""
        return self.rate - self.dividend_yield


Market = FuturesMarket | SpotMarket


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """Hold what one option is worth and how that changes: plain derivatives of the price.

    `delta` per 1.00 of the underlying price, `gamma` per its square, `vega` per 1.00 of volatility
    (a hundredth of it per volatility point), `theta` per year that passes (usually negative; a
    365th of it per day), `rho` per 1.00 of the rate. On futures, rho holds the futures price still.

    Raises:
        ModelNotApplicable: a number is not finite, since the inputs are beyond floating point.
    """

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float

    def __post_init__(self) -> None:
        check_answer(self)


def intrinsic_value(kind: OptionKind, price: float, strike: float) -> float:
    """Return what exercising now would bring: max(±(price − strike), 0)."""
    return max(kind.sign * (price - strike), 0.0)


def discount_factor(rate: float, years: float) -> float:
    """Return e^(−rate × years).

    Raises:
        InvalidInput: the rate is so large that the factor cannot be written as a float.
    """
    return exp(-_checked_exponent("rate", rate, years))


def forward_price(market: Market, years: float) -> float:
    """Return the price expected in `years` under pricing: price × e^(carry × years).

    Raises:
        InvalidInput: the carry is so large that the forward cannot be written as a float.
    """
    return market.price * exp(_checked_exponent("carry", market.carry, years))


def check_finite(field: str, value: float) -> None:
    """Refuse a number that is infinite, not a number, or beyond 1e75 either way.

    Raises:
        InvalidInput: it is.
    """
    if not abs(value) <= _LARGEST:
        raise InvalidInput(field=field, reason=f"expected a finite number, was {value}")


def check_positive(field: str, value: float, hint: str = "") -> None:
    """Refuse a number that is not above 0, or below 1e-75; `hint` says what to do instead.

    Raises:
        InvalidInput: it is, or is not finite.
    """
    check_finite(field, value)
    if value < _SMALLEST:
        more = f"; {hint}" if hint else ""
        raise InvalidInput(field=field, reason=f"expected above 0, was {value:g}{more}")


def check_correlation(correlation: float) -> None:
    """Refuse a correlation outside −1…1.

    Raises:
        InvalidInput: it is, or is not a number.
    """
    if not -1.0 <= correlation <= 1.0:
        raise InvalidInput(field="correlation", reason=f"expected -1 to 1, was {correlation:g}")


def check_lognormal(model: str, instead: str, **prices: float) -> None:
    """Refuse a price of 0 or less, or below 1e-20; `instead` says what takes prices of any sign.

    Raises:
        ModelNotApplicable: a price is.
    """
    for name, price in prices.items():
        if price < _SMALLEST_PRICE:
            reason = f"needs {name} above 0, was {price:g}; {instead}"
            raise ModelNotApplicable(model=model, reason=reason, field=name)


def check_answer(answer: "DataclassInstance") -> None:
    """Refuse a dataclass of numbers of which one is not finite.

    Raises:
        ModelNotApplicable: one is not.
    """
    for field in fields(answer):
        value = getattr(answer, field.name)
        if not isfinite(value):
            reason = f"the inputs are too extreme for floating point: {field.name} is {value}"
            raise ModelNotApplicable(model="option valuation", reason=reason)


def _check_market(price: float, volatility: float, rate: float) -> None:
    check_finite("price", price)
    check_positive(
        "volatility", volatility, "without any, an option is worth its discounted intrinsic value"
    )
    check_finite("rate", rate)


def _checked_exponent(field: str, per_year: float, years: float) -> float:
    exponent = per_year * years
    if not abs(exponent) <= _LARGEST_EXPONENT:
        reason = f"{per_year:g} a year over {years:g} years is too extreme for floating point"
        raise InvalidInput(field=field, reason=reason)
    return exponent
