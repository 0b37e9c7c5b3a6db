"""Own which contract a symbol, a position or a continuous symbol names on a date."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from core.errors import InvalidInput, UnknownInstrument
from core.market import ContractMonth, Instrument
from core.products import MONTH_CODES, product
from quant.calendars import front_month, last_trade_date

# The longest curves reach some fifteen years ahead.
_LISTED_MONTHS = 15 * 12
_YEARS_PER_DECADE = 10
_YEARS_PER_CENTURY = 100
_SYMBOL = re.compile(rf"([A-Z]{{1,4}})([{MONTH_CODES}])([0-9]{{4}}|[0-9]{{1,2}})")
_CONTINUOUS = re.compile(r"([A-Z]{1,4})\.([cnv])\.(0|[1-9][0-9]{0,2})")


class RollRule(StrEnum):
    """Say what a continuous symbol ranks contracts by: expiry, open interest or volume."""

    CALENDAR = "c"
    OPEN_INTEREST = "n"
    VOLUME = "v"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuousSymbol:
    """Name a series that moves from contract to contract, such as `CL.c.0`; rank 0 is the first.

    The notation is Databento's; what the ranks of `n` and `v` mean is in `quant.rolls`.

    Raises:
        UnknownProduct: the product is not in the registry.
        InvalidInput: the rank is negative.
    """

    product: str
    rule: RollRule
    rank: int = 0

    def __post_init__(self) -> None:
        product(self.product)
        if self.rank < 0:
            raise InvalidInput(field="rank", reason=f"expected at least 0, was {self.rank}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `CL.c.0`, `CL.n.0` or `CL.v.0`.

        Raises:
            InvalidInput: the text has another form.
            UnknownProduct: the product is not in the registry.
        """
        found = _CONTINUOUS.fullmatch(text)
        if found is None:
            reason = f"expected CL.c.0, CL.n.0 or CL.v.0, was {text!r}"
            raise InvalidInput(field="symbol", reason=reason)
        code, rule, rank = found.groups()
        return cls(product=code, rule=RollRule(rule), rank=int(rank))

    def __str__(self) -> str:
        return f"{self.product}.{self.rule}.{self.rank}"


def contract_named(symbol: str, on: date) -> Instrument:
    """Return the contract that a symbol such as `CLZ6`, `CLZ26` or `CLZ2026` names on a date.

    One digit names the nearest year that ends in it and whose contract still trades, two digits
    the year nearest to the date's that ends in them.

    Raises:
        InvalidInput: the text is no symbol.
        UnknownProduct: the product is not in the registry.
        UnknownInstrument: the contract no longer trades on the date, or is not listed yet.
    """
    found = _SYMBOL.fullmatch(symbol)
    if found is None:
        reason = f"expected one such as CLZ6 or CLZ26, was {symbol!r}"
        raise InvalidInput(field="symbol", reason=reason)
    code, letter, digits = found.groups()
    product(code)
    month = MONTH_CODES.index(letter) + 1
    if len(digits) == 1:
        return _of_decade(code, month, int(digits), on)
    year = int(digits)
    if len(digits) == 2:
        year = _nearest_year(year, on.year)
    contract = Instrument(code, ContractMonth(year, month))
    position_of(contract, on)
    return contract


def short_symbol(instrument: Instrument, on: date) -> str:
    """Return a contract's symbol on a date: one year digit if that names it, else two.

    Raises:
        UnknownProduct: the product is not in the registry.
        UnknownInstrument: the contract no longer trades on the date, or is not listed yet.
    """
    position_of(instrument, on)
    two_digits = instrument.symbol
    one_digit = two_digits[:-2] + two_digits[-1]
    return one_digit if contract_named(one_digit, on) == instrument else two_digits


def contract_at(code: str, position: int, on: date) -> Instrument:
    """Return the contract at a position on a date; position 1 is the nearest still trading.

    Raises:
        UnknownProduct: the code is not in the registry.
        InvalidInput: the position is below 1 or beyond the longest curve.
    """
    if not 1 <= position <= _LISTED_MONTHS:
        reason = f"expected 1 to {_LISTED_MONTHS}, was {position}"
        raise InvalidInput(field="position", reason=reason)
    return Instrument(code, front_month(code, on).plus(position - 1))


def position_of(instrument: Instrument, on: date) -> int:
    """Return the position of a contract on a date; its last trade date is included.

    Raises:
        UnknownProduct: the product is not in the registry.
        UnknownInstrument: the contract no longer trades on the date, or is not listed yet.
    """
    front, month = front_month(instrument.product, on), instrument.contract_month
    position = (month.year - front.year) * 12 + month.month - front.month + 1
    if position < 1:
        reason = f"stopped trading on {last_trade_date(instrument)}, before {on}"
        raise UnknownInstrument(instrument=str(instrument), reason=reason)
    if position > _LISTED_MONTHS:
        raise UnknownInstrument(instrument=str(instrument), reason=f"not listed on {on} yet")
    return position


def _of_decade(code: str, month: int, digit: int, on: date) -> Instrument:
    year = on.year + (digit - on.year) % _YEARS_PER_DECADE
    contract = Instrument(code, ContractMonth(year, month))
    if last_trade_date(contract) < on:
        contract = Instrument(code, ContractMonth(year + _YEARS_PER_DECADE, month))
    return contract


def _nearest_year(two_digits: int, year: int) -> int:
    ahead = (two_digits - year) % _YEARS_PER_CENTURY
    return year + ahead - (_YEARS_PER_CENTURY if ahead > _YEARS_PER_CENTURY // 2 else 0)
