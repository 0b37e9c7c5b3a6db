"""Own options on an arithmetic average of prices: Turnbull and Wakeman, and Levy.

Both give the average a lognormal distribution with its exact first two moments and price it by
Black's formula. The moments are summed here, and not by QuantLib's engines, since those place
fixings on whole days; the tests compare the two.
"""

from dataclasses import dataclass
from math import expm1, isfinite, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput, ModelNotApplicable
from quant.options.differences import TIME_STEP, value_by_differences
from quant.options.library import black_value
from quant.options.terms import (
    Market,
    Option,
    Valuation,
    check_finite,
    check_lognormal,
    discount_factor,
    forward_price,
    intrinsic_value,
)

Reals = NDArray[np.float64]

TURNBULL_WAKEMAN = "turnbull-wakeman"
LEVY = "levy"

_INSTEAD = "price the average as one underlying with bachelier, at its average_volatility"
_MOST_FIXINGS = 100_000
_SHORTEST_STEP = 1e-6
# Exact for polynomials to degree 127: the integrand is a smooth exponential.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fixings:
    """Hold the prices an average is made of: those known, and when the others will be.

    `years` has shape (n,), the times of the fixings to come, in years from now, rising.
    `past_average` is the mean of the `past` fixings already known. All weigh the same.

    Raises:
        InvalidInput: the times do not rise from above 0, a number is not finite, `past` is
            negative, or there is no fixing at all.
    """

    years: Reals
    past: int = 0
    past_average: float = 0.0

    def __post_init__(self) -> None:
        if self.years.ndim != 1 or not np.isfinite(self.years).all():
            reason = "expected finite times, in one dimension"
            raise InvalidInput(field="years", reason=reason)
        if not (np.diff(self.years, prepend=0.0) > 0.0).all():
            raise InvalidInput(field="years", reason="expected times that rise from above 0")
        check_finite("past_average", self.past_average)
        if self.past < 0 or self.past + self.years.size == 0:
            raise InvalidInput(field="past", reason=f"expected fixings, were {self.past} past")


@dataclass(frozen=True, slots=True)
class _Average:
    """Hold an average: the part already fixed, the mean of the rest, its variance of logarithms."""

    fixed: float
    mean: float
    log_variance: float


def evenly_spaced(
    count: int, *, starts_years: float, ends_years: float, past_average: float | None = None
) -> Fixings:
    """Return `count` fixings that cut the time from start to end evenly, the last at the end.

    Fixing i is at start + (end − start) i/count. A start below 0 lies in the past; fixings at or
    before now are past and need `past_average`.

    Raises:
        InvalidInput: the count is outside 1…100,000, the end not after the start, or the average
            of past fixings is not given.
    """
    if not 1 <= count <= _MOST_FIXINGS:
        reason = f"expected 1 to {_MOST_FIXINGS}, was {count}"
        raise InvalidInput(field="fixings", reason=reason)
    check_finite("starts_years", starts_years)
    if not ends_years > starts_years:
        raise InvalidInput(field="starts_years", reason=f"expected before the end, {ends_years:g}")
    times = starts_years + (ends_years - starts_years) * np.arange(1, count + 1) / count
    times[-1] = ends_years
    past = int((times <= 0.0).sum())
    if past and past_average is None:
        reason = f"is needed: {past} of the {count} fixings are past"
        raise InvalidInput(field="past_average", reason=reason)
    return Fixings(years=times[past:], past=past, past_average=past_average or 0.0)


def turnbull_wakeman(option: Option, market: Market, fixings: Fixings) -> Valuation:
    """Value an option on the average of fixings, the last of them at expiry or before.

    Turnbull and Wakeman (1991) with two moments: E[A] = ΣFᵢ/m, E[A²] = ΣΣ FᵢFⱼ exp(σ² min(tᵢ, tⱼ))
    /m² over the fixings to come, strike less the part already fixed (Haug, "The Complete Guide to
    Option Pricing Formulas"). Where that leaves no strike, or no fixing, the payoff is certain.
    Theta is between two fixings.

    Raises:
        ModelNotApplicable: the price is not above 0, or the volatility too extreme.
        InvalidInput: a fixing lies after the expiry, or the rate is too extreme.
    """
    years = fixings.years
    last = float(years[-1]) if years.size else option.expiry_years
    if last > option.expiry_years:
        reason = f"expected none after the expiry, {option.expiry_years:g}, was {last:g}"
        raise InvalidInput(field="years", reason=reason)

    def price_of(market: Market, gone_years: float) -> float:
        average = _average_of_fixings(fixings, market, gone_years)
        return _price(TURNBULL_WAKEMAN, option, market, average, gone_years)

    check_lognormal(TURNBULL_WAKEMAN, _INSTEAD, price=market.price)
    # No fixing may become past within the step, unless that is too short for differences.
    step = max(TIME_STEP * float(years[0]), _SHORTEST_STEP * last) if years.size else TIME_STEP
    return value_by_differences(
        TURNBULL_WAKEMAN, price_of, market, horizon_years=last, time_step_years=step
    )


def levy(
    option: Option, market: Market, *, elapsed_years: float = 0.0, past_average: float | None = None
) -> Valuation:
    """Value an option on the continuous average that ends at expiry.

    Averaging began `elapsed_years` ago and has made `past_average` since (Levy 1992; Haug). The
    second moment, 2∫∫ F(s) F(t) exp(σ² s) over s < t, is integrated numerically, which unlike the
    closed form loses no digits where σ²T or the carry is small. Theta lets the price stand still
    and enter the average.

    Raises:
        ModelNotApplicable: the price is not above 0, or the volatility too extreme.
        InvalidInput: `elapsed_years` is below 0, or above 0 without `past_average`.
    """
    check_finite("elapsed_years", elapsed_years)
    if elapsed_years < 0.0:
        reason = f"expected at least 0, was {elapsed_years:g}; averaging later takes fixings"
        raise InvalidInput(field="elapsed_years", reason=reason)
    if elapsed_years > 0.0 and past_average is None:
        raise InvalidInput(field="past_average", reason="is needed: averaging has begun")
    check_finite("past_average", past_average or 0.0)
    accrued = elapsed_years * (past_average or 0.0)
    whole_years = elapsed_years + option.expiry_years

    def price_of(market: Market, gone_years: float) -> float:
        ahead_years = option.expiry_years - gone_years
        fresh = _continuous_average(market, ahead_years)
        average = _Average(
            fixed=(accrued + market.price * gone_years) / whole_years,
            mean=fresh.mean * ahead_years / whole_years,
            log_variance=fresh.log_variance,
        )
        return _price(LEVY, option, market, average, gone_years)

    check_lognormal(LEVY, _INSTEAD, price=market.price)
    return value_by_differences(
        LEVY,
        price_of,
        market,
        horizon_years=option.expiry_years,
        time_step_years=TIME_STEP * option.expiry_years,
    )


def value(
    option: Option,
    market: Market,
    *,
    fixings: int | None = None,
    starts_years: float = 0.0,
    past_average: float | None = None,
) -> Valuation:
    """Value an option on the average from `starts_years` to expiry, as it is traded.

    With `fixings` evenly spaced ones, by Turnbull and Wakeman; without, continuously, by Levy.

    Raises:
        ModelNotApplicable: as `turnbull_wakeman` and `levy`.
        InvalidInput: as `evenly_spaced` and `levy`, or a continuous average begins later.
    """
    if fixings is not None:
        fixed = evenly_spaced(
            fixings,
            starts_years=starts_years,
            ends_years=option.expiry_years,
            past_average=past_average,
        )
        return turnbull_wakeman(option, market, fixed)
    if starts_years > 0.0:
        raise InvalidInput(field="fixings", reason="is needed if averaging begins later")
    return levy(option, market, elapsed_years=-starts_years, past_average=past_average)


def _average_of_fixings(fixings: Fixings, market: Market, gone_years: float) -> _Average:
    times = fixings.years - gone_years
    count = times.size + fixings.past
    fixed = fixings.past * fixings.past_average / count
    if not times.size:
        return _Average(fixed=fixed, mean=0.0, log_variance=0.0)
    forward_price(market, float(times[-1]))
    forwards = market.price * np.exp(market.carry * times)
    shares = forwards / forwards.sum()
    # Σᵢ Σⱼ sᵢ sⱼ f(min(tᵢ, tⱼ)): each fixing stands first in all pairs with itself and later ones.
    later = shares[::-1].cumsum()[::-1] - shares
    pairs = shares * (shares + 2.0 * later)
    return _Average(
        fixed=fixed,
        mean=float(forwards.sum()) / count,
        log_variance=_log_variance(pairs, times, market.volatility),
    )


def _continuous_average(market: Market, years: float) -> _Average:
    forward_price(market, years)
    times = 0.5 * years * (_NODES + 1.0)
    steps = 0.5 * years * _WEIGHTS
    growth = np.exp(market.carry * times)
    whole = years * _mean_growth(market.carry * years)
    later = growth * np.array(
        [(years - t) * _mean_growth(market.carry * (years - t)) for t in times]
    )
    pairs = 2.0 * steps * growth * later / whole**2
    return _Average(
        fixed=0.0,
        mean=market.price * whole / years,
        log_variance=_log_variance(pairs, times, market.volatility),
    )


def _mean_growth(exponent: float) -> float:
    """Return the mean of e^x for x from 0 to `exponent`, 1 at 0."""
    return expm1(exponent) / exponent if exponent else 1.0


def _log_variance(pairs: Reals, times: Reals, volatility: float) -> float:
    """Return ln(E[A²]/E[A]²); no terms cancel, so that small variances keep their digits."""
    with np.errstate(over="ignore", invalid="ignore"):
        return log1p(max(float((pairs * np.expm1(volatility**2 * times)).sum()), 0.0))


def _price(
    model: str, option: Option, market: Market, average: _Average, gone_years: float
) -> float:
    discount = discount_factor(market.rate, option.expiry_years - gone_years)
    strike = option.strike - average.fixed
    if strike <= 0.0 or average.mean == 0.0:
        return discount * intrinsic_value(option.kind, average.mean, strike)
    if not isfinite(average.log_variance):
        reason = f"a volatility of {market.volatility:g} is too extreme for floating point"
        raise ModelNotApplicable(model=model, reason=reason)
    deviation = sqrt(average.log_variance)
    return black_value(option.kind, strike, average.mean, deviation, discount)
