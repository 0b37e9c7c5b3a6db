"""Own the Greeks of a book in dollars, under the contract and the delivery month they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.books import OptionPosition, Position
from core.market import Instrument
from quant.risk.exposures import Approximation, Exposures, exposures, sums_at
from quant.risk.market import DAYS_PER_YEAR, Market, OptionQuote, key_of

Reals = NDArray[np.float64]

_VOLATILITY_STEP = 1e-4
_ON_ITS_LAST_DAY = "on its last day: it is worth what it pays, without gamma, vega or theta"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookGreeks:
    """Hold the Greeks of a book by contract (n,), in order of product and month, in dollars.

    `deltas` per 1.00 of the price as quoted, `gammas` per its square. `vegas` per 1.00 of a
    volatility of returns (a point is a hundredth), `normal_vegas` per 1.00 of one in price units;
    `thetas` per year that passes, `rhos` per 1.00 of the rate at unchanged futures prices.
    `option_values` are what the options are worth. `approximations` tell of positions that are
    valued as something simpler.
    """

    contracts: tuple[Instrument, ...]
    prices: Reals
    deltas: Reals
    gammas: Reals
    vegas: Reals
    normal_vegas: Reals
    thetas: Reals
    rhos: Reals
    option_values: Reals
    approximations: tuple[Approximation, ...]


def book_greeks(positions: Sequence[Position], market: Market) -> BookGreeks:
    """Return the Greeks of a book, each under the contract that it depends on.

    Options are valued as in risk: Black-76 or Bachelier (Haug, "The Complete Guide to Option
    Pricing Formulas"), an American one as European, an average by its first two moments. With a
    deviation s that ends at 0, theta is rV − D ∂V/∂s σ²/2s, as s² falls by σ² a year in all three.

    Raises:
        UnknownInstrument, ModelNotApplicable, InvalidInput: as `exposures`.
    """
    book = exposures(positions, market)
    count, at = len(book.factors), book.option_factors
    options = [one for one in positions if isinstance(one, OptionPosition)]
    years = np.array([(one.expires - market.as_of).days / DAYS_PER_YEAR for one in options])
    lives = years > 0.0
    prices, money = book.prices[at], book.option_dollars
    values = book.options.values(prices) * money
    by_deviation = np.where(lives, book.options.vegas(prices) * money, 0.0)
    by_volatility = by_deviation * _deviation_slopes(positions, options, market)
    decay = book.option_volatilities**2 / (2.0 * book.options.deviations)
    gammas = np.where(lives, book.options.gammas(prices) * money, 0.0)
    lognormal = book.options.lognormal
    return BookGreeks(
        contracts=book.factors,
        prices=book.prices,
        deltas=book.deltas(),
        gammas=sums_at(at, gammas, count),
        vegas=sums_at(at, np.where(lognormal, by_volatility, 0.0), count),
        normal_vegas=sums_at(at, np.where(lognormal, 0.0, by_volatility), count),
        thetas=sums_at(
            at, np.where(lives, market.rate * values - by_deviation * decay, 0.0), count
        ),
        rhos=sums_at(at, -years * values, count),
        option_values=sums_at(at, values, count),
        approximations=(*book.approximations, *_ending(positions, book, lives)),
    )


def _deviation_slopes(
    positions: Sequence[Position], options: Sequence[OptionPosition], market: Market
) -> Reals:
    """Return how each option's deviation moves with its own volatility (O,), by differences."""

    def deviations(factor: float) -> Reals:
        quotes = {key_of(one): _scaled(market.quote(one), factor) for one in options}
        return exposures(positions, replace(market, volatilities=quotes)).options.deviations

    sigma = np.array([market.quote(one).volatility for one in options])
    rise = deviations(1.0 + _VOLATILITY_STEP) - deviations(1.0 - _VOLATILITY_STEP)
    slopes: Reals = rise / (2.0 * _VOLATILITY_STEP * sigma)
    return slopes


def _scaled(quote: OptionQuote, factor: float) -> OptionQuote:
    return replace(quote, volatility=quote.volatility * factor)


def _ending(
    positions: Sequence[Position], book: Exposures, lives: NDArray[np.bool_]
) -> list[Approximation]:
    numbers = [n for n, one in enumerate(positions) if isinstance(one, OptionPosition)]
    return [
        Approximation(position=number, reason=_ON_ITS_LAST_DAY)
        for number, is_alive in zip(numbers, lives.tolist(), strict=True)
        if not is_alive
    ]
