"""Own one venue's connection: its session, its sequence, and what was received but not stored."""

import asyncio
import os
from collections import Counter, deque
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from actors.feed_payloads import stream_payloads
from actors.messages import FeedStatus, MarketBatch
from core.clock import Clock, utc_from_ns
from core.errors import BadFrame, FeedDisconnected, SourceUnavailable
from core.logs import get_logger
from core.market import Gap, GapReason, MarketEvent, Quote, Settlement, Trade
from integrations.backoff import backoff_s
from integrations.cme.client import CmeClient, CmeConfig, CmeSession
from integrations.sequence import SequenceTracker
from storage import market, settlements
from storage.cache import Cache
from storage.pool import DatabaseUrls, Pools, open_pools

log = get_logger(__name__)

_FLUSH_INTERVAL_S = 0.05
_STORE_RETRY_S = 0.5


class MarketPort(Protocol):
    """Take in what a feed received."""

    async def apply(self, batch: MarketBatch) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """Describe one venue's feed.

    At most `max_unstored` events wait for the database; beyond that the oldest quotes are
    dropped and counted, so that memory stays flat through an outage.
    """

    venue: str
    source: str
    products: tuple[str, ...]
    cme: CmeConfig
    database: DatabaseUrls
    cache_url: str
    max_unstored: int = 200_000


class FeedActor:
    """Keep one venue's stream flowing.

    Owns: the connection, its sequence, the cursor, and events not stored yet. After a restart it
    reloads the cursor, reconnects, and marks the gap on the stream. Callers only read `status`.
    """

    async def __init__(self, config: FeedConfig, port: MarketPort, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._port = port
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._gap: GapReason | None = GapReason.STARTED
        self._connected = False
        self._session_id = 0
        self._sequence = 0
        self._last_received_ns: int | None = None
        self._fresh: list[MarketEvent] = []
        self._unstored: deque[MarketEvent] = deque()
        self._pools: Pools = await open_pools(config.database)
        self._cache = await Cache.open(config.cache_url)
        await self._reload()
        self._client = CmeClient(config.cme, source=config.source, clock=clock)
        self._jitter = np.random.default_rng()
        self._tasks = [
            asyncio.create_task(body) for body in (self._receive(), self._publish(), self._store())
        ]
        for task in self._tasks:
            task.add_done_callback(_crash)

    async def _reload(self) -> None:
        async with self._pools.system() as connection:
            cursor = await market.load_cursor(connection, self._config.venue)
        if cursor is not None:
            self._session_id, self._sequence = cursor.session, cursor.sequence

    async def status(self) -> FeedStatus:
        """Tell how the feed stands."""
        return FeedStatus(
            venue=self._config.venue,
            source=self._config.source,
            connected=self._connected,
            session=self._session_id,
            sequence=self._sequence,
            connections=self._counts["connections"],
            frames=self._counts["frames"],
            events=self._counts["events"],
            stored=self._counts["stored"],
            dropped=self._counts["dropped"],
            bad_frames=self._counts["bad_frames"],
            gaps=self._counts["gaps"],
            gap=self._gap,
            last_received_ns=self._last_received_ns,
        )

    async def _receive(self) -> None:
        attempt = 0
        self._mark_gap(GapReason.STARTED, self._sequence + 1 if self._session_id else None, None)
        while True:
            try:
                async with self._client.connect(self._config.products) as session:
                    attempt = 0
                    await self._follow(session)
            except (FeedDisconnected, SourceUnavailable) as error:
                log.warning("feed.disconnected", venue=self._config.venue, reason=error.detail)
                if self._connected:
                    self._mark_gap(GapReason.DISCONNECTED, None, None)
            self._connected = False
            await asyncio.sleep(backoff_s(attempt, self._jitter))
            attempt += 1

    async def _follow(self, session: CmeSession) -> None:
        self._connected = True
        self._session_id = session.session_id
        self._counts["connections"] += 1
        tracker = SequenceTracker()
        async for frame in session:
            if isinstance(frame, BadFrame):
                self._counts["bad_frames"] += 1
                continue
            self._counts["frames"] += 1
            self._last_received_ns = frame.received_ns
            step = tracker.observe(frame.sequence)
            self._sequence = frame.sequence
            if step.missed:
                self._mark_gap(GapReason.SEQUENCE, step.expected, frame.sequence)
                reason = f"expected message {step.expected}, received {frame.sequence}"
                raise FeedDisconnected(venue=self._config.venue, reason=reason)
            if frame.events:
                self._take(frame.events)
                self._gap = None

    def _take(self, events: tuple[MarketEvent, ...]) -> None:
        self._counts["events"] += len(events)
        self._fresh.extend(events)
        self._unstored.extend(events)
        if len(self._unstored) > self._config.max_unstored:
            kept = without_oldest_quotes(self._unstored, self._config.max_unstored // 2)
            self._counts["dropped"] += len(self._unstored) - len(kept)
            self._unstored = kept

    def _mark_gap(self, reason: GapReason, expected: int | None, received: int | None) -> None:
        self._gap = reason
        self._counts["gaps"] += 1
        self._take(
            (
                Gap(
                    venue=self._config.venue,
                    source=self._config.source,
                    session=self._session_id,
                    expected_sequence=expected,
                    received_sequence=received,
                    received_ns=self._clock.now_ns(),
                    reason=reason,
                ),
            )
        )

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_INTERVAL_S)
            if not self._fresh:
                continue
            events, self._fresh = tuple(self._fresh), []
            batch = MarketBatch(venue=self._config.venue, source=self._config.source, events=events)
            # Each alone, so that neither a dead cache stops the curve nor a dead actor the stream.
            await self._try("curve", self._port.apply(batch), len(events))
            for product, payloads in stream_payloads(events, self._config.products).items():
                await self._try(
                    "stream", self._cache.publish_quotes(product, payloads), len(payloads)
                )

    async def _try(self, target: str, work: Awaitable[None], events: int) -> None:
        try:
            await work
        except SourceUnavailable as error:
            # What is hot may be lost: the next quote is absolute, and the store has them all.
            self._counts["unpublished"] += events
            log.warning("feed.unpublished", target=target, events=events, reason=error.detail)

    async def _store(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_INTERVAL_S)
            events = list(self._unstored)
            if not events:
                continue
            try:
                stored = await self._write(events)
            except SourceUnavailable as error:
                log.warning("feed.unstored", waiting=len(self._unstored), reason=error.detail)
                await asyncio.sleep(_STORE_RETRY_S)
                continue
            self._counts["stored"] += stored
            written = {id(event) for event in events}
            self._unstored = deque(e for e in self._unstored if id(e) not in written)

    async def _write(self, events: list[MarketEvent]) -> int:
        now = utc_from_ns(self._clock.now_ns())
        settled = [event for event in events if isinstance(event, Settlement)]
        async with self._pools.system() as connection:
            counts = await market.append(
                connection,
                [event for event in events if isinstance(event, Quote)],
                [event for event in events if isinstance(event, Trade)],
                [event for event in events if isinstance(event, Gap)],
            )
            if settled:
                await settlements.store_announced(connection, settled)
            await market.save_cursor(
                connection,
                venue=self._config.venue,
                source=self._config.source,
                session=self._session_id,
                sequence=self._sequence,
                event_ns=self._last_received_ns or 0,
                now=now,
            )
        return counts.total


def without_oldest_quotes(events: Iterable[MarketEvent], quotes: int) -> deque[MarketEvent]:
    """Return the events without all but the newest `quotes` quotes; nothing else is dropped."""
    listed = list(events)
    surplus = max(0, sum(isinstance(event, Quote) for event in listed) - quotes)
    kept: deque[MarketEvent] = deque()
    for event in listed:
        if surplus and isinstance(event, Quote):
            surplus -= 1
        else:
            kept.append(event)
    return kept


def _crash(task: asyncio.Task[None]) -> None:
    """End the process when a loop of the feed ends: Ray then starts the actor anew."""
    if task.cancelled():
        return
    error = task.exception()
    log.critical("feed.loop.ended", error=repr(error))
    os._exit(70)
