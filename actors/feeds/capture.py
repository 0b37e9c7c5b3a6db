"""Own what a feed captured: its journal on disk, and closed segments in the object store."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from actors.messages import QueueStatus
from core.clock import NANOSECONDS_PER_SECOND, Clock, utc_from_ns
from core.errors import SourceUnavailable
from core.logs import get_logger
from storage.journal import (
    JournalWriter,
    compress_segment,
    remove_segments,
    segment_number,
    segments,
    size_of,
)
from storage.journal_format import Position, Record
from storage.objects import ObjectStore

log = get_logger(__name__)

_INTERVAL_S = 1.0
_RETRY_S = 30.0
_MAX_SEGMENT_AGE_S = 3_600
"""Bound how old a capture is when it reaches the object store."""


class FeedCapture:
    """Write what a feed receives to its journal, and move closed segments to the object store.

    A segment leaves the disk once it is in the object store and its events are in the database.
    """

    def __init__(
        self, journal: JournalWriter, objects: ObjectStore, *, venue: str, limit: int, clock: Clock
    ) -> None:
        self.refused = 0
        self._journal = journal
        self._objects = objects
        self._venue = venue
        self._limit = limit
        self._clock = clock
        self._shipped: set[Path] = set()
        self._ship_from_ns = 0
        self._rotate_from_ns = 0

    @property
    def queue(self) -> QueueStatus:
        """Tell how much of the disk's share the journal holds, in bytes."""
        held = sum(map(size_of, segments(self._journal.path.parent)))
        return QueueStatus(
            name="capture", policy="refuse", held=held, bound=self._limit, applied=self.refused
        )

    @property
    def position(self) -> Position:
        """Tell where the journal ends."""
        return self._journal.position

    def append(self, records: Sequence[Record]) -> Position | None:
        """Write records; None, counted, if there is no room for them."""
        try:
            end = self._journal.append(records)
        except SourceUnavailable as error:
            log.critical("feed.capture.failed", venue=self._venue, reason=error.detail)
            end = None
        if end is None:
            self.refused += len(records)
        return end

    def rotate_if_due(self, checkpoint: Callable[[], Sequence[Record]]) -> None:
        """Begin a new segment where the present one is large or old enough."""
        now_ns = self._clock.now_ns()
        age_ns = now_ns - self._journal.position.segment
        is_old = age_ns >= _MAX_SEGMENT_AGE_S * NANOSECONDS_PER_SECOND
        if now_ns < self._rotate_from_ns or not (is_old or self._journal.should_rotate):
            return
        try:
            self._journal.rotate(now_ns, checkpoint())
        except SourceUnavailable as error:
            log.critical("feed.capture.unrotated", venue=self._venue, reason=error.detail)
            self._rotate_from_ns = now_ns + int(_RETRY_S * NANOSECONDS_PER_SECOND)

    async def run(self, stored: Callable[[], Position | None]) -> NoReturn:
        """Sync, ship and clear away, for ever."""
        while True:
            await asyncio.sleep(_INTERVAL_S)
            try:
                await asyncio.to_thread(self._journal.sync)
                await self._ship()
            except (SourceUnavailable, OSError) as error:
                log.warning("feed.capture.unshipped", venue=self._venue, reason=str(error))
                wait_ns = int(_RETRY_S * NANOSECONDS_PER_SECOND)
                self._ship_from_ns = self._clock.now_ns() + wait_ns
            try:
                self._clear(stored())
            except OSError as error:
                log.warning("feed.capture.uncleared", venue=self._venue, reason=str(error))

    def close(self) -> None:
        """Sync the journal and let another feed write it."""
        self._journal.close()

    async def _ship(self) -> None:
        if self._clock.now_ns() < self._ship_from_ns:
            return
        for path in self._closed():
            if path not in self._shipped:
                packed = await asyncio.to_thread(compress_segment, path)
                await self._objects.put(capture_name(self._venue, path), packed)
                packed.unlink()
                self._shipped.add(path)

    def _closed(self) -> list[Path]:
        return [path for path in segments(self._journal.path.parent) if path != self._journal.path]

    def _clear(self, stored: Position | None) -> None:
        if stored is not None:
            unshipped = [path for path in self._closed() if path not in self._shipped]
            removed = remove_segments(self._journal.path.parent, stored, keep=unshipped)
            self._shipped.difference_update(removed)


def capture_name(venue: str, segment: Path) -> str:
    """Return the name of a segment in the object store: by venue and day."""
    began = utc_from_ns(segment_number(segment))
    return f"captures/{venue}/{began:%Y-%m-%d}/{segment.name}.zst"
