"""Own the wire format of Acme, a venue made up for docs/adding-a-feed.md: one JSON object a line.

Pure: sees no socket and no clock; the moment of receipt is a parameter.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from core.errors import BadFrame, InvalidInput
from core.market import (
    Gap,
    GapReason,
    Instrument,
    PriceEvent,
    Quote,
    Settlement,
    SettlementStage,
    Trade,
)
from core.products import product
from integrations.sequence import Order, SequenceTracker
from integrations.venue import Decoded, ListedContract

VENUE = "acme"
PRODUCTS = ("CL", "NG")
_MAX_PRICE = Decimal(1_000_000)
_MAX_INTEGER = 2**63 - 1


class QuoteLine(msgspec.Struct, frozen=True, tag_field="kind", tag="quote"):
    """Say the top of one book."""

    n: int
    contract: str
    ns: int
    bid: Decimal
    bid_size: int
    ask: Decimal
    ask_size: int


class TradeLine(msgspec.Struct, frozen=True, tag_field="kind", tag="trade"):
    """Say one trade."""

    n: int
    contract: str
    ns: int
    id: str
    price: Decimal
    size: int


class SettlementLine(msgspec.Struct, frozen=True, tag_field="kind", tag="settlement"):
    """Say one settlement price."""

    n: int
    contract: str
    ns: int
    day: date
    price: Decimal
    stage: SettlementStage


class SubscriptionLine(msgspec.Struct, frozen=True, tag_field="kind", tag="subscription"):
    """Say that a subscription was taken, or refused for a reason."""

    n: int
    product: str
    refused: str | None = None


class BeatLine(msgspec.Struct, frozen=True, tag_field="kind", tag="beat"):
    """Say that the venue is there."""

    n: int


PriceLine = QuoteLine | TradeLine | SettlementLine
Line = PriceLine | SubscriptionLine | BeatLine


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ask the venue for something; each request uses the members it needs."""

    op: Literal["login", "subscribe", "refresh", "contracts"]
    user: str = ""
    password: str = ""
    products: Sequence[str] = ()
    contracts: Sequence[str] = ()


class Listed(msgspec.Struct, frozen=True):
    """Say one contract that the venue lists."""

    contract: str
    last_trade: date


_LINES = msgspec.json.Decoder(Line)
_REQUESTS = msgspec.json.Decoder(Request)
_LISTINGS = msgspec.json.Decoder(list[Listed])
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode(message: Line | Request | Sequence[Listed]) -> bytes:
    """Return one line."""
    return msgspec.json.encode(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """Decode what a client asks.

    Raises:
        BadFrame: it is no request.
    """
    try:
        return _REQUESTS.decode(line)
    except _UNREADABLE as error:
        raise BadFrame(venue=VENUE, reason=str(error)) from error


def decode_listed(line: bytes) -> list[ListedContract]:
    """Decode the contracts of one product.

    Raises:
        BadFrame: it is no list of contracts.
    """
    try:
        return [
            ListedContract(
                instrument=_instrument(entry.contract),
                symbol=entry.contract,
                last_trade_date=entry.last_trade,
            )
            for entry in _LISTINGS.decode(line)
        ]
    except (*_UNREADABLE, InvalidInput) as error:
        raise BadFrame(venue=VENUE, reason=str(error)) from error


class AcmeDecoder:
    """Turn the lines of one session into events; every line carries the next number `n`."""

    def __init__(self, session: int, source: str) -> None:
        self._session = session
        self._source = source
        self._order = SequenceTracker()

    def decode(self, frame: bytes, received_ns: int) -> Decoded:
        """Return what a line says; never raises."""
        try:
            line = _LINES.decode(frame)
            events = self._events(line, received_ns)
        except _UNREADABLE:
            return Decoded(bad="json")
        except InvalidInput as error:
            return Decoded(bad=error.context["field"])
        if not 0 < line.n < _MAX_INTEGER:
            return Decoded(bad="n")
        return self._ordered(line, events, received_ns)

    def checkpoint(self) -> bytes:
        """Return the state after the lines so far."""
        return self._order.checkpoint()

    def restore(self, state: bytes) -> None:
        """Take over a state that `checkpoint` returned."""
        self._order.restore(state)

    def _ordered(self, line: Line, events: tuple[PriceEvent, ...], received_ns: int) -> Decoded:
        expected = self._order.expected
        order = self._order.observe(line.n)
        skipped = () if events else (type(line).__name__,)
        if order is Order.REPEATED:
            return Decoded(sequence=line.n, is_repeated=True)
        if order is not Order.GAP or expected is None:
            is_late = order is Order.LATE
            return Decoded(sequence=line.n, events=events, skipped=skipped, is_late=is_late)
        gap = Gap(
            venue=VENUE,
            source=self._source,
            session=self._session,
            expected_sequence=expected,
            received_sequence=line.n,
            received_ns=received_ns,
            reason=GapReason.SEQUENCE,
        )
        missed = line.n - expected
        return Decoded(sequence=line.n, events=(gap, *events), skipped=skipped, missed=missed)

    def _events(self, line: Line, received_ns: int) -> tuple[PriceEvent, ...]:
        if isinstance(line, SubscriptionLine | BeatLine):
            return ()
        if not 0 < line.ns < _MAX_INTEGER:
            raise InvalidInput(field="ns", reason="out of range")
        if isinstance(line, QuoteLine):
            return (self._quote(line, received_ns),)
        if isinstance(line, TradeLine):
            return (self._trade(line, received_ns),)
        return (self._settlement(line, received_ns),)

    def _quote(self, line: QuoteLine, received_ns: int) -> Quote:
        instrument = _instrument(line.contract)
        return Quote(
            instrument=instrument,
            source=self._source,
            session=self._session,
            sequence=line.n,
            frame_index=0,
            event_ns=line.ns,
            received_ns=received_ns,
            bid=_price(line.bid, instrument),
            bid_size=_size(line.bid_size),
            ask=_price(line.ask, instrument),
            ask_size=_size(line.ask_size),
        )

    def _trade(self, line: TradeLine, received_ns: int) -> Trade:
        instrument = _instrument(line.contract)
        return Trade(
            instrument=instrument,
            source=self._source,
            entry_id=line.id,
            event_ns=line.ns,
            received_ns=received_ns,
            price=_price(line.price, instrument),
            size=_size(line.size),
            aggressor=None,
        )

    def _settlement(self, line: SettlementLine, received_ns: int) -> Settlement:
        instrument = _instrument(line.contract)
        return Settlement(
            instrument=instrument,
            source=self._source,
            trade_date=line.day,
            price=_price(line.price, instrument),
            stage=line.stage,
            event_ns=line.ns,
            received_ns=received_ns,
        )


def subscription_of(frame: bytes) -> SubscriptionLine | None:
    """Return what a line says about a subscription, if it does."""
    try:
        line = _LINES.decode(frame)
    except _UNREADABLE:
        return None
    return line if isinstance(line, SubscriptionLine) else None


def _instrument(text: str) -> Instrument:
    instrument = Instrument.parse(text)
    if instrument.product not in PRODUCTS:
        raise InvalidInput(field="contract", reason=f"{text} is not of Acme")
    return instrument


def _price(price: Decimal, instrument: Instrument) -> Decimal:
    tick = product(instrument.product).tick
    if not price.is_finite() or abs(price) > _MAX_PRICE or price % tick:
        raise InvalidInput(field="price", reason="no price of this product")
    return price


def _size(size: int) -> int:
    if not 0 <= size < _MAX_INTEGER:
        raise InvalidInput(field="size", reason="out of range")
    return size
