"""Own the market of a book on a day, from settlements by contract: prices, volatilities, changes.

What is filled in or left out on the way is told: expired and stale contracts, volatilities
estimated from past changes, days without a price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from core.books import OptionPosition, Position
from core.errors import (
    HistoryTooShort,
    InvalidInput,
    ModelNotApplicable,
    UnknownInstrument,
)
from core.market import Instrument
from quant.continuous import SettlementHistory, from_contract_months
from quant.contract_history import ContractHistory
from quant.forward_curve import CurveNode, curve_as_of
from quant.risk.factor_history import FactorHistory, curve_position, factor_changes
from quant.risk.market import Market, OptionKey, OptionModel, OptionQuote, key_of
from quant.risk.trading_positions import TradingPositions, still_trading

DEFAULT_WINDOW_DAYS = 500
MAX_WINDOW_DAYS = 5_000
VOLATILITY_DAYS = 63
"""Be from how many changes a volatility is estimated that nobody gave: a quarter."""
LEAST_VOLATILITY_DAYS = 21
SPARE_POSITIONS = 2
"""Be how many positions further the day before a roll is read."""

_BUSINESS_DAYS_PER_YEAR = 252.0
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRules:
    """Say how a market is made of settlements.

    `rate` is continuous per year; `dollars` what one of a currency is worth. `strict` refuses what
    would else be told: expired contracts, stale prices, Black-76 where a price is not above 0.
    """

    rate: float = 0.0
    dollars: Mapping[str, float] = field(default_factory=lambda: {"USD": 1.0})
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePrice:
    """Tell of a price that nobody set lately: `age_days` business days old, or repeated."""

    contract: Instrument
    settled_on: date
    age_days: int
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedVolatility:
    """Tell of an option valued under the normal model, at a volatility from `days` changes.

    `volatility` is in points of the price, per year. `given` is one under Black-76 that could not
    be used, as a price or strike is not above 0.
    """

    position: int
    contract: Instrument
    volatility: float
    days: int
    given: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricedBook:
    """Hold what of a book trades on a day, and the market that values it."""

    trading: TradingPositions
    market: Market
    stale: tuple[StalePrice, ...]
    estimated: tuple[EstimatedVolatility, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookMarket:
    """Hold a priced book and past changes of its factors, the contracts that still trade."""

    priced: PricedBook
    changes: FactorHistory


def positions_needed(trading: TradingPositions, as_of: date) -> dict[str, int]:
    """Return by product how many positions of its curve the past of a book needs."""
    needed: dict[str, int] = {}
    for contract in trading.contracts:
        position = curve_position(contract, as_of) + SPARE_POSITIONS
        needed[contract.product] = max(position, needed.get(contract.product, 0))
    return needed


def book_market(
    positions: Sequence[Position],
    histories: Mapping[str, ContractHistory],
    as_of: date,
    window_days: int,
    rules: MarketRules | None = None,
) -> BookMarket:
    """Assemble the market of a book, and the last `window_days` changes of its factors.

    Raises:
        UnknownInstrument: contracts have no price of the last five business days, all are named;
            or with `strict`, something has expired or is stale.
        InvalidInput: nothing of the book trades on the day, or the window is not 2 to
            MAX_WINDOW_DAYS.
        HistoryTooShort: no day has prices of all contracts, or a volatility lacks days.
        ModelNotApplicable: with `strict`, Black-76 meets a price or strike of 0 or less.
    """
    if not 2 <= window_days <= MAX_WINDOW_DAYS:
        reason = f"expected 2 to {MAX_WINDOW_DAYS:,}, was {window_days:,}"
        raise InvalidInput(field="window_days", reason=reason)
    priced = priced_book(positions, histories, as_of, rules)
    found = factor_changes(
        priced.trading.contracts, _by_position(priced.trading, histories, as_of), as_of
    )
    if not found.dates:
        worst = found.factors[int(np.argmax(found.missing))]
        subject = f"The common past of the book, for lack of {worst}"
        raise HistoryTooShort(subject=subject, needed=2, found=0)
    return BookMarket(priced=priced, changes=found.latest(window_days))


def priced_book(
    positions: Sequence[Position],
    histories: Mapping[str, ContractHistory],
    as_of: date,
    rules: MarketRules | None = None,
) -> PricedBook:
    """Return what of a book trades on a day at the settlements known by then.

    Raises:
        UnknownInstrument, InvalidInput, HistoryTooShort, ModelNotApplicable: as `book_market`.
    """
    rules = rules or MarketRules()
    trading = still_trading(sharing_volatilities(positions), as_of, strict=rules.strict)
    if not trading.positions:
        reason = f"expected some that trade on {as_of}; {len(trading.expired)} have expired"
        raise InvalidInput(field="positions", reason=reason)
    nodes = _nodes(trading, histories, as_of)
    stale = tuple(
        StalePrice(
            contract=node.contract,
            settled_on=node.settled_on,
            age_days=node.age_days,
            repeats=node.repeats,
        )
        for node in nodes.values()
        if node.is_stale
    )
    if stale and rules.strict:
        names = ", ".join(str(one.contract) for one in stale[:_NAMED])
        reason = f"{len(stale)} are stale on {as_of}; {stale[0].contract} settled last on "
        raise UnknownInstrument(instrument=names, reason=f"{reason}{stale[0].settled_on}")
    prices = {contract: node.price for contract, node in nodes.items()}
    estimated, quotes = _volatilities(trading, histories, prices, as_of, strict=rules.strict)
    market = Market(
        as_of=as_of,
        prices=prices,
        volatilities=quotes,
        rate=rules.rate,
        dollars={"USD": 1.0, **rules.dollars},
    )
    return PricedBook(trading=trading, market=market, stale=stale, estimated=estimated)


def sharing_volatilities(positions: Sequence[Position]) -> tuple[Position, ...]:
    """Let an option without a volatility take one that another of its strike and expiry has."""
    options = [one for one in positions if isinstance(one, OptionPosition)]
    given = {key_of(one): one.volatility for one in options if one.volatility is not None}
    return tuple(_with_one(one, given) for one in positions)


def _with_one(position: Position, given: Mapping[OptionKey, float]) -> Position:
    if not isinstance(position, OptionPosition) or position.volatility is not None:
        return position
    return position.model_copy(update={"volatility": given.get(key_of(position))})


def _nodes(
    trading: TradingPositions, histories: Mapping[str, ContractHistory], as_of: date
) -> dict[Instrument, CurveNode]:
    found: dict[Instrument, CurveNode] = {}
    for product in {contract.product for contract in trading.contracts} & histories.keys():
        try:
            curve = curve_as_of(histories[product], as_of)
        except HistoryTooShort:
            continue
        found.update((node.contract, node) for node in curve.nodes)
    unknown = [contract for contract in trading.contracts if contract not in found]
    if unknown:
        names = ", ".join(str(contract) for contract in unknown)
        reason = f"there is no price of the five business days to {as_of}"
        raise UnknownInstrument(instrument=names, reason=reason)
    return {contract: found[contract] for contract in trading.contracts}


def _by_position(
    trading: TradingPositions, histories: Mapping[str, ContractHistory], as_of: date
) -> dict[str, SettlementHistory]:
    return {
        product: from_contract_months(
            product,
            histories[product].dates,
            histories[product].contract_months,
            histories[product].settlements,
            count,
        )
        for product, count in positions_needed(trading, as_of).items()
    }


def _volatilities(
    trading: TradingPositions,
    histories: Mapping[str, ContractHistory],
    prices: Mapping[Instrument, float],
    as_of: date,
    *,
    strict: bool,
) -> tuple[tuple[EstimatedVolatility, ...], dict[OptionKey, OptionQuote]]:
    """Estimate the volatilities that nobody gave, and those that Black-76 cannot take."""
    told: list[EstimatedVolatility] = []
    quotes: dict[OptionKey, OptionQuote] = {}
    past: dict[Instrument, tuple[float, int]] = {}
    by_position: dict[str, SettlementHistory] | None = None
    for number, position in zip(trading.numbers, trading.positions, strict=True):
        if not isinstance(position, OptionPosition):
            continue
        (contract,) = position.instruments
        if position.volatility is not None:
            if prices[contract] > 0.0 and position.strike > 0:
                continue
            if strict:
                raise _no_logarithm(position, prices[contract])
        if contract not in past:
            by_position = by_position or _by_position(trading, histories, as_of)
            past[contract] = _normal_volatility(contract, by_position, as_of)
        volatility, days = past[contract]
        quotes[key_of(position)] = OptionQuote(volatility=volatility, model=OptionModel.BACHELIER)
        told.append(
            EstimatedVolatility(
                position=number,
                contract=contract,
                volatility=volatility,
                days=days,
                given=position.volatility,
            )
        )
    return tuple(told), quotes


def _normal_volatility(
    contract: Instrument, histories: Mapping[str, SettlementHistory], as_of: date
) -> tuple[float, int]:
    """Return the root mean square of the last changes at a contract's position, a year's worth."""
    changes = factor_changes([contract], histories, as_of).latest(VOLATILITY_DAYS).changes
    subject = f"A volatility of {contract}"
    if len(changes) < LEAST_VOLATILITY_DAYS:
        raise HistoryTooShort(subject=subject, needed=LEAST_VOLATILITY_DAYS, found=len(changes))
    daily = float(np.sqrt(np.mean(changes**2)))
    if daily <= 0.0:
        reason = f"{contract} did not move for {len(changes)} days; give a volatility"
        raise ModelNotApplicable(model="volatility of past changes", reason=reason)
    return daily * float(np.sqrt(_BUSINESS_DAYS_PER_YEAR)), len(changes)


def _no_logarithm(option: OptionPosition, price: float) -> ModelNotApplicable:
    reason = f"{option.instrument} is {price:g}, the strike {option.strike}; both must be above 0"
    return ModelNotApplicable(model="black76", reason=reason)
