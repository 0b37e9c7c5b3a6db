"""Own which positions a book may take on a day: of contracts that still trade, or soon will."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

from core.books import OptionPosition, Position, Where, contract_field, in_body, require_known
from core.errors import InvalidInput, UnknownInstrument
from core.market import ContractMonth
from quant.calendars import last_trade_date

LISTED_YEARS = 15
"""Bound how far ahead the longest curves reach."""


def listed(
    positions: Iterable[Position], today: date, where: Where = in_body
) -> tuple[Position, ...]:
    """Return positions that can be held on a day, the expiry of each option filled in.

    An option expires on the last trade date of its future where it names no earlier day. A contract
    is listed up to 15 years ahead.

    Raises:
        UnknownInstrument: a contract's product is unknown, it trades no more, or is not listed yet;
            the reason begins with where it stands.
        InvalidInput: an option has expired, or would after its future.
    """
    given = tuple(positions)
    require_known(given, where)
    horizon = ContractMonth(today.year, today.month).plus(12 * LISTED_YEARS)
    return tuple(
        _listed(position, today, horizon, partial(where, index, position.kind))
        for index, position in enumerate(given)
    )


def _listed(
    position: Position, today: date, horizon: ContractMonth, place: Callable[[str], str]
) -> Position:
    for instrument in position.instruments:
        reason = None
        if instrument.contract_month > horizon:
            reason = f"it is not listed yet; curves end with {horizon}"
        elif last_trade_date(instrument) < today:
            reason = f"it last traded on {last_trade_date(instrument)}"
        if reason is not None:
            field = place(contract_field(position))
            raise UnknownInstrument(instrument=str(instrument), reason=f"{field}: {reason}")
    if isinstance(position, OptionPosition):
        return _with_expiry(position, today, place("expiry"))
    return position


def _with_expiry(option: OptionPosition, today: date, field: str) -> OptionPosition:
    (underlying,) = option.instruments
    last = last_trade_date(underlying)
    if option.expiry is None:
        return option.model_copy(update={"expiry": last})
    if not today <= option.expiry <= last:
        reason = f"expected {today} to {last}, when {underlying} last trades, was {option.expiry}"
        raise InvalidInput(field=field, reason=reason)
    return option
