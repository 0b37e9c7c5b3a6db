"""Own the volatility smile of one expiry: quotes made a curve, its wings, its arbitrage check.

Nothing here knows other expiries or the term structure of volatility.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator, PPoly

from core.errors import InvalidInput
from quant.options import bachelier, black76
from quant.options.library import black_calculator, mirrored_bachelier
from quant.options.terms import Option, OptionKind, check_finite, check_lognormal, check_positive

Reals = NDArray[np.float64]

_INSTEAD = "a normal smile (SmileModel.NORMAL) takes prices and strikes of any sign"
_STEEPEST_WING = 2.0
_CHECKED_STRIKES = 401
_CHECKED_DEVIATIONS = 4.0
_PROBABILITY_NOISE = 1e-9
_ROUNDING = 16.0 * float(np.finfo(np.float64).eps)
_NEAREST = 1e-6
# Beyond 22,000 times the forward either way no strike says anything.
_FARTHEST_LOG = 10.0
# Squares of volatilities and of distances from the forward are floats within these.
_LARGEST = 1e75
_LARGEST_VOLATILITY = 1e30


class SmileModel(StrEnum):
    """Name whose volatility is quoted: Black's of returns, or Bachelier's in price units."""

    LOGNORMAL = "lognormal"
    NORMAL = "normal"


class Interpolation(StrEnum):
    """Name what joins the quotes: the spline, or what replaced it.

    `MONOTONE_CUBIC` stands in where the natural spline falls to 0 between two quotes, and `FLAT`
    where there is one quote only.
    """

    NATURAL_CUBIC = "natural cubic"
    MONOTONE_CUBIC = "monotone cubic"
    FLAT = "flat"


class Wing(StrEnum):
    """Name what goes on beyond the last quote: the spline's end slope, or what replaced it.

    `FLAT` stands in where the variance falls outwards, and so would become negative; `CAPPED`
    where it rises faster than any arbitrage-free smile may, 2 per unit of ln K (Lee 2004).
    """

    LINEAR = "linear"
    FLAT = "flat"
    CAPPED = "capped"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Smile:
    """Hold the smile of one expiry; `fit_smile` builds it and says what it fell back to.

    Total variance σ²T is a cubic in x = ln(K/F), or K − F for normal volatility, between `knots`
    (n,) with `coefficients` (4, n − 1) of falling powers, and linear beyond with `slopes` (left,
    right). A natural spline has no curvature at its ends, so linear wings join it smoothly.
    """

    model: SmileModel
    forward: float
    expiry_years: float
    strikes: Reals
    volatilities: Reals
    interpolation: Interpolation
    left_wing: Wing
    right_wing: Wing
    knots: Reals
    coefficients: Reals
    slopes: tuple[float, float]

    def volatilities_at(self, strikes: Reals) -> Reals:
        """Return the volatility per year of each strike, same shape.

        Raises:
            InvalidInput: a strike is not finite.
            ModelNotApplicable: a strike of a lognormal smile is not above 0.
        """
        x = _coordinates(self.model, self.forward, strikes)
        inside = np.clip(x, self.knots[0], self.knots[-1])
        variances = np.asarray(PPoly(self.coefficients, self.knots)(inside))
        left, right = self.slopes
        variances = variances + left * np.minimum(x - self.knots[0], 0.0)
        variances = variances + right * np.maximum(x - self.knots[-1], 0.0)
        volatilities: Reals = np.sqrt(variances / self.expiry_years)
        return volatilities

    def volatility(self, strike: float) -> float:
        """Return the volatility per year of one strike; see `volatilities_at`."""
        return float(self.volatilities_at(np.array([strike]))[0])

    def is_extrapolated(self, strikes: Reals) -> NDArray[np.bool_]:
        """Tell which strikes lie beyond the quoted ones, on a wing."""
        outside: NDArray[np.bool_] = (strikes < self.strikes[0]) | (strikes > self.strikes[-1])
        return outside


@dataclass(frozen=True, slots=True, kw_only=True)
class ButterflyCheck:
    """Say whether a smile leaves every butterfly between two strikes a price of at least 0.

    `least_probability` is the lowest that the smile gives to any part of the strikes checked, and
    `at_strike` is where; below 0 there is arbitrage. Beyond the strikes nothing was checked.
    """

    is_free: bool
    least_probability: float
    at_strike: float
    lowest_strike: float
    highest_strike: float


def fit_smile(
    *,
    forward: float,
    expiry_years: float,
    strikes: Reals,
    volatilities: Reals,
    model: SmileModel = SmileModel.LOGNORMAL,
) -> Smile:
    """Join the volatilities (n,) of rising strikes (n,) by a natural cubic spline of variance.

    Every quote is met. Fallbacks are fields of the answer: see `Interpolation` and `Wing`.

    Raises:
        InvalidInput: shapes disagree, there is no quote, strikes do not rise, a volatility or the
            expiry is not above 0, or a number is not finite.
        ModelNotApplicable: the forward or a strike of a lognormal smile is not above 0.
    """
    _check_quotes(forward, expiry_years, strikes, volatilities)
    knots = _coordinates(model, forward, strikes)
    variances = volatilities**2 * expiry_years
    interpolation, curve = _join(knots, variances)
    ends = curve(np.array([knots[0], knots[-1]]), 1)
    left_wing, left = _wing(model, -float(ends[0]))
    right_wing, right = _wing(model, float(ends[1]))
    return Smile(
        model=model,
        forward=forward,
        expiry_years=expiry_years,
        strikes=strikes,
        volatilities=volatilities,
        interpolation=interpolation,
        left_wing=left_wing,
        right_wing=right_wing,
        knots=np.asarray(curve.x),
        coefficients=np.asarray(curve.c),
        slopes=(-left, right),
    )


def fit_smile_to_prices(
    *,
    forward: float,
    rate: float,
    expiry_years: float,
    kinds: Sequence[OptionKind],
    strikes: Reals,
    prices: Reals,
    model: SmileModel = SmileModel.LOGNORMAL,
) -> Smile:
    """Imply the volatility of each European option's price, then do as `fit_smile`.

    Raises:
        InvalidInput: as `fit_smile`, or a price is outside its bounds; the field names its strike.
        ModelNotApplicable: as `fit_smile`.
    """
    if not len(kinds) == strikes.size == prices.size:
        reason = f"expected as many as strikes, {strikes.size}, were {len(kinds)} and {prices.size}"
        raise InvalidInput(field="kinds and prices", reason=reason)
    imply = (
        black76.implied_volatility
        if model is SmileModel.LOGNORMAL
        else bachelier.implied_volatility
    )
    volatilities = np.empty(strikes.size)
    for n, (kind, strike, price) in enumerate(zip(kinds, strikes, prices, strict=True)):
        option = Option(kind=kind, strike=float(strike), expiry_years=expiry_years)
        try:
            volatilities[n] = imply(option, forward=forward, rate=rate, price=float(price))
        except InvalidInput as error:
            field = f"{kind} {strike:g}: {error.context['field']}"
            raise InvalidInput(field=field, reason=error.context["reason"]) from error
    return fit_smile(
        forward=forward,
        expiry_years=expiry_years,
        strikes=strikes,
        volatilities=volatilities,
        model=model,
    )


def check_butterflies(smile: Smile) -> ButterflyCheck:
    """Price calls on 401 strikes to four deviations past the quotes and look for arbitrage.

    Call prices must fall no faster than strikes rise and be convex in them: the changes of their
    slope are probabilities (Breeden and Litzenberger 1978). Strikes reach a millionth past the
    quotes at least and, of a lognormal smile, e^±10 times the forward at most.
    """
    is_normal = smile.model is SmileModel.NORMAL
    deviations = smile.volatilities[[0, -1]] * np.sqrt(smile.expiry_years) * _CHECKED_DEVIATIONS
    unit = max(abs(smile.forward), float(np.abs(smile.strikes).max())) if is_normal else 1.0
    deviations = np.maximum(deviations, _NEAREST * unit)
    ends = np.array([smile.knots[0] - deviations[0], smile.knots[-1] + deviations[1]])
    if not is_normal:
        low, high = min(-_FARTHEST_LOG, smile.knots[0]), max(_FARTHEST_LOG, smile.knots[-1])
        ends = np.clip(ends, low, high)
    x = np.linspace(float(ends[0]), float(ends[1]), _CHECKED_STRIKES)
    strikes = smile.forward + x if is_normal else smile.forward * np.exp(x)
    calculator = mirrored_bachelier if is_normal else black_calculator
    spreads = smile.volatilities_at(strikes) * np.sqrt(smile.expiry_years)
    calls = np.array(
        [
            calculator(OptionKind.CALL, strike, smile.forward, spread, 1.0).value()
            for strike, spread in zip(strikes.tolist(), spreads.tolist(), strict=True)
        ]
    )
    slopes = np.diff(calls) / np.diff(strikes)
    probabilities = np.diff(slopes, prepend=-1.0, append=0.0)
    worst = int(np.argmin(probabilities))
    # Prices are rounded; over close strikes that is worth more than a probability.
    rounding = _ROUNDING * max(float(np.abs(strikes).max()), abs(smile.forward))
    noise = max(_PROBABILITY_NOISE, rounding / float(np.diff(strikes).min()))
    return ButterflyCheck(
        is_free=bool(probabilities[worst] >= -noise),
        least_probability=float(probabilities[worst]),
        at_strike=float(strikes[worst]),
        lowest_strike=float(strikes[0]),
        highest_strike=float(strikes[-1]),
    )


def _coordinates(model: SmileModel, forward: float, strikes: Reals) -> Reals:
    if not (np.abs(strikes) <= _LARGEST).all():
        raise InvalidInput(field="strikes", reason="expected finite numbers only")
    if model is SmileModel.NORMAL:
        return strikes - forward
    lowest = float(strikes.min(initial=np.inf))
    check_lognormal("lognormal smile", _INSTEAD, forward=forward, strike=lowest)
    x: Reals = np.log(strikes / forward)
    return x


def _join(knots: Reals, variances: Reals) -> tuple[Interpolation, PPoly]:
    if knots.size == 1:
        flat = PPoly(np.array([[0.0], [variances[0]]]), np.array([knots[0], knots[0] + 1.0]))
        return Interpolation.FLAT, flat
    natural = CubicSpline(knots, variances, bc_type="natural")
    turns = natural.derivative().roots(extrapolate=False)
    turns = turns[np.isfinite(turns)]
    if turns.size and natural(turns).min() <= 0.0:
        return Interpolation.MONOTONE_CUBIC, PchipInterpolator(knots, variances)
    return Interpolation.NATURAL_CUBIC, natural


def _wing(model: SmileModel, outward: float) -> tuple[Wing, float]:
    if outward <= 0.0:
        return Wing.FLAT, 0.0
    if model is SmileModel.LOGNORMAL and outward > _STEEPEST_WING:
        return Wing.CAPPED, _STEEPEST_WING
    return Wing.LINEAR, outward


def _check_quotes(forward: float, expiry_years: float, strikes: Reals, volatilities: Reals) -> None:
    check_finite("forward", forward)
    check_positive("expiry_years", expiry_years)
    if strikes.ndim != 1 or not strikes.size or volatilities.shape != strikes.shape:
        reason = f"expected as many as strikes, {strikes.shape}, was {volatilities.shape}"
        raise InvalidInput(field="volatilities", reason=reason)
    if not (np.diff(strikes) > 0.0).all():
        raise InvalidInput(field="strikes", reason="expected rising strikes")
    if not ((volatilities > 0.0) & (volatilities <= _LARGEST_VOLATILITY)).all():
        raise InvalidInput(field="volatilities", reason="expected finite numbers above 0")
