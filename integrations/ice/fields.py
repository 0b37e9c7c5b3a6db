"""Own the values of the gateway's fields: text to prices, sizes, dates, instruments, and back.

The vendor's codes appear here only. Every reader raises ValueError for another form.
"""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from core.errors import InvalidInput
from core.market import ContractMonth, Instrument
from core.products import MONTH_CODES

PRODUCT_OF = {"BRN": "B", "GAS": "G", "GWM": "NBP", "TFM": "TTF"}
SYMBOL_OF = {product: symbol for symbol, product in PRODUCT_OF.items()}

_PRICE = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{0,9})?", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,15})(?:\.0*)?", re.ASCII)
_DAY = re.compile(r"(19|20|21)[0-9]{6}", re.ASCII)
_MONTH_DIGITS = 6
_MAX_TEXT = 200
_MAX_DIGITS = 18


# Prices, sizes and contracts come again and again, so nearly every call is answered from a cache.
@lru_cache(maxsize=65_536)
def parse_price(text: str) -> Decimal:
    """Read a price as quoted: it may be negative, and is in pence where the venue quotes pence."""
    if _PRICE.fullmatch(text) is None:
        raise ValueError(_expected("a price", text))
    return Decimal(text)


@lru_cache(maxsize=16_384)
def parse_size(text: str) -> int:
    """Read a number of lots, which the protocol allows to be written `12.0`."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(_expected("a whole number of lots", text))
    return int(found[1])


def parse_number(text: str) -> int:
    """Read a sequence number or a count."""
    if text.isdecimal() and len(text) <= _MAX_DIGITS:
        return int(text)
    raise ValueError(_expected("a whole number", text))


@lru_cache(maxsize=4096)
def parse_day(text: str) -> date:
    """Read a date `20261120`."""
    if _DAY.fullmatch(text) is None:
        raise ValueError(_expected("a date", text))
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


class Contract(NamedTuple):
    """Hold an instrument and a key that is hashed faster."""

    key: str
    instrument: Instrument


@lru_cache(maxsize=16_384)
def parse_contract(symbol: str, maturity: str, security_type: str = "FUT") -> Contract | None:
    """Read a vendor symbol and `YYYYMM`; None for what is not a month of ours."""
    product = PRODUCT_OF.get(symbol)
    # Days and weeks have a longer maturity.
    if product is None or len(maturity) != _MONTH_DIGITS or security_type != "FUT":
        return None
    try:
        instrument = Instrument(product, ContractMonth.parse_listed(maturity))
    except InvalidInput as error:
        raise ValueError(_expected("a contract month", maturity)) from error
    return Contract(str(instrument), instrument)


def parse_text(text: str, limit: int = _MAX_TEXT) -> str:
    """Read printable text of at most `limit` characters."""
    if len(text) > limit or not text.isprintable():
        raise ValueError(_expected(f"at most {limit} printable characters", text[:limit]))
    return text


def plain_text(text: str) -> str:
    """Return a venue's free text without what cannot be printed, cut to length."""
    return "".join(letter for letter in text[:_MAX_TEXT] if letter.isprintable())


def long_symbol(instrument: Instrument) -> str:
    """Return the exchange's long symbol, such as `BRN FMG0027!`."""
    month = instrument.contract_month
    letter = MONTH_CODES[month.month - 1]
    return f"{SYMBOL_OF[instrument.product]} FM{letter}{month.year % 100:04d}!"


def _expected(what: str, text: str) -> str:
    return f"expected {what}, was {text!r}"
