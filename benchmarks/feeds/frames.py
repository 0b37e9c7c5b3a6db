"""Own the streams that the feed benchmarks send: events made up by a seed, and their frames."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from core.clock import utc_from_ns
from core.market import (
    Instrument,
    PriceEvent,
    Quote,
    Settlement,
    SettlementStage,
    Side,
    Trade,
)
from core.products import product
from integrations.cme.codec import CME_PRODUCTS
from integrations.cme.sandbox.messages import (
    encode_settlements,
    encode_top_of_book,
    encode_trades,
)
from quant.calendars import listed_contracts

SOURCE = "cme"
MIX = {"quotes": 88, "trades": 11, "settlements": 1}
"""State how many of a hundred messages are TOB, TRD and STAT."""

_MONTHS = 36
_STEP_NS = 50_003  # not a whole number of microseconds
_DELAY_NS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Describe made-up events: the same seed, beginning and products give the same ones."""

    seed: int
    start_ns: int
    products: tuple[str, ...] = CME_PRODUCTS
    source: str = SOURCE

    def events(self, count: int) -> list[PriceEvent]:
        """Return the first events of the stream, in the order of their times."""
        return list(islice(self.iterate(), count))

    def contracts(self) -> list[Instrument]:
        """Return the contracts that are quoted, those of one product after another."""
        day = utc_from_ns(self.start_ns).date()
        return [
            contract for code in self.products for contract in listed_contracts(code, day, _MONTHS)
        ]

    def iterate(self) -> Iterator[PriceEvent]:
        """Yield events without end, in the fixed mix: the near months most often."""
        rng = random.Random(self.seed)  # noqa: S311 - prices, not secrets
        books = [_Book(contract) for contract in self.contracts()]
        weights = [1.0 / (1 + place % _MONTHS) for place in range(len(books))]
        kinds = [kind for kind, share in MIX.items() for _ in range(share)]
        index = 0
        while True:
            rng.shuffle(kinds)
            chosen = rng.choices(books, weights, k=len(kinds))
            for kind, book in zip(kinds, chosen, strict=True):
                event_ns = self.start_ns + index * _STEP_NS
                yield self._event(kind, book, books, index, event_ns, rng)
                index += 1

    def _event(
        self,
        kind: str,
        book: "_Book",
        books: "Sequence[_Book]",
        index: int,
        event_ns: int,
        rng: random.Random,
    ) -> PriceEvent:
        if kind == "quotes":
            return book.quote(self.source, event_ns, rng)
        if kind == "trades":
            return book.trade(self.source, f"T{self.seed}.{index}", event_ns, rng)
        # One of each contract and day, so that each of them is a row.
        days, place = divmod(index // 100, len(books))
        day = utc_from_ns(self.start_ns).date() - timedelta(days=1 + days)
        return books[place].settlement(self.source, day, event_ns)


class _Book:
    """Walk one contract's price at random, tick by tick."""

    def __init__(self, contract: Instrument) -> None:
        self._contract = contract
        self._tick = product(contract.product).tick
        self._ticks = 5_000

    def quote(self, source: str, event_ns: int, rng: random.Random) -> Quote:
        self._ticks += rng.choice((-1, 0, 1))
        return Quote(
            instrument=self._contract,
            source=source,
            session=0,
            sequence=0,
            frame_index=0,
            event_ns=event_ns,
            received_ns=0,
            bid=self._price(0),
            bid_size=rng.randint(1, 60),
            ask=self._price(rng.randint(1, 3)),
            ask_size=rng.randint(1, 60),
        )

    def trade(self, source: str, entry_id: str, event_ns: int, rng: random.Random) -> Trade:
        return Trade(
            instrument=self._contract,
            source=source,
            entry_id=entry_id,
            event_ns=event_ns,
            received_ns=0,
            price=self._price(rng.randint(0, 1)),
            size=rng.randint(1, 20),
            aggressor=rng.choice((Side.BUY, Side.SELL)),
        )

    def settlement(self, source: str, day: date, event_ns: int) -> Settlement:
        return Settlement(
            instrument=self._contract,
            source=source,
            trade_date=day,
            price=self._price(0),
            stage=SettlementStage.FINAL,
            event_ns=event_ns,
            received_ns=0,
        )

    def _price(self, above: int) -> Decimal:
        return self._tick * (self._ticks + above)


def cme_frame(event: PriceEvent, sequence: int) -> bytes:
    """Render one event as the venue's frame of one entry."""
    sent_ns = event.event_ns + _DELAY_NS
    if isinstance(event, Quote):
        return encode_top_of_book(sequence, sent_ns, [event])
    if isinstance(event, Trade):
        return encode_trades(sequence, sent_ns, [event])
    return encode_settlements(sequence, sent_ns, [event])


_NUMBER = b'"sequenceNumber":"0"'


class Rendered(NamedTuple):
    """Hold a frame in two parts, between which each session writes its own number."""

    head: bytes
    tail: bytes

    @classmethod
    def of(cls, event: PriceEvent) -> "Rendered":
        head, _, tail = cme_frame(event, 0).partition(_NUMBER)
        return cls(head, tail)

    def numbered(self, sequence: int) -> bytes:
        return b'%b"sequenceNumber":"%d"%b' % (self.head, sequence, self.tail)
