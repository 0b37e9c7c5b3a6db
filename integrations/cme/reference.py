"""Own the venue's reference data documents: bytes to listed contracts, pure."""

import re
from datetime import date
from typing import Annotated, TypeVar

import msgspec

from core.errors import BadFrame, InvalidInput
from core.market import ContractMonth, Instrument
from integrations.cme.codec import VENUE
from integrations.venue import ListedContract

_PLACEHOLDER = "XXX"


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
    first_trade_date: str | None = None
    first_notice_date: str | None = None
    first_delivery_date: str | None = None
    final_settlement_date: str | None = None


class _InstrumentRows(msgspec.Struct):
    instruments: list[_InstrumentRow] = []


class _Instruments(msgspec.Struct):
    embedded: _InstrumentRows | None = msgspec.field(default=None, name="_embedded")
    links: _Links | None = msgspec.field(default=None, name="_links")


class _ScheduleRow(msgspec.Struct, rename="camel"):
    # It becomes part of an address.
    trading_schedule_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


class _ScheduleRows(msgspec.Struct, rename="camel"):
    trading_schedules: list[_ScheduleRow] = []


class _Schedules(msgspec.Struct):
    embedded: _ScheduleRows | None = msgspec.field(default=None, name="_embedded")


class _ScheduledDay(msgspec.Struct, rename="camel"):
    trading_date: str


class _Schedule(msgspec.Struct, rename="camel"):
    market_events_by_date: list[_ScheduledDay]


_PRODUCTS = msgspec.json.Decoder(_Products)
_INSTRUMENTS = msgspec.json.Decoder(_Instruments)
_SCHEDULES = msgspec.json.Decoder(_Schedules)
_SCHEDULE = msgspec.json.Decoder(_Schedule)

Document = TypeVar("Document")


def decode_product_guid(body: bytes, product: str) -> str | None:
    """Return the id of a product in a products document, None where it is not listed.

    Raises:
        BadFrame: the document has another form.
    """
    found = _decode(_PRODUCTS, body, "products").embedded
    rows = [] if found is None else found.products
    return next((row.product_guid for row in rows if row.globex_product_code == product), None)


def decode_instruments(body: bytes, product: str) -> tuple[list[ListedContract], str | None]:
    """Return the contracts of one page, placeholders left out, and the next page's address.

    Raises:
        BadFrame: the document has another form.
    """
    document = _decode(_INSTRUMENTS, body, "instruments")
    rows = [] if document.embedded is None else document.embedded.instruments
    try:
        listed = [
            _listed(row, product) for row in rows if not row.globex_symbol.endswith(_PLACEHOLDER)
        ]
    except (InvalidInput, ValueError) as error:
        raise BadFrame(venue=VENUE, reason=f"instruments: {error}") from error
    following = None if document.links is None else document.links.next
    return listed, None if following is None else following.href


def _listed(row: _InstrumentRow, product: str) -> ListedContract:
    return ListedContract(
        instrument=Instrument(product, ContractMonth.parse_listed(row.contract_month)),
        symbol=row.globex_symbol,
        last_trade_date=date.fromisoformat(row.last_trade_date or ""),
        first_trade_date=_optional_date(row.first_trade_date),
        first_notice_date=_optional_date(row.first_notice_date),
        first_delivery_date=_optional_date(row.first_delivery_date),
        final_settlement_date=_optional_date(row.final_settlement_date),
    )


def _optional_date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def decode_schedule_id(body: bytes) -> str | None:
    """Return the id of the first trading schedule, None where there is none.

    Raises:
        BadFrame: the document has another form.
    """
    found = _decode(_SCHEDULES, body, "trading schedules").embedded
    rows = [] if found is None else found.trading_schedules
    return rows[0].trading_schedule_id if rows else None


def decode_schedule(body: bytes) -> tuple[date, ...]:
    """Return the trading dates of a schedule, ascending; a holiday is an absent date.

    Raises:
        BadFrame: the document has another form.
    """
    rows = _decode(_SCHEDULE, body, "trading schedule").market_events_by_date
    try:
        days = {_american_date(row.trading_date) for row in rows}
    except ValueError as error:
        raise BadFrame(venue=VENUE, reason=f"trading schedule: {error}") from error
    return tuple(sorted(days))


_AMERICAN_DATE = re.compile(r"([0-9]{1,2})-([0-9]{1,2})-([0-9]{2})")


def _american_date(text: str) -> date:
    found = _AMERICAN_DATE.fullmatch(text)
    if found is None:
        message = f"expected a date such as 11-20-26, was {text[:20]!r}"
        raise ValueError(message)
    month, day, year = map(int, found.groups())
    return date(2000 + year, month, day)


def _decode(decoder: "msgspec.json.Decoder[Document]", body: bytes, what: str) -> Document:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(venue=VENUE, reason=f"{what}: {error}") from error
