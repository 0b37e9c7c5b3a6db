"""Own the explanation of a book's profit between two days: how much of it each cause made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.books import OptionPosition, Position, SpreadPosition
from core.errors import InvalidInput
from quant.risk.exposures import Exposures, exposures
from quant.risk.market import Market, OptionKey, OptionQuote, key_of

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """Hold what was traded since the first day, a roll included, and the price that was paid.

    Raises:
        InvalidInput: the price is not finite.
    """

    position: Position
    price: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.price):
            raise InvalidInput(field="price", reason=f"expected a finite number, was {self.price}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """Hold the profit of each position (P,), then of each deal (D,), in dollars, by cause.

    `delta`, `gamma`, `vega` and `theta` are of what was held before, `deals` of what was traded
    since; with `unexplained` they add up to `total`, which is by full revaluation.
    """

    labels: tuple[str, ...]
    delta: Reals
    gamma: Reals
    vega: Reals
    theta: Reals
    deals: Reals
    unexplained: Reals
    total: Reals


def explain(
    positions: Sequence[Position], before: Market, after: Market, deals: Sequence[Deal] = ()
) -> Explanation:
    """Explain the profit of positions held from one market to a later one, and of deals between.

    With changes ΔF of the price, Δs of the deviation that the new volatility gives at the old time
    to expiry: delta is δ ΔF, gamma ½ Γ ΔF², vega the derivative by s times Δs, all of the first
    day; theta is what the option is worth after the days between at the first day's market, less
    what it was worth. Cross effects, rates and exchange rates are unexplained. Where the model of
    a quote changes there is no vega.

    Raises:
        InvalidInput: the second market is the earlier one, or a spread is a deal, whose legs are
            futures with a price each; or as `exposures`.
        UnknownInstrument, ModelNotApplicable: the book or a deal cannot be valued in either market.
    """
    if after.as_of < before.as_of:
        reason = f"expected {before.as_of} or later, was {after.as_of}"
        raise InvalidInput(field="after", reason=reason)
    held, later = exposures(positions, before), exposures(positions, after)
    causes = _causes(positions, before, after, held, later.prices - held.prices)
    total = _profit(held, later)
    made = np.array([_profit_of(deal, after) for deal in deals], dtype=np.float64)
    none = np.zeros(len(deals))
    delta, gamma, vega, theta = (np.append(cause, none) for cause in causes)
    return Explanation(
        labels=held.labels + tuple(_label(number, deal) for number, deal in enumerate(deals)),
        delta=delta,
        gamma=gamma,
        vega=vega,
        theta=theta,
        deals=np.append(np.zeros(len(positions)), made),
        unexplained=np.append(total - sum(causes), none),
        total=np.append(total, made),
    )


def _causes(
    positions: Sequence[Position], before: Market, after: Market, held: Exposures, moved: Reals
) -> tuple[Reals, Reals, Reals, Reals]:
    """Return delta, gamma, vega and theta by position (P,)."""
    options, dollars = held.options, held.option_dollars
    prices, steps = held.prices[held.option_factors], moved[held.option_factors]
    requoted = exposures(positions, replace(before, volatilities=_quotes(positions, before, after)))
    aged = exposures(positions, replace(before, as_of=after.as_of))
    shifted = requoted.options.deviations - options.deviations
    decay = aged.option_dollars * aged.options.values(prices) - dollars * options.values(prices)
    no_legs = np.zeros(len(held.leg_dollars))
    return (
        held.by_position(
            held.leg_dollars * moved[held.leg_factors], dollars * options.deltas(prices) * steps
        ),
        held.by_position(no_legs, 0.5 * dollars * options.gammas(prices) * steps**2),
        held.by_position(no_legs, dollars * options.vegas(prices) * shifted),
        held.by_position(no_legs, decay),
    )


def _quotes(
    positions: Sequence[Position], before: Market, after: Market
) -> dict[OptionKey, OptionQuote]:
    """Return the later quotes of options, or the earlier ones where the model has changed."""
    quotes = {}
    for position in positions:
        if isinstance(position, OptionPosition):
            old, new = before.quote(position), after.quote(position)
            quotes[key_of(position)] = new if new.model is old.model else old
    return quotes


def _profit(held: Exposures, later: Exposures) -> Reals:
    """Return the profit by position (P,): of futures by their price, of options by their value."""
    moved = later.prices - held.prices
    worth = [
        book.option_dollars * book.options.values(book.prices[book.option_factors])
        for book in (held, later)
    ]
    return later.by_position(later.leg_dollars * moved[later.leg_factors], worth[1] - worth[0])


def _profit_of(deal: Deal, after: Market) -> float:
    if isinstance(deal.position, SpreadPosition):
        reason = "a spread has no one price; give each leg as a future"
        raise InvalidInput(field="deals", reason=reason)
    book = exposures([deal.position], after)
    per_point = deal.position.contracts * after.dollars_per_point(book.factors[0])
    worth = book.option_dollars * book.options.values(book.prices[book.option_factors])
    legs = book.leg_dollars * book.prices[book.leg_factors]
    return float(legs.sum() + worth.sum()) - per_point * deal.price


def _label(number: int, deal: Deal) -> str:
    return deal.position.label or f"deal {number + 1}"
