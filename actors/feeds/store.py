"""Own what a feed captured and did not store yet: stored from memory, or from the journal later."""

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec

from actors.feeds.state import Interpreter
from actors.messages import QueueStatus
from core.clock import NANOSECONDS_PER_MILLISECOND, Clock, utc_from_ns
from core.errors import JournalCorrupt, SourceUnavailable, UnknownProduct
from core.logs import get_logger
from core.market import MarketEvent
from storage import market
from storage.journal import segment_number, segments
from storage.journal_format import Position, Record
from storage.journal_reader import JournalReader
from storage.pool import Pools, WriteConn

log = get_logger(__name__)

MAX_QUEUED = 50_000
"""Bound the events held in memory; the rest waits in the journal, on disk."""
_BATCH = 10_000
_READ = 2_000
_INTERVAL_S = 0.05
_RETRY_S = 0.5
_UNSTORABLE = (ValueError, OverflowError, struct.error, UnknownProduct)
_LAGS_KEPT = 4_096
_LAGS_PER_BATCH = 32


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Hold the events up to a position of the journal."""

    events: Sequence[MarketEvent]
    end: Position


class FeedStore:
    """Store a feed's events in order, each exactly once, whatever the database does.

    The journal position up to which everything is stored is written in the transaction that
    stores it. While the database is away, or slower than the feed for too long, events are
    dropped from memory and read from the journal again when their turn comes.
    """

    def __init__(
        self,
        pools: Pools,
        *,
        venue: str,
        source: str,
        folder: Path,
        make_interpreter: Callable[[], Interpreter],
        clock: Clock,
        max_queued: int = MAX_QUEUED,
    ) -> None:
        self.stored = 0
        self.spills = 0
        self.unstorable = 0
        self.position: Position | None = None
        self._is_resumed = False
        self._pools = pools
        self._venue = venue
        self._source = source
        self._folder = folder
        self._make_interpreter = make_interpreter
        self._clock = clock
        self._max_queued = max_queued
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self._lags_ns: deque[int] = deque(maxlen=_LAGS_KEPT)
        # What an earlier life of this feed captured comes before anything new.
        self._catch_up: _CatchUp | None = None

    @property
    def queue(self) -> QueueStatus:
        """Tell how full the memory queue is, what was read back from the journal included."""
        batch = None if self._catch_up is None else self._catch_up.unstored
        return QueueStatus(
            name="store",
            policy="spill",
            held=self._queued + (0 if batch is None else len(batch.events)),
            bound=self._max_queued,
            applied=self.spills,
        )

    @property
    def behind_bytes(self) -> int:
        """Return how many captured bytes wait on disk; 0 while everything is in memory.

        Until the database has told how far they are stored, all of them.
        """
        if not self._is_resumed:
            return JournalReader(self._folder, None).waiting_bytes
        return 0 if self._catch_up is None else self._catch_up.reader.waiting_bytes

    @property
    def lag_p99_ms(self) -> float | None:
        """Return how long the slowest one in a hundred took from receipt to commit, of late."""
        if not self._lags_ns:
            return None
        ordered = sorted(self._lags_ns)
        return ordered[int(0.99 * (len(ordered) - 1))] / NANOSECONDS_PER_MILLISECOND

    def offer(self, events: Sequence[MarketEvent], end: Position) -> None:
        """Take in events whose records end at a position of the journal."""
        if not self._is_resumed or self._catch_up is not None:
            return
        self._queue.append(_Waiting(events, end))
        self._queued += len(events)
        if self._queued > self._max_queued:
            self._spill()

    def _spill(self) -> None:
        self.spills += 1
        log.warning("feed.spilled", venue=self._venue, events=self._queued)
        self._queue.clear()
        self._queued = 0
        self._catch_up = self._begin_catch_up()

    def _begin_again(self) -> None:
        """Trust nothing that is in memory: the journal tells what is not stored."""
        if self._catch_up is not None:
            self._catch_up.reader.close()
        self._queue.clear()
        self._queued = 0
        self._catch_up = self._begin_catch_up()

    def _begin_catch_up(self) -> "_CatchUp":
        return _CatchUp(self._folder, self.position, self._make_interpreter())

    async def run(self) -> NoReturn:
        """Store what waits, for ever."""
        while True:
            try:
                has_more = await self.store_once()
            except SourceUnavailable as error:
                log.warning("feed.unstored", venue=self._venue, reason=str(error))
                await asyncio.sleep(_RETRY_S)
                continue
            except Exception as error:  # whatever it is, what is received must still be captured
                log.critical("feed.unstored", venue=self._venue, reason=repr(error))
                self._begin_again()
                await asyncio.sleep(_RETRY_S)
                continue
            await asyncio.sleep(0 if has_more else _INTERVAL_S)

    async def store_once(self) -> bool:
        """Store one batch; tell whether more may wait.

        Raises:
            SourceUnavailable: the database is away; nothing was stored and nothing is lost.
        """
        if not self._is_resumed:
            await self._resume()
        catch_up = self._catch_up
        if catch_up is not None:
            return await self._store_from_journal(catch_up)
        waiting = self._first_batch()
        if not waiting:
            return False
        events = [event for item in waiting for event in item.events]
        await self._write(events, waiting[-1].end)
        if self._catch_up is None:
            for _ in waiting:
                self._queued -= len(self._queue.popleft().events)
        return bool(self._queue)

    async def _resume(self) -> None:
        """Find out how far the journal is stored; a feed may begin while the database is away."""
        async with self._pools.system() as connection:
            cursor = await market.load_cursor(connection, self._venue)
        newest = max(map(segment_number, segments(self._folder)), default=0)
        # A cursor of another source, or beyond the journal, is of another one: what is here is all
        # there is.
        if cursor is not None and cursor.source == self._source and cursor.segment <= newest:
            self.position = Position(cursor.segment, cursor.offset)
        self._catch_up = self._begin_catch_up()
        self._is_resumed = True

    def _first_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        count = 0
        for item in self._queue:
            batch.append(item)
            count += len(item.events)
            if count >= _BATCH:
                break
        return batch

    async def _store_from_journal(self, catch_up: "_CatchUp") -> bool:
        if catch_up.unstored is None:
            catch_up.unstored = await catch_up.next_batch()
        batch = catch_up.unstored
        if batch is None:
            # Nothing awaits between the reader's end and here, so no event falls between.
            catch_up.reader.close()
            self._catch_up = None
            return False
        await self._write(batch.events, batch.end)
        catch_up.unstored = None
        return True

    async def _write(self, events: Sequence[MarketEvent], end: Position) -> None:
        now = utc_from_ns(self._clock.now_ns())
        async with self._pools.system() as connection:
            stored = await self._append(connection, events)
            await market.save_cursor(
                connection,
                venue=self._venue,
                source=self._source,
                segment=end.segment,
                offset=end.offset,
                now=now,
            )
        self.position = end
        self.stored += stored
        committed_ns = self._clock.now_ns()
        step = max(1, len(events) // _LAGS_PER_BATCH)
        self._lags_ns.extend(committed_ns - event.received_ns for event in events[::step])
        if self._catch_up is not None:
            self._catch_up.stored = end

    async def _append(self, connection: WriteConn, events: Sequence[MarketEvent]) -> int:
        """Store events, but for those that cannot be: one must not keep the others out."""
        try:
            async with connection.transaction():
                return (await market.append(connection, events)).total
        except _UNSTORABLE as error:
            if len(events) == 1:
                self.unstorable += 1
                log.critical("feed.unstorable", what=repr(events[0]), reason=str(error))
                return 0
        middle = len(events) // 2
        first = await self._append(connection, events[:middle])
        return first + await self._append(connection, events[middle:])


class _CatchUp:
    """Read the journal from a position on, as the live feed read it.

    Reading starts at the head of the position's segment, because what came before in it decides
    what the rest means; its events are not given again.
    """

    def __init__(self, folder: Path, stored: Position | None, interpreter: Interpreter) -> None:
        self.unstored: _Waiting | None = None
        self.reader = JournalReader(folder, None if stored is None else Position(stored.segment, 0))
        self.stored = stored or Position(0, 0)
        self._interpreter = interpreter

    async def next_batch(self) -> _Waiting | None:
        """Return the next events and where they end; None at the end of the journal."""
        events: list[MarketEvent] = []
        end: Position | None = None
        while len(events) < _BATCH:
            found = self._read()
            if not found:
                break
            for record, after in found:
                made = self._take(record)
                if after > self.stored:
                    events.extend(made)
                    end = after
            # Reading is work for the processor; the live stream must not wait for all of it.
            await asyncio.sleep(0)
        return None if end is None else _Waiting(events, end)

    def _read(self) -> list[tuple[Record, Position]]:
        while True:
            try:
                return self.reader.read(_READ)
            except JournalCorrupt as error:
                # Waiting would not mend the disk, and what follows is good.
                log.critical("feed.journal.corrupt", reason=error.detail)
                self.reader.skip_damage()

    def _take(self, record: Record) -> list[MarketEvent]:
        try:
            return self._interpreter.take(record)
        except msgspec.DecodeError as error:
            log.critical("feed.journal.unreadable", kind=record.kind.name, reason=str(error))
            return []
