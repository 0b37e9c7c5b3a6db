"""Own the way of a feed's events to those who watch: the hot stream and the MarketActor."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import NoReturn, Protocol

from actors.conflation import ConflatingQueue
from actors.feed_payloads import stream_payloads
from actors.messages import MarketBatch, QueueStatus
from core.errors import SourceUnavailable
from core.logs import get_logger
from core.market import MarketEvent
from storage.cache import Cache

log = get_logger(__name__)

MAX_PENDING = 2_000
"""Bound what one flush sends; beyond it only the newest quote of each instrument goes out."""
_INTERVAL_S = 0.05


class MarketPort(Protocol):
    """Take in what a feed received."""

    async def apply(self, batch: MarketBatch) -> None: ...


class FeedPublisher:
    """Send events to the MarketActor and onto the hot stream, in order, the newest first to count.

    What cannot be sent is counted and given up: the next quote is absolute, and the store has all.
    """

    def __init__(
        self, cache: Cache, port: MarketPort, *, venue: str, source: str, products: Sequence[str]
    ) -> None:
        self.unpublished = 0
        self._cache = cache
        self._port = port
        self._venue = venue
        self._source = source
        self._products = tuple(products)
        self._queue = ConflatingQueue(MAX_PENDING)

    @property
    def queue(self) -> QueueStatus:
        """Tell how full the queue is."""
        return QueueStatus(
            name="publish",
            policy="conflate",
            held=len(self._queue),
            bound=MAX_PENDING,
            applied=self._queue.conflated + self._queue.dropped,
        )

    def put(self, events: Sequence[MarketEvent]) -> None:
        """Take in events to be sent with the next flush."""
        self._queue.put(events)

    async def run(self) -> NoReturn:
        """Send what waits, for ever."""
        while True:
            await asyncio.sleep(_INTERVAL_S)
            await self.flush()

    async def flush(self) -> None:
        """Send what waits."""
        events, _ = self._queue.take()
        if not events:
            return
        batch = MarketBatch(venue=self._venue, source=self._source, events=tuple(events))
        # Each alone, so that neither a dead cache stops the curve nor a dead actor the stream.
        await self._try("curve", self._port.apply(batch), len(events))
        payloads = stream_payloads(events, self._products)
        await self._try("stream", self._cache.publish_quotes(payloads), len(events))

    async def close(self) -> None:
        """Close the connections to the cache."""
        await self._cache.close()

    async def _try(self, target: str, work: Awaitable[None], events: int) -> None:
        try:
            await work
        except SourceUnavailable as error:
            self.unpublished += events
            log.warning("feed.unpublished", target=target, events=events, reason=error.detail)
