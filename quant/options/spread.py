"""Own options on the difference of two futures prices: Kirk, and Bjerksund and Stensland."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt

import QuantLib as ql

from core.errors import ModelNotApplicable
from quant.options.differences import (
    PRICE_STEP,
    SMALLEST_DEVIATION,
    VOLATILITY_STEP,
    mixed_slope,
    one_sided_slope,
    slope,
    slope_and_bend,
)
from quant.options.library import EXPIRY, npv, process, vanilla_payoff
from quant.options.terms import (
    Option,
    check_answer,
    check_correlation,
    check_finite,
    check_lognormal,
    check_positive,
    discount_factor,
    intrinsic_value,
)

_INSTEAD = (
    "price F1 - F2 with bachelier, whose volatility is sqrt(s1^2 + s2^2 - 2 rho s1 s2) of the "
    "legs' own in price units"
)
# Below this part of a leg's volatility, that of the spread is the rounding of its square.
_LEAST_PART = 1e-4
_CORRELATION_STEP = 0.01
_LARGEST_CORRELATION_STEP = 0.02


class SpreadModel(StrEnum):
    """Name the approximations: Kirk's is the market's habit, the other is closer to the truth."""

    KIRK = "kirk"
    BJERKSUND_STENSLAND = "bjerksund-stensland"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadMarket:
    """Hold the two futures prices of a spread F₁ − F₂, their volatilities and correlation.

    Raises:
        InvalidInput: a number is not finite, a volatility not above 0, or the correlation
            outside −1…1.
    """

    forward1: float
    forward2: float
    volatility1: float
    volatility2: float
    correlation: float
    rate: float

    def __post_init__(self) -> None:
        check_finite("forward1", self.forward1)
        check_finite("forward2", self.forward2)
        check_positive("volatility1", self.volatility1)
        check_positive("volatility2", self.volatility2)
        check_correlation(self.correlation)
        check_finite("rate", self.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadValuation:
    """Hold what a spread option is worth and how that changes: plain derivatives of the price.

    `delta1`, `gamma1` and `vega1` are those of the first leg; `cross_gamma` is ∂²/∂F₁∂F₂,
    `correlation_sensitivity` per 1.00 of correlation, `theta` per year that passes, `rho` per 1.00
    of the rate of interest at unchanged futures prices.

    Raises:
        ModelNotApplicable: a number is not finite, since the inputs are beyond floating point.
    """

    price: float
    delta1: float
    delta2: float
    gamma1: float
    gamma2: float
    cross_gamma: float
    vega1: float
    vega2: float
    correlation_sensitivity: float
    theta: float
    rho: float

    def __post_init__(self) -> None:
        check_answer(self)


def value(
    option: Option, market: SpreadMarket, model: SpreadModel = SpreadModel.KIRK
) -> SpreadValuation:
    """Value a European option on F₁ − F₂, payoff max(±(F₁ − F₂ − K), 0); K may be negative.

    Kirk (1995): Black's formula of F₁ against F₂ + K, with σ² = σ₁² − 2ρσ₁σ₂w + σ₂²w²,
    w = F₂/(F₂ + K). Bjerksund and Stensland (2011, "Closed form spread option valuation") exercise
    where F₁ exceeds a power of F₂ and value that rule exactly, a lower bound; where that is below
    another one, the discounted intrinsic value, it is this. At K = 0 both are Margrabe's exact
    formula; Kirk is a third too dear where a strike of half F₂ meets volatilities of 12 % and 75 %.
    Greeks are central differences of the price; theta follows from the vegas, since the price
    depends on σᵢ√T alone, and rho is −T × price.

    Raises:
        ModelNotApplicable: F₁, F₂ or F₂ + K is not above 0, or the legs move as one.
        InvalidInput: the rate is too extreme.
    """
    scale = _scale(option, market, model)
    pricer = _Pricer(option, market, model)
    years, root = option.expiry_years, sqrt(option.expiry_years)
    worth = pricer.price()
    bend = PRICE_STEP * min(scale * root, 1.0)
    # F₂ + K must stay above 0 too.
    steps = bend * market.forward1, bend * min(market.forward2, market.forward2 + option.strike)
    at = market.forward1, market.forward2
    delta1, gamma1 = slope_and_bend(lambda one: pricer.price(forward1=one), at[0], steps[0], worth)
    delta2, gamma2 = slope_and_bend(lambda two: pricer.price(forward2=two), at[1], steps[1], worth)
    vega1 = slope(
        lambda one: pricer.price(volatility1=one),
        market.volatility1,
        VOLATILITY_STEP * min(market.volatility1, scale),
    )
    vega2 = slope(
        lambda two: pricer.price(volatility2=two),
        market.volatility2,
        VOLATILITY_STEP * min(market.volatility2, scale),
    )
    decay = (market.volatility1 * vega1 + market.volatility2 * vega2) / (2.0 * years)
    return SpreadValuation(
        price=worth,
        delta1=delta1,
        delta2=delta2,
        gamma1=gamma1,
        gamma2=gamma2,
        cross_gamma=mixed_slope(
            lambda one, two: pricer.price(forward1=one, forward2=two), at, steps
        ),
        vega1=vega1,
        vega2=vega2,
        correlation_sensitivity=_correlation_slope(pricer, market, scale),
        theta=market.rate * worth - decay,
        rho=-years * worth,
    )


def price(option: Option, market: SpreadMarket, model: SpreadModel = SpreadModel.KIRK) -> float:
    """Return the price of `value` alone, without its Greeks.

    Raises:
        ModelNotApplicable: F₁, F₂ or F₂ + K is not above 0, or the legs move as one.
        InvalidInput: the rate is too extreme.
    """
    _scale(option, market, model)
    return _Pricer(option, market, model).price()


class _Pricer:
    """Price one spread at many points: its quotes are its own and change, its curves stay."""

    def __init__(self, option: Option, market: SpreadMarket, model: SpreadModel) -> None:
        self._option, self._market, self._model = option, market, model
        self._root = sqrt(option.expiry_years)
        self._prices = ql.SimpleQuote(0.0), ql.SimpleQuote(0.0)
        self._deviations = ql.SimpleQuote(0.0), ql.SimpleQuote(0.0)
        log_discount = market.rate * option.expiry_years
        self._discount = discount_factor(market.rate, option.expiry_years)
        self._processes = tuple(
            process(price, deviation, log_growth=0.0, log_discount=log_discount)
            for price, deviation in zip(self._prices, self._deviations, strict=True)
        )
        payoff = ql.SpreadBasketPayoff(vanilla_payoff(option.kind, option.strike))
        self._instrument = ql.BasketOption(payoff, ql.EuropeanExercise(EXPIRY))

    def price(self, **changes: float) -> float:
        """Return the price with these numbers in the place of the market's."""
        market = replace(self._market, **changes)
        self._prices[0].setValue(market.forward1)
        self._prices[1].setValue(market.forward2)
        self._deviations[0].setValue(market.volatility1 * self._root)
        self._deviations[1].setValue(market.volatility2 * self._root)
        engine = _ENGINES[self._model](*self._processes, market.correlation)
        self._instrument.setPricingEngine(engine)
        difference = market.forward1 - market.forward2
        least = intrinsic_value(self._option.kind, difference, self._option.strike)
        # A rule of exercise may lose money where volatilities differ much or move as one.
        return max(npv(self._model, self._instrument), self._discount * least)


def _scale(option: Option, market: SpreadMarket, model: SpreadModel) -> float:
    """Return Kirk's volatility of F₁/(F₂ + K), over which the price bends."""
    forward1, forward2 = market.forward1, market.forward2
    reach = forward2 + option.strike
    check_lognormal(model, _INSTEAD, **{"F1": forward1, "F2": forward2, "F2 + strike": reach})
    weighted = market.volatility2 * forward2 / reach
    joint = 2.0 * (1.0 - market.correlation) * market.volatility1 * weighted
    scale = sqrt((market.volatility1 - weighted) ** 2 + joint)
    discount = discount_factor(market.rate, option.expiry_years)
    least = max(SMALLEST_DEVIATION / sqrt(option.expiry_years), _LEAST_PART * market.volatility1)
    if scale < least:
        worth = discount * intrinsic_value(option.kind, forward1 - forward2, option.strike)
        reason = f"the legs move as one, so no volatility is left; it is worth {worth:g}"
        raise ModelNotApplicable(model=model, reason=reason)
    return scale


def _correlation_slope(pricer: _Pricer, market: SpreadMarket, scale: float) -> float:
    bends_over = scale**2 / (market.volatility1 * market.volatility2)
    step = min(_CORRELATION_STEP * bends_over, _LARGEST_CORRELATION_STEP)
    correlation = market.correlation
    if abs(correlation) + 2.0 * step <= 1.0:
        return slope(lambda one: pricer.price(correlation=one), correlation, step)
    inward = -step if correlation > 0.0 else step
    return one_sided_slope(lambda one: pricer.price(correlation=one), correlation, inward)


_ENGINES = {
    SpreadModel.KIRK: ql.KirkEngine,
    SpreadModel.BJERKSUND_STENSLAND: ql.BjerksundStenslandSpreadEngine,
}
