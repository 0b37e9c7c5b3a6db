"""Own the top of every book of one session: images replace it, updates change one side.

An instrument gives no quote between a gap and its next image: half a book is no price.
"""

from collections.abc import Collection, Iterable
from decimal import Decimal

import msgspec

from core.market import Instrument, PriceEvent, Quote, Trade
from integrations.ice.fields import Contract
from integrations.ice.market_data import Entry, MarketData, Message


class Book(msgspec.Struct):
    """Hold the top of one book.

    `is_whole` tells that nothing was lost since an image. `number` is the highest message number
    that concerned it, `report` its own counter, `trade_id` its last trade.
    """

    instrument: Instrument
    bid: Decimal | None = None
    bid_size: int | None = None
    ask: Decimal | None = None
    ask_size: int | None = None
    is_whole: bool = False
    number: int = 0
    report: int | None = None
    trade_id: str | None = None

    def put(self, entry: Entry) -> None:
        """Take in a new value of one side."""
        if entry.is_bid:
            self.bid, self.bid_size = entry.price, entry.size
        else:
            self.ask, self.ask_size = entry.price, entry.size

    def count(self, report: int | None, number: int, *, is_late: bool) -> bool | None:
        """Take in an entry's counters.

        Return whether nothing newer was seen before it; None if something is missing before it.
        """
        if number > self.number:
            self.number = number
        before = self.report
        if report is None:
            return not is_late
        if before is None or report == before + 1:
            self.report = report
            return not is_late or before is not None
        if is_late and report <= before:
            return False
        # Beyond the next: something is missing. Back without being late: the count began anew.
        self.report = report
        self.is_whole = False
        return None


class Applied(msgspec.Struct, gc=False):
    """Hold what a message made of the books; `holes` names instruments that missed something."""

    events: list[PriceEvent]
    skipped: list[str]
    holes: list[Instrument]


class Books:
    """Keep the books of one session."""

    def __init__(self) -> None:
        self._books: dict[str, Book] = {}

    def save(self) -> list[Book]:
        """Return every book, in the order of their instruments."""
        return [self._books[key] for key in sorted(self._books)]

    def load(self, saved: list[Book]) -> None:
        """Take over what `save` returned."""
        self._books = {str(book.instrument): book for book in saved}

    def uncounted(self) -> tuple[list[Instrument], bool]:
        """Return what a missing message may concern unseen, and whether that is every book.

        Where the gateway counts the entries of an instrument, a hole in that count will tell.
        """
        concerned = [
            self._books[key].instrument
            for key in sorted(self._books)
            if self._books[key].report is None
        ]
        return concerned, len(concerned) == len(self._books)

    def break_books(self, instruments: Iterable[Instrument]) -> None:
        """Make no quotes of these before their next images."""
        for instrument in instruments:
            self._books[str(instrument)].is_whole = False

    def break_all(self) -> None:
        """Make no quotes at all before the next images."""
        for book in self._books.values():
            book.is_whole = False

    def unconfirmed(
        self, instruments: Collection[Instrument], lost_before: int
    ) -> list[Instrument]:
        """Return those without a whole book, or not heard of since messages were lost."""
        return [
            instrument
            for instrument in instruments
            if (book := self._books.get(str(instrument))) is None
            or not book.is_whole
            or book.number < lost_before
        ]

    def apply(self, message: Message, data: MarketData, *, is_late: bool) -> Applied:
        """Take in an image or an update, the whole of it."""
        applied = Applied([], data.skipped, [])
        if data.image_of is not None:
            self._apply_image(message, data, self._book(data.image_of), applied, is_late=is_late)
        else:
            self._apply_update(message, data, applied, is_late=is_late)
        return applied

    def _apply_image(
        self, message: Message, data: MarketData, book: Book, applied: Applied, *, is_late: bool
    ) -> None:
        for entry in data.entries:
            event = entry.event
            if isinstance(event, Trade) and event.entry_id == book.trade_id:
                applied.skipped.append("trade seen before")
            elif event is not None:
                _add(book, event, applied)
        if is_late and book.number > message.number:
            applied.skipped.append("late image")
            return
        if data.report is not None:
            if book.report is not None and data.report > book.report:
                applied.holes.append(book.instrument)
            book.report = data.report
        book.number = message.number
        _replace(book, message, data, applied)

    def _apply_update(
        self, message: Message, data: MarketData, applied: Applied, *, is_late: bool
    ) -> None:
        events = applied.events
        quoted: dict[str, int] = {}
        for index, entry in enumerate(data.entries):
            key = entry.contract.key
            book = self._books.get(key) or self._book(entry.contract)
            is_current = book.count(entry.report, message.number, is_late=is_late)
            if is_current is None and book.instrument not in applied.holes:
                applied.holes.append(book.instrument)
            if entry.event is not None:
                _add(book, entry.event, applied)
            elif not book.is_whole:
                applied.skipped.append("side before image")
            elif not is_current:
                applied.skipped.append("late side")
            else:
                book.put(entry)
                # Both sides in one message are one change of the book, not two.
                at = quoted.setdefault(key, len(events))
                events[at : at + 1] = [_quote(book, message, index, entry.event_ns)]
        if applied.holes:
            _drop_quotes(applied)

    def _book(self, contract: Contract) -> Book:
        return self._books.setdefault(contract.key, Book(contract.instrument))


def _add(book: Book, event: PriceEvent, applied: Applied) -> None:
    if isinstance(event, Trade):
        book.trade_id = event.entry_id
    applied.events.append(event)


def _drop_quotes(applied: Applied) -> None:
    """Leave out what was quoted ahead of a hole in the same message: the gap comes first."""
    broken = set(applied.holes)
    applied.events = [
        event
        for event in applied.events
        if not isinstance(event, Quote) or event.instrument not in broken
    ]


def _replace(book: Book, message: Message, data: MarketData, applied: Applied) -> None:
    was_known_empty = book.is_whole and book.bid is None and book.ask is None
    book.bid = book.bid_size = book.ask = book.ask_size = None
    event_ns, is_quoted = message.sent_ns, False
    for entry in data.entries:
        if entry.event is None:
            book.put(entry)
            event_ns, is_quoted = entry.event_ns, True
    book.is_whole = True
    if is_quoted or not was_known_empty:
        applied.events.insert(0, _quote(book, message, 0, event_ns))


def _quote(book: Book, message: Message, index: int, event_ns: int) -> Quote:
    return Quote(
        instrument=book.instrument,
        source=message.source,
        session=message.session,
        sequence=message.number,
        frame_index=index,
        event_ns=event_ns,
        received_ns=message.received_ns,
        bid=book.bid,
        bid_size=book.bid_size,
        ask=book.ask,
        ask_size=book.ask_size,
    )
