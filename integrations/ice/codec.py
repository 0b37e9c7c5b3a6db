"""Own what a session's messages mean: FIX messages to core events, and requests to fields.

Pure: sees no socket and no clock; the moment of receipt is a parameter.
"""

from collections.abc import Collection

import msgspec

from core.market import Gap, GapReason, Instrument
from core.products import Venue
from integrations.ice.books import Book, Books
from integrations.ice.fields import PRODUCT_OF, SYMBOL_OF, parse_number
from integrations.ice.fix import frame_problem
from integrations.ice.layouts import IMAGE, UPDATE, Layouts
from integrations.ice.market_data import (
    BID,
    OFFER,
    SETTLEMENT,
    TRADE,
    MarketData,
    Message,
    read_market_data,
    read_message,
)
from integrations.ice.message_numbers import Arrived, MessageNumbers
from integrations.venue import Decoded

VENUE = Venue.ICE.value

ASSUMPTIONS = {
    "55": f"the gateway's symbols {', '.join(PRODUCT_OF)} mean {', '.join(SYMBOL_OF)}",
    "83": "RptSeq counts the entries of each instrument of a session, in X with each entry, in W "
    "the count so far; a gateway that does not send it loses all books with a missing message",
    "96": "the password, with its length in 95, as two gateways take it",
    "207": "ICE, for both of the exchange's markets",
    "272": "with 269=6 the trade date of the settlement; else the date of 273, UTC",
    "278": "MDEntryID names a trade for ever; a trade of an image without it is not passed on",
    "286": "with 269=6: 0 and 4 are final, 3 or none preliminary, any other is not passed on",
    "393": "in d the number of answers to one c",
    "541": "in d the last trade date",
    "5797": "the aggressor of a trade, 1 buy and 2 sell, as the New York venue numbers it",
}
"""Hold what the public documents leave open, by tag, with what is assumed."""

FIELD = "field"
"""Name the fourth reason why a frame is bad: a field is missing, or has the wrong form."""

LOGON, LOGOUT, HEARTBEAT, TEST_REQUEST = "A", "5", "0", "1"
RESEND_REQUEST, REJECT, SEQUENCE_RESET = "2", "3", "4"
DEFINITION_REQUEST, DEFINITION = "c", "d"
DATA_REQUEST, DATA_REJECT, BUSINESS_REJECT, SECURITY_STATUS = "V", "Y", "j", "f"

_NAMES = {
    LOGON: "logon",
    LOGOUT: "logout",
    HEARTBEAT: "heartbeat",
    TEST_REQUEST: "test request",
    RESEND_REQUEST: "resend request",
    REJECT: "reject",
    DEFINITION: "security definition",
    DATA_REJECT: "market data request reject",
    BUSINESS_REJECT: "business message reject",
    SECURITY_STATUS: "security status",
}


class _Saved(msgspec.Struct):
    numbers: MessageNumbers
    books: list[Book]


class IceDecoder:
    """Decode the frames of one session, whose messages count from 1.

    A message that cannot be read counts as not received: it is asked for again, and no part of
    it is applied. A missing message makes a `Gap` of the books whose own count cannot tell
    whether it concerned them; the others are named when a hole in their count shows.
    """

    def __init__(self, session: int, source: str) -> None:
        self._session = session
        self._source = source
        self._numbers = MessageNumbers()
        self._books = Books()
        self._layouts = Layouts()

    @property
    def has_missing(self) -> bool:
        """Tell whether messages are missing that may still be resent."""
        return bool(self._numbers.holes)

    @property
    def next_number(self) -> int:
        """Return the number that the next message should have."""
        return self._numbers.expected

    @property
    def lost_before(self) -> int:
        """Return the number below which messages were lost for good; 0 while none was."""
        return self._numbers.lost_before

    def unconfirmed(self, instruments: Collection[Instrument]) -> list[Instrument]:
        """Return those whose last value may be older than the venue's."""
        return self._books.unconfirmed(instruments, self._numbers.lost_before)

    def decode(self, frame: bytes, received_ns: int) -> Decoded:
        """Decode one chunk of the framer."""
        problem = frame_problem(frame)
        if problem is not None:
            return Decoded(bad=problem)
        try:
            parts = self._layouts.read(frame)
            message = read_message(parts, self._source, self._session, received_ns)
        except ValueError:
            return Decoded(bad=FIELD)
        try:
            if message.header.kind in _MARKET_DATA:
                return self._market_data(message, read_market_data(message))
            if message.header.kind == SEQUENCE_RESET:
                return self._sequence_reset(message, parse_number(message.header.new_number))
        except ValueError:
            return self._unreadable(message)
        arrived = self._numbers.observe(message.number)
        name = _NAMES.get(message.header.kind, "unknown message type")
        return _decoded(message, arrived, self._missing(message, arrived), name)

    def _market_data(self, message: Message, data: MarketData) -> Decoded:
        arrived = self._numbers.observe(message.number)
        if arrived.is_repeated:
            return _decoded(message, arrived, [], "repeated")
        # First: a book that misses something must not take in what follows.
        gaps = self._missing(message, arrived) if arrived.missed else []
        applied = self._books.apply(message, data, is_late=arrived.is_late)
        if applied.holes:
            gaps.append(self._gap(message, None, message.number, applied.holes))
        return Decoded(
            sequence=message.number,
            sent_ns=message.sent_ns,
            events=(*gaps, *applied.events),
            skipped=tuple(applied.skipped),
            missed=arrived.missed,
            is_late=arrived.is_late,
        )

    def _sequence_reset(self, message: Message, following: int) -> Decoded:
        numbers = self._numbers
        if message.header.gap_fill == "Y":
            is_ahead = message.number > numbers.expected
            arrived = numbers.observe(message.number) if is_ahead else Arrived()
            gaps = self._missing(message, arrived)
            numbers.give_up(message.number, following)
            return _decoded(message, arrived, gaps, "gap fill")
        expected = numbers.expected
        if following <= expected:
            return _decoded(message, Arrived(is_repeated=True), [], "sequence reset")
        numbers.give_up(0, following)
        self._books.break_all()
        gap = self._gap(message, expected, following, ())
        return _decoded(message, Arrived(), [gap], "sequence reset")

    def _unreadable(self, message: Message) -> Decoded:
        # Sent again and unreadable again, it will never be read.
        if message.is_possible_duplicate and self._numbers.is_missing(message.number):
            self._numbers.give_up(message.number, message.number + 1)
        return Decoded(bad=FIELD, sequence=message.number, sent_ns=message.sent_ns)

    def _missing(self, message: Message, arrived: Arrived) -> list[Gap]:
        if not arrived.missed:
            return []
        concerned, is_every_book = self._books.uncounted()
        if not concerned and not is_every_book:
            return []
        self._books.break_books(concerned)
        expected = message.number - arrived.missed
        return [self._gap(message, expected, message.number, () if is_every_book else concerned)]

    def _gap(
        self,
        message: Message,
        expected: int | None,
        received: int,
        instruments: Collection[Instrument],
    ) -> Gap:
        return Gap(
            venue=VENUE,
            source=self._source,
            session=self._session,
            expected_sequence=expected,
            received_sequence=received,
            received_ns=message.received_ns,
            reason=GapReason.SEQUENCE,
            instruments=tuple(instruments),
        )

    def checkpoint(self) -> bytes:
        """Return the state after the frames so far."""
        return msgspec.msgpack.encode(_Saved(self._numbers, self._books.save()))

    def restore(self, state: bytes) -> None:
        """Take over a state that `checkpoint` returned.

        Raises:
            msgspec.DecodeError: it is of another version of this program.
        """
        saved = msgspec.msgpack.decode(state, type=_Saved)
        self._numbers = saved.numbers
        self._books.load(saved.books)


def _decoded(message: Message, arrived: Arrived, gaps: list[Gap], name: str) -> Decoded:
    return Decoded(
        sequence=message.number,
        sent_ns=message.sent_ns,
        events=tuple(gaps),
        skipped=(name,),
        missed=arrived.missed,
        is_repeated=arrived.is_repeated,
        is_late=arrived.is_late,
    )


_MARKET_DATA = frozenset((IMAGE, UPDATE))
_ENTRY_TYPES = (BID, OFFER, TRADE, SETTLEMENT)


def data_request(request_id: str, instrument: Instrument) -> list[tuple[int, str]]:
    """Return the fields of V: image and updates of one contract's top, trades and settlements."""
    return [
        (262, request_id),
        (263, "1"),
        (264, "1"),
        (265, "1"),
        (267, str(len(_ENTRY_TYPES))),
        *((269, kind) for kind in _ENTRY_TYPES),
        (146, "1"),
        (55, SYMBOL_OF[instrument.product]),
        (207, "ICE"),
        (167, "FUT"),
        (200, str(instrument.contract_month)),
    ]
