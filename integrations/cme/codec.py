"""Own the venue's wire format: frames of bytes to core events, and requests to bytes.

Pure: sees no socket and no clock; the moment of receipt is a parameter.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import msgspec

from core.errors import BadFrame, InvalidInput
from core.market import (
    ContractMonth,
    Instrument,
    Quote,
    Settlement,
    SettlementStage,
    Side,
    Trade,
)
from core.products import PRODUCTS, Venue
from integrations.cme.timestamps import parse_ns

VENUE = Venue.CME.value
CME_PRODUCTS = tuple(code for code, row in PRODUCTS.items() if row.venue is Venue.CME)

ASSUMPTIONS = {
    "aggressorSide": "seen as 1 and 2, documented as BUY and SELL; anything else means unknown",
    "tradeUpdateAction": "absent, empty or NEW is a new trade; another word is not passed on",
    "clearedVolume": "name guessed from the binary feed; not read",
    "openInterestQty": "name guessed from the binary feed; not read",
    "settlementActual": "false or 0 marks a theoretical price, which is not passed on",
}
"""Hold what the public documents leave open, by field name, with what is assumed."""


class MessageKind(StrEnum):
    """Name the kinds of message; UNKNOWN is any type this code does not know."""

    LOGIN_STATUS = "LOGINSTATUS"
    HEARTBEAT = "HEARTBEAT"
    SUBSCRIPTION_STATUS = "SUBSCRIPTIONSTATUS"
    SUBSCRIPTION_ERROR = "SUBSCRIPTIONERROR"
    TOP_OF_BOOK = "TOB"
    TRADE = "TRD"
    STATISTICS = "STAT"
    UNKNOWN = "UNKNOWN"


class Frame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hold one decoded frame. A struct, since building one is part of every message's cost.

    `status` is the upper-case status of a login or subscription message, `text` what it says.
    `skipped` names, one a payload entry, what was understood but is not an event of ours.
    """

    sequence: int
    kind: MessageKind
    message_type: str
    sent_ns: int
    received_ns: int
    events: tuple[Quote | Trade | Settlement, ...] = ()
    skipped: tuple[str, ...] = ()
    status: str | None = None
    text: str | None = None
    request_id: str | None = None

    @property
    def is_login_accepted(self) -> bool:
        return self.kind is MessageKind.LOGIN_STATUS and self.status == "AUTHENTICATED"


_Text = Annotated[str, msgspec.Meta(max_length=256)]


class _Header(msgspec.Struct, rename="camel", gc=False):
    message_type: _Text
    sent_time: _Text
    sequence_number: Annotated[int, msgspec.Meta(ge=0)]
    request_id: str | int | None = None


class _WireInstrument(msgspec.Struct, rename="camel", gc=False):
    # The segment key (sent as marketSeqmentId, documented as marketSegmentId) is not needed.
    product_code: str = ""
    period_code: str = ""
    product_type: str = "FUT"
    symbol: str = ""


class _Level(msgspec.Struct, gc=False):
    price: Decimal
    qty: Annotated[int, msgspec.Meta(ge=0)]


class _TradeSummary(msgspec.Struct, rename="camel", gc=False):
    trade_price: Decimal
    trade_qty: Annotated[int, msgspec.Meta(ge=0)]
    md_trade_entry_id: _Text = ""
    aggressor_side: str | int | None = None
    trade_update_action: str | None = None


class _TradeStatistics(msgspec.Struct, rename="camel", gc=False):
    settlement_price: Decimal | None = None
    settlement_price_date: date | None = None
    settlement_price_timestamp: str | None = None
    settlement_actual: bool = True
    settlement_final: bool = False


class _Entry(msgspec.Struct, rename="camel", gc=False):
    last_update_time: str | None = None
    instrument: _WireInstrument | None = None
    bid_level: list[_Level] = []
    ask_level: list[_Level] = []
    trade_summary: _TradeSummary | None = None
    trade_statistics: _TradeStatistics | None = None
    status: str | None = None
    text: str | None = None
    error_message: str | None = None


class _Envelope(msgspec.Struct, gc=False):
    header: _Header
    payload: list[_Entry] | _Entry | None = None


class _LooseEnvelope(msgspec.Struct, gc=False):
    header: _Header


# Not strict: the venue writes integers as strings and flags as booleans or as 0 and 1.
_DECODER = msgspec.json.Decoder(_Envelope, strict=False)
_HEADER_DECODER = msgspec.json.Decoder(_LooseEnvelope, strict=False)


class _Context(msgspec.Struct, frozen=True, gc=False):
    session: int
    sequence: int
    source: str
    sent_ns: int
    received_ns: int


_Converter = Callable[[_Entry, Instrument, int, _Context], "Quote | Trade | Settlement | str"]


def decode(frame: bytes, *, session: int, received_ns: int, source: str) -> Frame:
    """Decode one frame.

    Raises:
        BadFrame: the bytes are not JSON, or a field of a known message has the wrong form.
    """
    try:
        envelope = _DECODER.decode(frame)
        header, payload = envelope.header, envelope.payload
        kind = _kind(header.message_type)
        entries = payload if isinstance(payload, list) else [] if payload is None else [payload]
        converter = _CONVERTERS.get(kind)
        if converter is None:
            return _control_frame(header, kind, entries, received_ns)
        sent_ns = parse_ns(header.sent_time)
        context = _Context(session, header.sequence_number, source, sent_ns, received_ns)
        events, skipped = _convert(entries, converter, context)
        return Frame(
            sequence=header.sequence_number,
            kind=kind,
            message_type=header.message_type,
            sent_ns=sent_ns,
            received_ns=received_ns,
            events=events,
            skipped=skipped,
        )
    except (msgspec.ValidationError, ValueError, InvalidInput) as error:
        unknown = _unknown_frame(frame, received_ns)
        if unknown is not None:
            return unknown
        raise BadFrame(venue=VENUE, reason=str(error)[:300]) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadFrame(venue=VENUE, reason=str(error)[:300]) from error


def _control_frame(
    header: _Header, kind: MessageKind, entries: list[_Entry], received_ns: int
) -> Frame:
    first = entries[0] if entries else _Entry()
    request_id = header.request_id
    return Frame(
        sequence=header.sequence_number,
        kind=kind,
        message_type=header.message_type,
        sent_ns=parse_ns(header.sent_time),
        received_ns=received_ns,
        status=None if first.status is None else _normalised(first.status),
        text=first.text or first.error_message,
        request_id=None if request_id is None else str(request_id),
    )


def _unknown_frame(frame: bytes, received_ns: int) -> Frame | None:
    """Read only the header: a message of unknown type may hold anything in its payload."""
    try:
        header = _HEADER_DECODER.decode(frame).header
        if _kind(header.message_type) is not MessageKind.UNKNOWN:
            return None
        return Frame(
            sequence=header.sequence_number,
            kind=MessageKind.UNKNOWN,
            message_type=header.message_type,
            sent_ns=parse_ns(header.sent_time),
            received_ns=received_ns,
        )
    except (msgspec.DecodeError, ValueError):
        return None


def _convert(
    entries: list[_Entry], converter: _Converter, context: _Context
) -> tuple[tuple[Quote | Trade | Settlement, ...], tuple[str, ...]]:
    events: list[Quote | Trade | Settlement] = []
    skipped: list[str] = []
    for index, entry in enumerate(entries):
        wire = entry.instrument
        if wire is None:
            skipped.append("no instrument")
            continue
        instrument = _instrument(wire.product_code, wire.period_code, wire.product_type)
        if instrument is None:
            skipped.append(f"{wire.product_type} {wire.symbol or wire.product_code}")
            continue
        event = converter(entry, instrument, index, context)
        if isinstance(event, str):
            skipped.append(event)
        else:
            events.append(event)
    return tuple(events), tuple(skipped)


@lru_cache(maxsize=8192)
def _instrument(product_code: str, period_code: str, product_type: str) -> Instrument | None:
    row = PRODUCTS.get(product_code)
    if row is None or row.venue is not Venue.CME or product_type != "FUT":
        return None
    # Spreads have no period code; weekly options have a longer one.
    if len(period_code) != 6:
        return None
    return Instrument(product_code, ContractMonth.parse(period_code))


def _event_ns(text: str | None, context: _Context) -> int:
    return context.sent_ns if text is None else parse_ns(text)


def _price(value: Decimal) -> Decimal:
    if not value.is_finite():
        message = f"expected a finite price, was {value}"
        raise ValueError(message)
    return value


def _to_quote(entry: _Entry, instrument: Instrument, index: int, context: _Context) -> Quote:
    bid = bid_size = ask = ask_size = None
    if entry.bid_level:
        best = entry.bid_level[0]
        bid, bid_size = _price(best.price), best.qty
    if entry.ask_level:
        best = entry.ask_level[0]
        ask, ask_size = _price(best.price), best.qty
    updated = entry.last_update_time
    return Quote(
        instrument=instrument,
        source=context.source,
        session=context.session,
        sequence=context.sequence,
        frame_index=index,
        event_ns=context.sent_ns if updated is None else parse_ns(updated),
        received_ns=context.received_ns,
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
    )


_AGGRESSORS = {"1": Side.BUY, "2": Side.SELL, "BUY": Side.BUY, "SELL": Side.SELL}


def _to_trade(entry: _Entry, instrument: Instrument, index: int, context: _Context) -> Trade | str:
    summary = entry.trade_summary
    if summary is None:
        return "trade without a summary"
    if (summary.trade_update_action or "NEW").upper() != "NEW":
        return f"trade action {summary.trade_update_action}"
    entry_id = summary.md_trade_entry_id or f"{context.session}.{context.sequence}.{index}"
    return Trade(
        instrument=instrument,
        source=context.source,
        entry_id=entry_id,
        event_ns=_event_ns(entry.last_update_time, context),
        received_ns=context.received_ns,
        price=_price(summary.trade_price),
        size=summary.trade_qty,
        aggressor=_AGGRESSORS.get(str(summary.aggressor_side).upper()),
    )


def _to_settlement(
    entry: _Entry, instrument: Instrument, index: int, context: _Context
) -> Settlement | str:
    statistics = entry.trade_statistics
    if statistics is None or statistics.settlement_price is None:
        return "statistics without a settlement"
    if statistics.settlement_price_date is None:
        return "settlement without a date"
    if not statistics.settlement_actual:
        return "theoretical settlement"
    stated = statistics.settlement_price_timestamp or entry.last_update_time
    return Settlement(
        instrument=instrument,
        source=context.source,
        trade_date=statistics.settlement_price_date,
        price=_price(statistics.settlement_price),
        stage=SettlementStage.FINAL if statistics.settlement_final else SettlementStage.PRELIMINARY,
        event_ns=_event_ns(stated, context),
        received_ns=context.received_ns,
    )


_CONVERTERS: dict[MessageKind, _Converter] = {
    MessageKind.TOP_OF_BOOK: _to_quote,
    MessageKind.TRADE: _to_trade,
    MessageKind.STATISTICS: _to_settlement,
}


def _normalised(word: str) -> str:
    return word.upper().replace("_", "").replace(" ", "")


@lru_cache(maxsize=256)
def _kind(message_type: str) -> MessageKind:
    # LOGIN_STATUS and LOGINSTATUS are both documented.
    try:
        return MessageKind(_normalised(message_type))
    except ValueError:
        return MessageKind.UNKNOWN


MARKET_DATA_TYPES = ("TRD", "TOB", "STAT")


def encode_subscribe(
    request_id: int, product_codes: Sequence[str], period_codes: Sequence[str] = ()
) -> bytes:
    """Encode a request for trades, top of book and statistics of outright futures.

    No period codes means every listed month.
    """
    subscriptions: list[dict[str, object]] = []
    for code in product_codes:
        subscription: dict[str, object] = {
            "productCode": code,
            "productType": "FUT",
            "spreadReportTypes": ["OUTRIGHT"],
        }
        if period_codes:
            subscription["periodCodes"] = list(period_codes)
        subscriptions.append(subscription)
    header = {"messageType": "SUBSCRIBE", "version": "1.0", "requestId": str(request_id)}
    payload = {
        "subscriptionMessageTypes": list(MARKET_DATA_TYPES),
        "subscriptions": subscriptions,
    }
    return msgspec.json.encode({"header": header, "payload": payload})
