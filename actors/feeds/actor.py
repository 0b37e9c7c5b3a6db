"""Own one venue's feed: what arrives is captured first, then told, then stored."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from actors.feeds.capture import FeedCapture
from actors.feeds.connection import AFTER_SILENCE_S, FeedConnection, ReconnectPort
from actors.feeds.publish import FeedPublisher, MarketPort, ModelPorts
from actors.feeds.state import FeedState, Interpreter, Mark, checkpoint_records, mark_record
from actors.feeds.store import FeedStore
from actors.freshness import DEFAULT_LIMITS, FreshnessTracker
from actors.health import BadFrameWindow, ClockSkew
from actors.loops import end_loops, start_loops
from actors.messages import FeedStatus
from core.clock import Clock, utc_from_ns
from core.errors import SourceUnavailable
from core.logs import get_logger
from core.market import Gap, GapReason, MarketEvent, Quote, Trade
from integrations import registry
from integrations.venue import Arrival, Decoded, VenueClient, VenueSession
from storage import instruments
from storage.cache import Cache
from storage.journal import JournalWriter
from storage.journal_format import Position, Record, RecordKind
from storage.objects import ObjectStore
from storage.pool import DatabaseUrls, Pools, open_pools

log = get_logger(__name__)

_WATCH_INTERVAL_S = 0.25
_REFERENCE_EVERY_S = 6 * 3_600.0
_REFERENCE_RETRY_S = 60.0
_EXPECTED_CONTRACTS = 12
_CAPTURE_RETRY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """Describe one venue's feed; `client` is the configuration of the venue's own client.

    The journal holds at most `journal_limit_bytes`; what comes beyond is counted, and lost if it
    cannot be stored at once. The venue's clock, which its market hours follow, is
    `venue_ahead_ns` ahead of ours.
    """

    venue: str
    source: str
    products: tuple[str, ...]
    client: Any
    database: DatabaseUrls
    cache_url: str
    journal: Path
    object_store: str
    version: str
    journal_limit_bytes: int = 8 * 1024**3
    venue_ahead_ns: int = 0


class FeedActor:
    """Keep one venue's stream flowing.

    Owns: the connection, its sequence, the journal of what was received, and how far that is
    stored. After a restart it stores what the journal still holds, reconnects, and marks the gap
    on the stream. Callers only read `status`.
    """

    async def __init__(  # type: ignore[misc]  # Ray awaits it
        self,
        config: FeedConfig,
        port: MarketPort,
        reconnects: ReconnectPort,
        clock: Clock,
        models: ModelPorts = MappingProxyType({}),
    ) -> None:
        self._config = config
        self._clock = clock
        self._spec = registry.venue(config.venue)
        self._counts: Counter[str] = Counter()
        self._sequence = 0
        self._last_received_ns: int | None = None
        self._state = FeedState(config.venue, config.source)
        self._bad_frames = BadFrameWindow()
        self._skew = ClockSkew()
        self._freshness = FreshnessTracker(
            DEFAULT_LIMITS, config.venue, config.source, config.venue_ahead_ns
        )
        self._pools: Pools = await open_pools(config.database)
        self._publisher = FeedPublisher(
            await Cache.open(config.cache_url),
            port,
            venue=config.venue,
            source=config.source,
            products=config.products,
            models=models,
        )
        self._capture = await self._open_capture()
        self._store = FeedStore(
            self._pools,
            venue=config.venue,
            source=config.source,
            folder=config.journal,
            make_interpreter=self._make_interpreter,
            clock=clock,
        )
        self._client: VenueClient = self._spec.make_client(config.client, config.source, clock)
        self._connection = FeedConnection(
            self._client,
            venue=config.venue,
            products=config.products,
            heals_in_session=self._spec.heals_in_session,
            reconnects=reconnects,
            port=self,
        )
        self._loops = start_loops(
            self._connection.run(),
            self._publisher.run(),
            self._store.run(),
            self._capture.run(lambda: self._store.position),
            self._watch(),
            self._keep_instruments(),
        )

    def __repr__(self) -> str:
        return f"FeedActor({self._config.venue} from {self._config.source})"

    async def _open_capture(self) -> FeedCapture:
        """Wait until the journal can be written: an actor that cannot be made is not made again."""
        while True:
            try:
                return await self._try_capture()
            except SourceUnavailable as error:
                log.critical("feed.capture.closed", venue=self._config.venue, reason=error.detail)
                await asyncio.sleep(_CAPTURE_RETRY_S)

    async def _try_capture(self) -> FeedCapture:
        config = self._config
        objects = await ObjectStore.open(config.object_store)
        journal = JournalWriter(
            config.journal,
            venue=config.venue,
            source=config.source,
            products=config.products,
            version=config.version,
            now_ns=self._clock.now_ns(),
            max_bytes=config.journal_limit_bytes,
        )
        journal.append(checkpoint_records(self._state, {}, self._clock.now_ns()))
        return FeedCapture(
            journal,
            objects,
            venue=config.venue,
            limit=config.journal_limit_bytes,
            clock=self._clock,
        )

    async def close(self) -> None:
        """End the feed; what is captured and not stored is stored by the next one."""
        await end_loops(self._loops)
        await self._client.close()
        await self._publisher.flush()
        await self._publisher.close()
        await self._pools.close()
        self._capture.close()

    def _make_interpreter(self) -> Interpreter:
        return Interpreter(self._config.venue, self._config.source, self._spec.make_decoder)

    def _checkpoint(self) -> list[Record]:
        session = self._connection.session
        decoders = {} if session is None else {session.session_id: session.decoder}
        return checkpoint_records(self._state, decoders, self._clock.now_ns())

    async def status(self) -> FeedStatus:
        """Tell how the feed stands."""
        now_ns = self._clock.now_ns()
        session = self._connection.session
        return FeedStatus(
            venue=self._config.venue,
            source=self._config.source,
            connected=session is not None,
            degraded=self._bad_frames.is_degraded(now_ns),
            session=0 if session is None else session.session_id,
            sequence=self._sequence,
            connections=self._connection.connections,
            frames=self._counts["frames"],
            events=self._counts["events"],
            stored=self._store.stored,
            missed=self._counts["missed"],
            repeated=self._counts["repeated"],
            late=self._counts["late"],
            gaps=self._counts["gaps"],
            gap=self._gap(),
            last_received_ns=self._last_received_ns,
            unstorable=self._store.unstorable,
            behind=self._store.behind_bytes,
            clock_skew_ms=self._skew.median_ms(),
            store_lag_ms=self._store.lag_p99_ms,
            bad_frames=self._bad_frames.counts(),
            refused={} if session is None else dict(session.refused),
            queues=(self._publisher.queue, self._store.queue, self._capture.queue),
            symbols=self._freshness.statuses(now_ns, self._state.suspects),
        )

    def _gap(self) -> GapReason | None:
        """Tell why the stream is interrupted, leaving out contracts that trade no more."""
        suspects = self._state.suspects
        is_over = suspects and not any(map(self._freshness.is_tracked, suspects))
        return None if is_over else self._state.gap

    def arrived(self, session: VenueSession, arrivals: Sequence[Arrival]) -> None:
        """Capture frames, and pass on what they say."""
        session_id = session.session_id
        kind = RecordKind.FRAME
        end = self._capture.append(
            [Record(kind, session_id, received_ns, frame) for received_ns, frame, _ in arrivals]
        )
        events: list[MarketEvent] = []
        take = self._state.take
        for received_ns, _, decoded in arrivals:
            if decoded.events:
                events += take(decoded, session_id, received_ns)
            if decoded.bad or decoded.missed or decoded.is_repeated or decoded.is_late:
                self._count_trouble(decoded, received_ns)
        last_ns, _, last = arrivals[-1]
        self._counts["frames"] += len(arrivals)
        self._last_received_ns = last_ns
        if last.sequence is not None:
            self._sequence = last.sequence
        if last.sent_ns is not None:
            self._skew.observe(last_ns - last.sent_ns)
        self._pass_on(events, end)
        self._capture.rotate_if_due(self._checkpoint)

    def interrupted(self, session_id: int, reason: GapReason) -> None:
        """Mark that the whole stream may have missed something."""
        self._mark(
            Gap(
                venue=self._config.venue,
                source=self._config.source,
                session=session_id,
                expected_sequence=self._sequence + 1 if session_id else None,
                received_sequence=None,
                received_ns=self._clock.now_ns(),
                reason=reason,
            )
        )

    def _mark(self, mark: Mark) -> None:
        end = self._capture.append([mark_record(mark)])
        self._pass_on(self._state.mark(mark), end)

    def _count_trouble(self, decoded: Decoded, received_ns: int) -> None:
        counts = self._counts
        counts["missed"] += decoded.missed
        counts["repeated"] += decoded.is_repeated
        counts["late"] += decoded.is_late
        if decoded.bad is not None:
            self._bad_frames.observe(decoded.bad, received_ns)

    def _pass_on(self, events: list[MarketEvent], end: Position | None) -> None:
        if not events:
            return
        self._counts["events"] += len(events)
        observe = self._freshness.observe
        for event in events:
            if isinstance(event, Quote | Trade):
                observe(event.instrument, event.received_ns, event.event_ns)
            elif isinstance(event, Gap):
                self._counts["gaps"] += event.reason is not GapReason.STARTED
                self._connection.heal(event.instruments or self._state.known)
        self._publisher.put(events)
        # What the disk has no room for may still be stored, while the database is there.
        self._store.offer(events, self._capture.position if end is None else end)

    async def _watch(self) -> NoReturn:
        while True:
            await asyncio.sleep(_WATCH_INTERVAL_S)
            for staleness in self._freshness.check(self._clock.now_ns()):
                self._mark(staleness)
                if staleness.is_stale:
                    self._connection.heal([staleness.instrument], AFTER_SILENCE_S)

    async def _keep_instruments(self) -> NoReturn:
        wanted = self._config.products
        while True:
            wanted = tuple([one for one in wanted if not await self._has_recorded_instruments(one)])
            await asyncio.sleep(_REFERENCE_RETRY_S if wanted else _REFERENCE_EVERY_S)
            wanted = wanted or self._config.products

    async def _has_recorded_instruments(self, product: str) -> bool:
        try:
            await self._record_instruments(product)
        except Exception as error:  # reference data must not end what captures the stream
            log.warning(
                "feed.instruments", venue=self._config.venue, product=product, reason=repr(error)
            )
            return False
        return True

    async def _record_instruments(self, product: str) -> None:
        listed = await self._client.instruments(product)
        now_ns = self._clock.now_ns()
        # One that is silent from the first is as stale as one that fell silent, but the far end
        # of a curve may go without a quote for weeks.
        nearest = sorted(contract.instrument for contract in listed)[:_EXPECTED_CONTRACTS]
        self._freshness.expect(nearest, now_ns)
        async with self._pools.system() as connection:
            await instruments.record(
                connection, self._config.venue, self._config.source, listed, utc_from_ns(now_ns)
            )
