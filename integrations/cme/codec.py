"""Own the venue's wire format: frames of bytes to core events, and requests to bytes.

Pure: sees no socket and no clock; the moment of receipt is a parameter.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from core.errors import InvalidInput
from core.market import (
    ContractMonth,
    Gap,
    GapReason,
    Instrument,
    PriceEvent,
    Quote,
    Settlement,
    SettlementStage,
    Side,
    Trade,
    is_to_come,
)
from core.products import PRODUCTS, Venue
from integrations.cme.timestamps import parse_ns
from integrations.cme.wire import (
    ANYTHING,
    CONTROLS,
    STATISTICS,
    TOPS,
    TRADES,
    ControlEntry,
    Header,
    MessageKind,
    StatisticsEntry,
    StatisticsMessage,
    TopEntry,
    TopMessage,
    TradeEntry,
    TradeMessage,
    WireInstrument,
    kind_of,
    normalised,
)
from integrations.sequence import Order, SequenceTracker
from integrations.venue import Decoded

VENUE = Venue.CME.value
CME_PRODUCTS = tuple(code for code, row in PRODUCTS.items() if row.venue is Venue.CME)

ASSUMPTIONS = {
    "sequenceNumber": "the first of a session is taken as it comes; it never starts over in one",
    "aggressorSide": "seen as 1 and 2, documented as BUY and SELL; anything else means unknown",
    "tradeUpdateAction": "absent, empty or NEW is a new trade; another word is not passed on",
    "clearedVolume": "name guessed from the binary feed; not read",
    "openInterestQty": "name guessed from the binary feed; not read",
    "settlementActual": "false or 0 marks a theoretical price, which is not passed on",
    "settlementFinal": "a second final price of a day corrects the first: no flag is documented",
    "errorMessage": "a refusal says why in errorMessage or in text",
}
"""Hold what the public documents leave open, by field name, with what is assumed."""

_TRUNCATED = "Input data was truncated"
_CACHED_WORDS = 65_536
_MAX_PRICE = Decimal(10**9)
_MAX_SCALE = 12


def _scale(price: Decimal) -> int:
    exponent = price.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


class _Prices(dict[str, Decimal]):
    """Look up prices by their text: a book repeats few of them, and building one is slow."""

    def __missing__(self, text: str) -> Decimal:
        price = Decimal(text)
        # Nothing that trades costs more; and what is stored must have room for it.
        if not (price.is_finite() and abs(price) < _MAX_PRICE and _scale(price) <= _MAX_SCALE):
            message = f"expected a price, was {text}"
            raise ValueError(message)
        if len(self) >= _CACHED_WORDS:
            self.clear()
        self[text] = price
        return price


class _Instruments(dict[tuple[str, str, str], Instrument | None]):
    """Look up outright futures of our products by product, period and type; None is another."""

    def __missing__(self, key: tuple[str, str, str]) -> Instrument | None:
        code, period, kind = key
        instrument = None
        # Spreads have no period code; weekly options have a longer one.
        if code in CME_PRODUCTS and kind == "FUT" and len(period) == 6:
            instrument = Instrument(code, ContractMonth.parse_listed(period))
        if len(self) >= _CACHED_WORDS:
            self.clear()
        self[key] = instrument
        return instrument


_PRICES = _Prices()
_INSTRUMENTS = _Instruments()


class CmeDecoder:
    """Turn the frames of one session into events; its sequence shows what was lost.

    A frame that cannot be read leaves the sequence as it was, so that the next one shows a gap:
    what it said is missing all the same.
    """

    def __init__(self, session: int, source: str) -> None:
        self._session = session
        self._source = source
        self._tracker = SequenceTracker()
        self._readers: dict[MessageKind, _Reader] = {
            MessageKind.TOP_OF_BOOK: (TOPS.decode, self._quote),
            MessageKind.TRADE: (TRADES.decode, self._trade),
            MessageKind.STATISTICS: (STATISTICS.decode, self._settlement),
        }

    def decode(self, frame: bytes, received_ns: int) -> Decoded:
        """Read one frame; `bad` is json, truncated or field where it cannot be read."""
        try:
            expected = _HINTS.get(frame[_HINT_AT])
            if expected is not None:
                read, convert = self._readers[expected]
                message = read(frame)
                header = message.header
                if header.message_type == expected:
                    return self._market(header, message.payload, convert, received_ns)
        except _UNREADABLE:
            # Not the message it looked like, or a bad one: the thorough way tells which.
            pass
        try:
            return self._decode_thoroughly(frame, received_ns)
        except msgspec.ValidationError:
            return Decoded(bad="field")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Decoded(bad="truncated" if str(error) == _TRUNCATED else "json")
        except _UNREADABLE:
            return Decoded(bad="field")

    def _decode_thoroughly(self, frame: bytes, received_ns: int) -> Decoded:
        header = ANYTHING.decode(frame).header
        kind = kind_of(header.message_type)
        reader = self._readers.get(kind)
        if reader is not None:
            read, convert = reader
            return self._market(header, read(frame).payload, convert, received_ns)
        skipped: tuple[str, ...] = ()
        if kind is MessageKind.UNKNOWN:
            skipped = (f"message {header.message_type}",)
        return self._placed(header, parse_ns(header.sent_time), (), skipped, received_ns)

    def _market(
        self, header: Header, payload: Any, convert: "_Convert", received_ns: int
    ) -> Decoded:
        sent_ns = parse_ns(header.sent_time)
        sequence = header.sequence_number
        entries = payload if type(payload) is list else [] if payload is None else [payload]
        if len(entries) != 1:
            return self._several(header, sent_ns, entries, convert, received_ns)
        event = convert(entries[0], 0, sequence, sent_ns, received_ns)
        if isinstance(event, str):
            return self._placed(header, sent_ns, (), (event,), received_ns)
        if sequence != self._tracker.expected:
            return self._placed(header, sent_ns, (event,), (), received_ns)
        self._tracker.expected = sequence + 1
        return Decoded(sequence=sequence, sent_ns=sent_ns, events=(event,))

    def _several(
        self,
        header: Header,
        sent_ns: int,
        entries: list[Any],
        convert: "_Convert",
        received_ns: int,
    ) -> Decoded:
        sequence = header.sequence_number
        converted = [
            convert(entry, index, sequence, sent_ns, received_ns)
            for index, entry in enumerate(entries)
        ]
        events = tuple(event for event in converted if not isinstance(event, str))
        skipped = tuple(event for event in converted if isinstance(event, str))
        return self._placed(header, sent_ns, events, skipped, received_ns)

    def _placed(
        self,
        header: Header,
        sent_ns: int,
        events: tuple[PriceEvent, ...],
        skipped: tuple[str, ...],
        received_ns: int,
    ) -> Decoded:
        sequence, expected = header.sequence_number, self._tracker.expected
        order = self._tracker.observe(sequence)
        if order is Order.REPEATED:
            return Decoded(sequence=sequence, sent_ns=sent_ns, is_repeated=True)
        if order is Order.GAP and expected is not None:
            gap = self._gap(expected, sequence, received_ns)
            return Decoded(
                sequence=sequence,
                sent_ns=sent_ns,
                events=(gap, *events),
                skipped=skipped,
                missed=sequence - expected,
            )
        return Decoded(
            sequence=sequence,
            sent_ns=sent_ns,
            events=events,
            skipped=skipped,
            is_late=order is Order.LATE,
        )

    def _gap(self, expected: int, received: int, received_ns: int) -> Gap:
        return Gap(
            venue=VENUE,
            source=self._source,
            session=self._session,
            expected_sequence=expected,
            received_sequence=received,
            received_ns=received_ns,
            reason=GapReason.SEQUENCE,
        )

    def checkpoint(self) -> bytes:
        """Return the state after the frames so far, for `restore` of a new decoder."""
        return self._tracker.checkpoint()

    def restore(self, state: bytes) -> None:
        """Take over the state that `checkpoint` returned.

        Raises:
            msgspec.DecodeError: it is of another version of this program.
        """
        self._tracker.restore(state)

    def _quote(
        self, entry: TopEntry, index: int, sequence: int, sent_ns: int, received_ns: int
    ) -> Quote | str:
        wire = entry.instrument
        if wire is None:
            return _NO_INSTRUMENT
        instrument = _INSTRUMENTS[wire.product_code, wire.period_code, wire.product_type]
        if instrument is None:
            return _other(wire)
        bid = bid_size = ask = ask_size = None
        if entry.bid_level:
            best = entry.bid_level[0]
            bid, bid_size = _PRICES[best.price], best.qty
        if entry.ask_level:
            best = entry.ask_level[0]
            ask, ask_size = _PRICES[best.price], best.qty
        updated = entry.last_update_time
        return Quote(
            instrument=instrument,
            source=self._source,
            session=self._session,
            sequence=sequence,
            frame_index=index,
            event_ns=sent_ns if updated is None else parse_ns(updated),
            received_ns=received_ns,
            bid=bid,
            bid_size=bid_size,
            ask=ask,
            ask_size=ask_size,
        )

    def _trade(
        self, entry: TradeEntry, index: int, sequence: int, sent_ns: int, received_ns: int
    ) -> Trade | str:
        wire, summary = entry.instrument, entry.trade_summary
        if wire is None:
            return _NO_INSTRUMENT
        instrument = _INSTRUMENTS[wire.product_code, wire.period_code, wire.product_type]
        if instrument is None:
            return _other(wire)
        if summary is None:
            return "trade without a summary"
        action = summary.trade_update_action
        if action and action.upper() != "NEW":
            return f"trade action {action}"
        entry_id = summary.md_trade_entry_id or f"{self._session}.{sequence}.{index}"
        updated = entry.last_update_time
        return Trade(
            instrument=instrument,
            source=self._source,
            entry_id=_storable(entry_id),
            event_ns=sent_ns if updated is None else parse_ns(updated),
            received_ns=received_ns,
            price=_PRICES[summary.trade_price],
            size=summary.trade_qty,
            aggressor=_AGGRESSORS.get(str(summary.aggressor_side).upper()),
        )

    def _settlement(
        self, entry: StatisticsEntry, index: int, sequence: int, sent_ns: int, received_ns: int
    ) -> Settlement | str:
        wire, statistics = entry.instrument, entry.trade_statistics
        if wire is None:
            return _NO_INSTRUMENT
        instrument = _INSTRUMENTS[wire.product_code, wire.period_code, wire.product_type]
        if instrument is None:
            return _other(wire)
        if statistics is None or statistics.settlement_price is None:
            return "statistics without a settlement"
        if statistics.settlement_price_date is None:
            return "settlement without a date"
        if not statistics.settlement_actual:
            return "theoretical settlement"
        stated = statistics.settlement_price_timestamp or entry.last_update_time
        event_ns = sent_ns if stated is None else parse_ns(stated)
        if is_to_come(statistics.settlement_price_date, event_ns):
            return "settlement of a day to come"
        return Settlement(
            instrument=instrument,
            source=self._source,
            trade_date=statistics.settlement_price_date,
            price=_PRICES[statistics.settlement_price],
            stage=_STAGES[statistics.settlement_final],
            event_ns=event_ns,
            received_ns=received_ns,
        )


_Convert = Callable[[Any, int, int, int, int], PriceEvent | str]
_Reader = tuple[Callable[[bytes], TopMessage | TradeMessage | StatisticsMessage], _Convert]

# Where a frame written as the venue writes it names its type: {"header":{"messageType":"TOB",…
_HINT_AT = slice(26, 30)
_HINTS = {
    b'TOB"': MessageKind.TOP_OF_BOOK,
    b'TRD"': MessageKind.TRADE,
    b"STAT": MessageKind.STATISTICS,
}
_NO_INSTRUMENT = "no instrument"
_UNREADABLE = (msgspec.DecodeError, RecursionError, ValueError, ArithmeticError, InvalidInput)
_STAGES = {True: SettlementStage.FINAL, False: SettlementStage.PRELIMINARY}
_AGGRESSORS = {"1": Side.BUY, "2": Side.SELL, "BUY": Side.BUY, "SELL": Side.SELL}


def _other(wire: WireInstrument) -> str:
    return f"{wire.product_type} {wire.symbol or wire.product_code}"


def _storable(entry_id: str) -> str:
    # PostgreSQL's text has no place for it.
    if "\0" in entry_id:
        message = "expected an entry id without NUL"
        raise ValueError(message)
    return entry_id


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a login or subscription message says, or that it is a heartbeat.

    `status` is upper case, `text` gives a reason, `request_id` names the request answered.
    """

    kind: MessageKind
    status: str | None = None
    text: str | None = None
    request_id: str | None = None

    @property
    def is_login_accepted(self) -> bool:
        return self.kind is MessageKind.LOGIN_STATUS and self.status == "AUTHENTICATED"


_CONTROLS = {
    MessageKind.LOGIN_STATUS,
    MessageKind.HEARTBEAT,
    MessageKind.SUBSCRIPTION_STATUS,
    MessageKind.SUBSCRIPTION_ERROR,
}


def decode_control(frame: bytes) -> Control | None:
    """Read a message about the session itself; None where it is another, or cannot be read."""
    try:
        message = CONTROLS.decode(frame)
    except _UNREADABLE:
        return None
    kind = kind_of(message.header.message_type)
    if kind not in _CONTROLS:
        return None
    payload = message.payload
    first = (payload[0] if payload else None) if isinstance(payload, list) else payload
    entry = first or ControlEntry()
    request_id = message.header.request_id
    return Control(
        kind=kind,
        status=None if entry.status is None else normalised(entry.status),
        text=entry.text or entry.error_message,
        request_id=None if request_id is None else str(request_id),
    )


MARKET_DATA_TYPES = ("TRD", "TOB", "STAT")


def encode_subscribe(request_id: int, product_code: str) -> bytes:
    """Encode a request for trades, tops of book and statistics of a product's outright futures.

    It names no months, which means every listed one.
    """
    header = {"messageType": "SUBSCRIBE", "version": "1.0", "requestId": str(request_id)}
    subscription = {
        "productCode": product_code,
        "productType": "FUT",
        "spreadReportTypes": ["OUTRIGHT"],
    }
    payload = {
        "subscriptionMessageTypes": list(MARKET_DATA_TYPES),
        "subscriptions": [subscription],
    }
    return msgspec.json.encode({"header": header, "payload": payload})
