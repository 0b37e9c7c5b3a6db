"""Own the explanation of a stored book's profit, whose contracts may expire between the two days.

What expires is explained to the day on which it traded last, and earns nothing after it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.books import OptionPosition, Position, SpreadPosition
from core.errors import InvalidInput
from core.market import Instrument
from core.risk import TradedPosition
from quant.calendars import last_trade_date
from quant.contract_history import ContractHistory
from quant.risk.book_market import (
    MarketRules,
    PricedBook,
    StalePrice,
    priced_book,
    sharing_volatilities,
)
from quant.risk.explain import Deal, Explanation, explain

Reals = NDArray[np.float64]

CAUSES = ("delta", "gamma", "vega", "theta", "deals", "unexplained")
"""Name the parts of a profit, which add up to the total."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookExplanation:
    """Hold profits in dollars of each position that was held, then of each deal: causes (n, 6).

    `numbers` are the positions' indices in the book. `ended` tells until which day those were
    explained that traded no longer; `stale` prices are of either day, of deals as well.
    """

    since: PricedBook
    until: date
    numbers: tuple[int, ...]
    deals: int
    causes: Reals
    ended: Mapping[int, date]
    stale: tuple[StalePrice, ...]

    @property
    def totals(self) -> Reals:
        """Return the profit of each position, then of each deal (n,)."""
        return np.asarray(self.causes.sum(axis=1))


def explain_book(
    positions: Sequence[Position],
    deals: Sequence[TradedPosition],
    histories: Mapping[str, ContractHistory],
    since: date,
    until: date,
    rules: MarketRules | None = None,
) -> BookExplanation:
    """Explain the profit of a book from the settlements of one day to those of another.

    Deals are valued on the last day, or where they traded last before it. An option without a
    volatility takes that of its strike and expiry, be it held or dealt in.

    Raises:
        InvalidInput: `until` is before `since`, nothing traded on `since`, or a spread is a deal.
        UnknownInstrument, HistoryTooShort, ModelNotApplicable: the book cannot be valued.
    """
    if until < since:
        raise InvalidInput(field="since", reason=f"expected at most {until}, was {since}")
    shared = sharing_volatilities([*positions, *(deal.position for deal in deals)])
    before = priced_book(shared[: len(positions)], histories, since, rules)
    numbers = before.trading.numbers
    causes = np.zeros((len(numbers) + len(deals), len(CAUSES)))
    ended: dict[int, date] = {}
    stale = dict.fromkeys(before.stale)
    for end, parts in _by_end(before.trading.positions, until).items():
        held = [position for _, position in parts]
        after = priced_book(held, histories, end, rules)
        found = explain(held, before.market, after.market)
        stale.update(dict.fromkeys(after.stale))
        np.add.at(causes, [row for row, _ in parts], _stacked(found))
        if end < until:
            ended.update((numbers[row], end) for row, _ in parts)
    traded = zip(shared[len(positions) :], deals, strict=True)
    for row, (position, deal) in enumerate(traded, len(numbers)):
        after = _market_of(position, histories, since, until, rules)
        causes[row] = _of_deal(Deal(position=position, price=deal.price), after)
        stale.update(dict.fromkeys(after.stale))
    return BookExplanation(
        since=before,
        until=until,
        numbers=numbers,
        deals=len(deals),
        causes=causes,
        ended=ended,
        stale=tuple(stale),
    )


def _market_of(
    position: Position,
    histories: Mapping[str, ContractHistory],
    since: date,
    until: date,
    rules: MarketRules | None,
) -> PricedBook:
    """Return the market of a deal on the last day, or on the day on which it traded last."""
    if isinstance(position, SpreadPosition):
        reason = "a spread has no one price; give each leg as a future"
        raise InvalidInput(field="deals", reason=reason)
    end = _end(position, position.instruments[0], until)
    if end < since:
        reason = f"{position.instrument} traded last on {end}, before {since}"
        raise InvalidInput(field="deals", reason=reason)
    return priced_book([position], histories, end, rules)


def _of_deal(deal: Deal, after: PricedBook) -> Reals:
    return np.asarray(_stacked(explain([], after.market, after.market, [deal]))[0])


def _stacked(found: Explanation) -> Reals:
    return np.column_stack([getattr(found, cause) for cause in CAUSES])


def _by_end(positions: Sequence[Position], until: date) -> dict[date, list[tuple[int, Position]]]:
    """Return positions, spreads cut into the legs that end together, by their last day."""
    found: dict[date, list[tuple[int, Position]]] = defaultdict(list)
    for row, position in enumerate(positions):
        if not isinstance(position, SpreadPosition):
            found[_end(position, position.instruments[0], until)].append((row, position))
            continue
        ends = [_end(position, contract, until) for contract in position.instruments]
        for end in sorted(set(ends)):
            legs = tuple(
                leg for leg, ends_on in zip(position.legs, ends, strict=True) if ends_on == end
            )
            found[end].append((row, position.model_copy(update={"legs": legs})))
    return found


def _end(position: Position, contract: Instrument, until: date) -> date:
    last = last_trade_date(contract)
    if isinstance(position, OptionPosition):
        last = min(last, position.expires)
    return min(last, until)
