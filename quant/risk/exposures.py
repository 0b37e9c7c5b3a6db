"""Own what a book is made of in numbers: dollars per point of each contract, and its options."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import expm1, log, sqrt

import numpy as np
from numpy.typing import NDArray

from core.books import OptionPosition, Position, Right, Style
from core.errors import ModelNotApplicable, UnknownInstrument
from core.market import Instrument
from quant.options.terms import discount_factor
from quant.risk.market import DAYS_PER_YEAR, Market, OptionModel, OptionQuote
from quant.risk.option_values import OptionTerms

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]

_APPROXIMATIONS = {
    Style.AMERICAN: "an American option, valued as a European one",
    Style.AVERAGE: "an average over the month of expiry, by its first two moments",
}
_SMALL = 1e-3
_LARGE = 100.0
_LEAST_DEVIATION = 1e-10  # on its last day an option is worth what it would pay


@dataclass(frozen=True, slots=True, kw_only=True)
class Approximation:
    """Tell of a position that is valued as if it were something simpler, and how."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposures:
    """Hold a book of P positions on F risk factors, the contracts, at one market.

    Linear legs (L,): leg l of position `leg_positions[l]` gains `leg_dollars[l]` dollars per point
    of factor `leg_factors[l]`. Options (O,): option o of `option_positions[o]` is worth
    `option_dollars[o]`, discount included, times the value of `options` at the factor's price, of
    which `option_volatilities` (O,) per year are the quotes.
    """

    as_of: date
    labels: tuple[str, ...]
    factors: tuple[Instrument, ...]
    prices: Reals
    leg_positions: Indices
    leg_factors: Indices
    leg_dollars: Reals
    option_positions: Indices
    option_factors: Indices
    option_dollars: Reals
    option_volatilities: Reals
    options: OptionTerms
    approximations: tuple[Approximation, ...] = ()

    def deltas(self) -> Reals:
        """Return dollars per point of each factor (F,), options by their first derivative."""
        deltas = self.options.deltas(self.prices[self.option_factors]) * self.option_dollars
        return sums_at(self.leg_factors, self.leg_dollars, len(self.factors)) + sums_at(
            self.option_factors, deltas, len(self.factors)
        )

    def position_deltas(self) -> Reals:
        """Return dollars per point by position and factor (P, F)."""
        found = np.zeros((len(self.labels), len(self.factors)))
        np.add.at(found, (self.leg_positions, self.leg_factors), self.leg_dollars)
        deltas = self.options.deltas(self.prices[self.option_factors]) * self.option_dollars
        np.add.at(found, (self.option_positions, self.option_factors), deltas)
        return found

    def position_pnl(self, changes: Reals) -> Reals:
        """Return the profit (S, P) in scenarios of price changes (S, F), by full revaluation."""
        now = self.prices[self.option_factors]
        shifted = self.options.values(now + changes[:, self.option_factors])
        gained = (shifted - self.options.values(now)) * self.option_dollars
        pnl = np.zeros((len(self.labels), len(changes)))
        np.add.at(pnl, self.leg_positions, (changes[:, self.leg_factors] * self.leg_dollars).T)
        np.add.at(pnl, self.option_positions, gained.T)
        return pnl.T

    def by_position(self, legs: Reals, options: Reals) -> Reals:
        """Add up amounts by leg (L,) and by option (O,) to amounts by position (P,)."""
        return sums_at(self.leg_positions, legs, len(self.labels)) + sums_at(
            self.option_positions, options, len(self.labels)
        )

    def over(self, factors: Sequence[Instrument], prices: Reals) -> "Exposures":
        """Return the same book on more factors, which hold its own.

        Raises:
            UnknownInstrument: one of its own is not among them.
        """
        place = {factor: n for n, factor in enumerate(factors)}
        for factor in self.factors:
            if factor not in place:
                raise UnknownInstrument(instrument=str(factor), reason="it is no factor here")
        moved = np.array([place[factor] for factor in self.factors], dtype=np.int64)
        return replace(
            self,
            factors=tuple(factors),
            prices=prices,
            leg_factors=moved[self.leg_factors],
            option_factors=moved[self.option_factors],
        )


def sums_at(places: Indices, amounts: Reals, size: int) -> Reals:
    """Return the sum of the amounts (n,) at each of `size` places (size,)."""
    # of nothing, bincount makes whole numbers
    return np.bincount(places, amounts, size).astype(np.float64)


def contracts_of(positions: Iterable[Position]) -> tuple[Instrument, ...]:
    """Return the contracts that positions depend on, sorted by product and month."""
    return tuple(sorted({each for position in positions for each in position.instruments}))


def exposures(
    positions: Sequence[Position], market: Market, factors: Sequence[Instrument] | None = None
) -> Exposures:
    """Reduce a book to its sensitivities, on `factors` or else the contracts that it holds.

    An American option is valued as a European one, and one on an average by its first two moments
    over the month of its expiry; both are told in `approximations`.

    Raises:
        UnknownInstrument: a contract's product is unknown, it has ceased to trade, has no price,
            or is not among the factors; or an option has expired.
        ModelNotApplicable: Black-76 is asked of a price or strike of 0 or less, or an option's
            average has begun.
        InvalidInput: an option has no volatility, a currency no exchange rate, or the rate is too
            extreme.
    """
    chosen = contracts_of(positions) if factors is None else tuple(factors)
    place = {factor: n for n, factor in enumerate(chosen)}
    for position in positions:
        for instrument in position.instruments:
            market.price(instrument)
            if instrument not in place:
                raise UnknownInstrument(instrument=str(instrument), reason="it is no factor here")
    legs, options = _legs(positions, market, place), _options(positions, market, place)
    return Exposures(
        as_of=market.as_of,
        labels=tuple(_label(number, position) for number, position in enumerate(positions)),
        factors=chosen,
        prices=np.array([market.price(factor) for factor in chosen], dtype=np.float64),
        leg_positions=legs[:, 0].astype(np.int64),
        leg_factors=legs[:, 1].astype(np.int64),
        leg_dollars=legs[:, 2].copy(),
        option_positions=options[:, 0].astype(np.int64),
        option_factors=options[:, 1].astype(np.int64),
        option_dollars=options[:, 2].copy(),
        option_volatilities=options[:, 7].copy(),
        options=OptionTerms(
            signs=options[:, 3].copy(),
            strikes=options[:, 4].copy(),
            deviations=options[:, 5].copy(),
            lognormal=options[:, 6] != 0.0,
        ),
        approximations=tuple(
            Approximation(position=number, reason=_APPROXIMATIONS[position.style])
            for number, position in enumerate(positions)
            if isinstance(position, OptionPosition) and position.style in _APPROXIMATIONS
        ),
    )


def _label(number: int, position: Position) -> str:
    return position.label or f"position {number + 1}"


def _legs(positions: Sequence[Position], market: Market, place: Mapping[Instrument, int]) -> Reals:
    """Return position, factor and dollars per point of each leg (L, 3)."""
    rows = [
        (number, place[instrument], contracts * market.dollars_per_point(instrument))
        for number, position in enumerate(positions)
        if not isinstance(position, OptionPosition)
        for instrument, contracts in position.legs_held
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _options(
    positions: Sequence[Position], market: Market, place: Mapping[Instrument, int]
) -> Reals:
    """Return position, factor, and what `_option` tells of each option (O, 8)."""
    rows = [
        (number, place[position.instruments[0]], *_option(position, market))
        for number, position in enumerate(positions)
        if isinstance(position, OptionPosition)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 8)


def _option(option: OptionPosition, market: Market) -> tuple[float, ...]:
    """Return dollars, sign, strike, deviation, whether it is lognormal, and the volatility."""
    (underlying,) = option.instruments
    price, quote = market.price(underlying), market.quote(option)
    if option.expires < market.as_of:
        reason = f"the option expired on {option.expires}, before {market.as_of}"
        raise UnknownInstrument(instrument=str(underlying), reason=reason)
    lognormal, strike = quote.model is OptionModel.BLACK76, float(option.strike)
    if lognormal and (price <= 0.0 or strike <= 0.0):
        reason = f"needs prices above 0, {underlying} is {price:g}, the strike {strike:g}"
        instead = "a volatility of the normal model, bachelier, takes any sign"
        raise ModelNotApplicable(model="black76", reason=f"{reason}; {instead}")
    years = (option.expires - market.as_of).days / DAYS_PER_YEAR
    per_point = market.dollars_per_point(underlying) * discount_factor(market.rate, years)
    deviation = quote.volatility * sqrt(years)
    if option.style is Style.AVERAGE:
        deviation = _average_deviation(option, market.as_of, quote)
    sign = 1.0 if option.right is Right.CALL else -1.0
    dollars = option.contracts * per_point
    deviation = max(deviation, _LEAST_DEVIATION)
    return dollars, sign, strike, deviation, float(lognormal), quote.volatility


def _average_deviation(option: OptionPosition, as_of: date, quote: OptionQuote) -> float:
    """Return the deviation of an average from the first of the month of expiry on.

    Lognormal: ln E[A²]/F² = a + ln 2(eˣ − 1 − x)/x², with a = σ² times the years until it begins
    and x = σ² times the years that it takes (Turnbull and Wakeman 1991, without a drift); normal:
    σ² (years until + a third of the years that it takes).
    """
    begins = option.expires.replace(day=1)
    if begins < as_of:
        reason = f"its average began on {begins}, and no settlements since are given"
        raise ModelNotApplicable(model="average-price option", reason=reason)
    waiting = (begins - as_of).days / DAYS_PER_YEAR
    lasting = (option.expires - begins).days / DAYS_PER_YEAR
    variance = quote.volatility**2
    x = variance * lasting
    if quote.model is OptionModel.BACHELIER:
        return sqrt(variance * (waiting + lasting / 3.0))
    return sqrt(variance * waiting + _log_second_moment(x))


def _log_second_moment(x: float) -> float:
    """Return ln 2(eˣ − 1 − x)/x² of x ≥ 0."""
    if x < _SMALL:
        # the difference of nearly equal numbers below; the series is then exact to 1e-12
        return x / 3.0 + x**2 / 36.0
    if x > _LARGE:
        # eˣ is beyond floating point from 710 on, and alone long before
        return x + log(2.0) - 2.0 * log(x)
    return log(2.0 * (expm1(x) - x) / x**2)
