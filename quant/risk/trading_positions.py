"""Own what of a book still trades on a day: a stored book keeps contracts that have expired."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.books import OptionPosition, Position, SpreadPosition, Where, in_body, require_known
from core.errors import InvalidInput, UnknownInstrument
from core.market import Instrument
from quant.calendars import last_trade_date
from quant.risk.exposures import contracts_of

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredContract:
    """Name a contract or option of a book, by its index from 0, that traded last on a day."""

    position: int
    contract: Instrument
    last_traded: date
    is_option: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingPositions:
    """Hold what still trades of a book, each with the index that it has there.

    Of a spread the legs that still trade are kept.
    """

    positions: tuple[Position, ...]
    numbers: tuple[int, ...]
    expired: tuple[ExpiredContract, ...]

    @property
    def contracts(self) -> tuple[Instrument, ...]:
        """Return the contracts that are depended on, sorted by product and month."""
        return contracts_of(self.positions)

    def before(self, number: int) -> "TradingPositions":
        """Return those whose index is below a number, as where more was appended to a book."""
        count = sum(one < number for one in self.numbers)
        return TradingPositions(
            positions=self.positions[:count],
            numbers=self.numbers[:count],
            expired=tuple(one for one in self.expired if one.position < number),
        )


def with_expiries(positions: Iterable[Position], where: Where = in_body) -> tuple[Position, ...]:
    """Return positions in which every option has an expiry: unset, that of its future.

    Raises:
        UnknownInstrument: a product is unknown.
        InvalidInput: an option expires after its future.
    """
    given = tuple(positions)
    require_known(given, where)
    return tuple(_with_expiry(number, position, where) for number, position in enumerate(given))


def still_trading(
    positions: Sequence[Position], as_of: date, *, strict: bool = False
) -> TradingPositions:
    """Return what of a book trades on a day, its last trade date included.

    Raises:
        UnknownInstrument: something has expired, with `strict`; it names the first ones.
    """
    kept: list[tuple[int, Position]] = []
    expired: list[ExpiredContract] = []
    for number, position in enumerate(positions):
        ends = [(contract, _last_day(position, contract)) for contract in position.instruments]
        over = [(contract, last) for contract, last in ends if last < as_of]
        expired += [
            ExpiredContract(
                position=number,
                contract=contract,
                last_traded=last,
                is_option=isinstance(position, OptionPosition),
            )
            for contract, last in over
        ]
        if len(over) < len(ends):
            kept.append((number, _without(position, {contract for contract, _ in over})))
    if expired and strict:
        names = [str(one.contract) for one in expired[:_NAMED]]
        reason = f"{len(expired)} expired before {as_of}, the first on {expired[0].last_traded}"
        raise UnknownInstrument(instrument=", ".join(dict.fromkeys(names)), reason=reason)
    return TradingPositions(
        positions=tuple(position for _, position in kept),
        numbers=tuple(number for number, _ in kept),
        expired=tuple(expired),
    )


def _last_day(position: Position, contract: Instrument) -> date:
    last = last_trade_date(contract)
    return min(last, position.expires) if isinstance(position, OptionPosition) else last


def _without(position: Position, over: set[Instrument]) -> Position:
    if not over or not isinstance(position, SpreadPosition):
        return position
    legs = tuple(leg for leg in position.legs if Instrument.parse(leg.instrument) not in over)
    return position.model_copy(update={"legs": legs})


def _with_expiry(number: int, position: Position, where: Where) -> Position:
    if not isinstance(position, OptionPosition):
        return position
    (underlying,) = position.instruments
    last = last_trade_date(underlying)
    if position.expiry is None:
        return position.model_copy(update={"expiry": last})
    if position.expiry > last:
        reason = f"expected at most {last}, when {underlying} last trades, was {position.expiry}"
        raise InvalidInput(field=where(number, "option", "expiry"), reason=reason)
    return position
