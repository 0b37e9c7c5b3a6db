"""Own the comparison of what is stored with what was sent, row by row."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

import asyncpg

from benchmarks.feeds.blaster import NO_EVENT, SessionLog
from core.clock import ns_from_utc
from core.market import PriceEvent, Quote, Settlement, Trade
from storage.journal_format import RecordKind
from storage.journal_reader import read_file

_PREFETCH = 5_000
_TickRow = tuple[Any, ...]

_QUOTES = """
SELECT session, sequence, frame_index, instrument, event_time, event_nanos, source,
    bid::text, bid_size, ask::text, ask_size
FROM quotes ORDER BY session, sequence, frame_index, event_time, event_nanos
"""
_TRADES = """
SELECT entry_id, instrument, event_time, event_nanos, source, price::text, size, aggressor
FROM trades ORDER BY entry_id, instrument, event_time, event_nanos
"""
_SETTLEMENTS = """
SELECT product, contract_month, trade_date::text, source, price::text
FROM settlements ORDER BY 1, 2, 3, 4, 5
"""
_VOLUMES = "SELECT resolution, sum(volume), sum(trades) FROM bars GROUP BY resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Count the rows that are as sent, that are absent, and that nobody sent or that are twice."""

    same: int = 0
    lost: int = 0
    surplus: int = 0

    def __add__(self, other: "Compared") -> "Compared":
        return Compared(
            same=self.same + other.same,
            lost=self.lost + other.lost,
            surplus=self.surplus + other.surplus,
        )


class Capture:
    """Read a feed's journal: the checksums of every frame, by session, in the order of receipt."""

    def __init__(self, journal: Path, objects: Path) -> None:
        self.checksums: dict[int, list[int]] = {}
        self.received_ns: dict[int, list[int]] = {}
        shipped = {path.name.partition(".")[0]: path for path in objects.rglob("*.journal.zst")}
        kept = {path.name.partition(".")[0]: path for path in journal.glob("*.journal")}
        for _, path in sorted({**shipped, **kept}.items()):
            for record in read_file(path)[1]:
                if record.kind is RecordKind.FRAME:
                    session = self.checksums.setdefault(record.session, [])
                    session.append(crc32(record.payload))
                    self.received_ns.setdefault(record.session, []).append(record.received_ns)

    def sent(self, logs: Sequence[SessionLog]) -> "Delivered":
        """Find what each session was sent of what the blaster noted.

        Raises:
            ValueError: a session's frames are not those that any connection was sent.
        """
        return Delivered(
            {session: _prefix(logs, checksums) for session, checksums in self.checksums.items()}
        )


def _prefix(logs: Sequence[SessionLog], checksums: list[int]) -> SessionLog:
    count = len(checksums)
    for log in logs:
        if list(log.checksums[:count]) == checksums:
            return SessionLog(
                log.checksums[:count], log.numbers[:count], log.events[:count], log.accepted_ns
            )
    message = f"{count} captured frames are not what any connection was sent"
    raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Hold, by session, the frames that were received, as the sender knows them."""

    sessions: Mapping[int, SessionLog]

    def places(self) -> set[int]:
        """Return the places in the stream of every event that was received."""
        return set(chain.from_iterable(log.events for log in self.sessions.values())) - {NO_EVENT}


async def compare(url: str, events: Sequence[PriceEvent], delivered: Delivered) -> Compared:
    """Compare quotes, trades, settlements and the volume of bars with what was received."""
    connection = await asyncpg.connect(url)
    try:
        expected = [events[place] for place in sorted(delivered.places())]
        trades = [event for event in expected if isinstance(event, Trade)]
        async with connection.transaction(readonly=True):
            found = [
                await _merged(_quotes(connection), _expected_quotes(events, delivered)),
                await _merged(_trades(connection), sorted(map(_trade_row, trades))),
                await _merged(
                    _settlements(connection),
                    sorted(_settlement_row(e) for e in expected if isinstance(e, Settlement)),
                ),
            ]
            volume = (sum(trade.size for trade in trades), len(trades))
            bars = {row[0]: (row[1], row[2]) for row in await connection.fetch(_VOLUMES)}
    finally:
        await connection.close()
    is_counted = bars == ({"1m": volume, "1d": volume} if trades else {})
    return sum(found, Compared(lost=0 if is_counted else 1))


async def _merged(stored: AsyncIterator[_TickRow], expected: Iterable[_TickRow]) -> Compared:
    """Walk two ordered sequences at once."""
    same = lost = surplus = 0
    waiting = iter(expected)
    wanted = next(waiting, None)
    async for row in stored:
        while wanted is not None and wanted < row:
            lost += 1
            wanted = next(waiting, None)
        if wanted == row:
            same += 1
            wanted = next(waiting, None)
        else:
            surplus += 1
    lost += (wanted is not None) + sum(1 for _ in waiting)
    return Compared(same=same, lost=lost, surplus=surplus)


def _event_ns(row: "asyncpg.Record") -> int:
    return int(ns_from_utc(row["event_time"])) + int(row["event_nanos"])


async def _quotes(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[_TickRow]:
    async for row in connection.cursor(_QUOTES, prefetch=_PREFETCH):
        yield (*row[:4], _event_ns(row), *row[6:])


async def _trades(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[_TickRow]:
    async for row in connection.cursor(_TRADES, prefetch=_PREFETCH):
        yield (*row[:2], _event_ns(row), *row[4:])


async def _settlements(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> AsyncIterator[_TickRow]:
    async for row in connection.cursor(_SETTLEMENTS, prefetch=_PREFETCH):
        yield tuple(row)


def _expected_quotes(events: Sequence[PriceEvent], delivered: Delivered) -> Iterator[_TickRow]:
    for session, log in sorted(delivered.sessions.items()):
        frames = {
            (number, place)
            for number, place in zip(log.numbers, log.events, strict=True)
            if place != NO_EVENT and isinstance(events[place], Quote)
        }
        for number, place in sorted(frames):
            quote = events[place]
            if isinstance(quote, Quote):
                yield (session, number, 0, *_quote_values(quote))


def _quote_values(quote: Quote) -> tuple[object, ...]:
    return (
        str(quote.instrument),
        quote.event_ns,
        quote.source,
        str(quote.bid),
        quote.bid_size,
        str(quote.ask),
        quote.ask_size,
    )


def _trade_row(trade: Trade) -> _TickRow:
    return (
        trade.entry_id,
        str(trade.instrument),
        trade.event_ns,
        trade.source,
        str(trade.price),
        trade.size,
        None if trade.aggressor is None else trade.aggressor.value,
    )


def _settlement_row(settlement: Settlement) -> _TickRow:
    return (
        settlement.instrument.product,
        int(str(settlement.instrument.contract_month)),
        settlement.trade_date.isoformat(),
        settlement.source,
        str(settlement.price),
    )


def compare_now(url: str, events: Sequence[PriceEvent], delivered: Delivered) -> Compared:
    """Call `compare` from where no loop runs."""
    return asyncio.run(compare(url, events, delivered))
