"""Own the venue's reference data documents: bytes to listed contracts, pure."""

from dataclasses import dataclass
from datetime import date

import msgspec

from core.errors import BadFrame, InvalidInput
from core.market import ContractMonth, Instrument
from integrations.cme.codec import VENUE

_PLACEHOLDER = "XXX"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContract:
    """Hold one contract that the venue lists."""

    instrument: Instrument
    symbol: str
    last_trade_date: date


class _Link(msgspec.Struct):
    href: str


class _Links(msgspec.Struct):
    next: _Link | None = None


class _ProductRow(msgspec.Struct, rename="camel"):
    product_guid: str
    globex_product_code: str = ""


class _ProductRows(msgspec.Struct):
    products: list[_ProductRow] = []


class _Products(msgspec.Struct):
    embedded: _ProductRows | None = msgspec.field(default=None, name="_embedded")


class _InstrumentRow(msgspec.Struct, rename="camel"):
    globex_symbol: str
    contract_month: str = ""
    last_trade_date: str | None = None


class _InstrumentRows(msgspec.Struct):
    instruments: list[_InstrumentRow] = []


class _Instruments(msgspec.Struct):
    embedded: _InstrumentRows | None = msgspec.field(default=None, name="_embedded")
    links: _Links | None = msgspec.field(default=None, name="_links")


_PRODUCTS = msgspec.json.Decoder(_Products)
_INSTRUMENTS = msgspec.json.Decoder(_Instruments)


def decode_product_guid(body: bytes, product: str) -> str | None:
    """Return the id of a product in a products document, None where it is not listed.

    Raises:
        BadFrame: the document has another form.
    """
    try:
        found = _PRODUCTS.decode(body).embedded
    except msgspec.DecodeError as error:
        raise BadFrame(venue=VENUE, reason=f"products: {error}") from error
    rows = [] if found is None else found.products
    return next((row.product_guid for row in rows if row.globex_product_code == product), None)


def decode_instruments(body: bytes, product: str) -> tuple[list[ListedContract], str | None]:
    """Return the contracts of one page, placeholders left out, and the next page's address.

    Raises:
        BadFrame: the document has another form.
    """
    try:
        document = _INSTRUMENTS.decode(body)
        rows = [] if document.embedded is None else document.embedded.instruments
        listed = [
            ListedContract(
                instrument=Instrument(product, ContractMonth.parse(row.contract_month)),
                symbol=row.globex_symbol,
                last_trade_date=date.fromisoformat(row.last_trade_date or ""),
            )
            for row in rows
            if not row.globex_symbol.endswith(_PLACEHOLDER)
        ]
    except (msgspec.DecodeError, InvalidInput, ValueError) as error:
        raise BadFrame(venue=VENUE, reason=f"instruments: {error}") from error
    following = None if document.links is None else document.links.next
    return listed, None if following is None else following.href
