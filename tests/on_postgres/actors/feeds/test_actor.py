"""Hold a feed together for real: sandbox, journal, PostgreSQL, cache, and what it tells."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from actors.feeds.actor import FeedActor, FeedConfig
from actors.feeds.payloads import event_payload
from actors.messages import FeedStatus, MarketBatch
from actors.replay import open_replay
from core.clock import ShiftedClock, ns_from_utc
from core.market import Gap, GapReason, Healed, Instrument, MarketEvent, Quote
from integrations.cme.sandbox.app import CmeSandbox, SandboxConfig
from integrations.registry import venue
from integrations.sandbox_exchange import ExchangeConfig
from integrations.sandbox_kit import SandboxServer
from integrations.venue import SandboxAddress
from storage.journal import JournalWriter, compress_segment, segments
from storage.pool import DatabaseUrls

pytestmark = pytest.mark.postgres

NOON_NS = ns_from_utc(datetime(2026, 11, 20, 15, 0, tzinfo=UTC))  # a Friday, 10:00 New York
PASSWORD = "open sesame"
PRODUCTS = ("CL", "NG")
MONTHS = 6
WITHIN_S = 20.0


@dataclass
class Watcher:
    """Keep what a feed tells, as the MarketActor would."""

    events: list[MarketEvent] = field(default_factory=list)

    async def apply(self, batch: MarketBatch) -> None:
        self.events.extend(batch.events())

    def gaps(self, reason: GapReason) -> list[Gap]:
        return [one for one in self.events if isinstance(one, Gap) and one.reason is reason]

    def healed_since_gap(self) -> set[Instrument]:
        last = max(n for n, event in enumerate(self.events) if isinstance(event, Gap))
        healed = [event for event in self.events[last:] if isinstance(event, Healed)]
        return {instrument for event in healed for instrument in event.instruments}


class AtOnce:
    """Let a feed try again soon."""

    async def delay_s(self, venue: str, attempt: int) -> float:
        del venue, attempt
        return 0.05


@dataclass
class Exchange:
    """Keep a sandbox and the address of its server."""

    sandbox: CmeSandbox
    server: SandboxServer
    clock: ShiftedClock


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    clock = ShiftedClock(NOON_NS - time.time_ns())
    config = SandboxConfig(
        seed=7,
        clock=clock,
        password=PASSWORD,
        exchange=ExchangeConfig(months=MONTHS, tick_s=0.02, heartbeat_s=0.1),
    )
    sandbox = CmeSandbox(config)
    async with SandboxServer(sandbox.app()) as server:
        yield Exchange(sandbox, server, clock)


@dataclass
class Setting:
    """Make feeds over one journal and one database."""

    exchange: Exchange
    database: DatabaseUrls
    superuser_url: str
    cache_url: str
    folder: Path
    watcher: Watcher = field(default_factory=Watcher)

    @asynccontextmanager
    async def feed(self) -> AsyncIterator[FeedActor]:
        address = SandboxAddress(
            host="127.0.0.1", port=self.exchange.server.port, user="sandbox", password=PASSWORD
        )
        config = FeedConfig(
            venue="cme",
            source="sandbox",
            products=PRODUCTS,
            client=venue("cme").sandbox_config(address),
            database=self.database,
            cache_url=self.cache_url,
            journal=self.folder / "journal",
            object_store=(self.folder / "objects").as_uri(),
            version="test",
        )
        actor = FeedActor.__new__(FeedActor)
        await actor.__init__(config, self.watcher, AtOnce(), self.exchange.clock)  # type: ignore[misc]
        try:
            yield actor
        finally:
            await actor.close()

    async def rows(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement)
        finally:
            await connection.close()
        return found


@pytest.fixture
def setting(exchange: Exchange, database, cache, valkey_server: str, tmp_path: Path) -> Setting:  # type: ignore[no-untyped-def]
    del cache
    return Setting(exchange, database.urls, database.superuser_url, valkey_server, tmp_path)


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await reached():  # noqa: ASYNC110 - the feed sets no event of ours
            await asyncio.sleep(0.02)


async def until_status(actor: FeedActor, reached: Callable[[FeedStatus], bool]) -> FeedStatus:
    async def check() -> bool:
        return reached(await actor.status())

    await until(check)
    return await actor.status()


def is_whole(status: FeedStatus) -> bool:
    heard = [one.last_received_ns for one in status.symbols]
    return status.gap is None and len(heard) == MONTHS * len(PRODUCTS) and None not in heard


async def test_prices_are_told_captured_and_stored(setting: Setting) -> None:
    async with setting.feed() as actor:
        status = await until_status(actor, lambda now: now.stored >= 200 and now.gap is None)
        assert status.connected
        assert not status.degraded
        assert {one.instrument.product for one in status.symbols} == set(PRODUCTS)
        assert not any(one.is_stale or one.is_suspect for one in status.symbols)
    [started] = setting.watcher.gaps(GapReason.STARTED)
    assert started.instruments == ()
    assert any(isinstance(event, Healed) for event in setting.watcher.events)
    listed = await setting.rows("SELECT DISTINCT product FROM instruments")
    assert {row["product"] for row in listed} == set(PRODUCTS)


async def test_what_was_captured_and_not_stored_is_stored_by_the_next_feed(
    setting: Setting,
) -> None:
    async with setting.feed() as actor:
        await until_status(actor, lambda now: now.stored >= 100)
    # as after a crash between capture and store
    await setting.rows("DELETE FROM feed_cursors RETURNING venue")
    await setting.rows("DELETE FROM quotes RETURNING 1")
    [captured] = segments(setting.folder / "journal")
    quotes = [event for event in open_replay(captured) if isinstance(event, Quote)]
    assert len(quotes) > 20
    async with setting.feed() as actor:
        await until_status(actor, lambda now: now.behind == 0 and now.stored > len(quotes))
    session = quotes[0].session
    rows = await setting.rows(
        f"SELECT instrument, sequence FROM quotes WHERE session = {session}"  # noqa: S608 - an integer
    )
    assert sorted((row["instrument"], row["sequence"]) for row in rows) == sorted(
        (str(quote.instrument), quote.sequence) for quote in quotes
    )


async def test_a_skipped_number_is_healed_by_a_second_session_while_prices_flow(
    setting: Setting,
) -> None:
    async with setting.feed() as actor:
        before = await until_status(actor, lambda now: now.gap is None and now.stored > 0)
        setting.exchange.sandbox.faults.arm("skip_sequence")
        after = await until_status(
            actor, lambda now: now.connections == before.connections + 1 and now.gap is None
        )
        assert after.missed > 0
        assert after.session > before.session
        suspects = {one.instrument for one in before.symbols}

        async def all_healed() -> bool:
            return setting.watcher.healed_since_gap() == suspects

        await until(all_healed)
    [gap] = setting.watcher.gaps(GapReason.SEQUENCE)
    assert gap.instruments == ()
    assert setting.watcher.gaps(GapReason.DISCONNECTED) == []


async def test_three_unreadable_frames_degrade_the_venue_and_break_nothing(
    setting: Setting,
) -> None:
    async with setting.feed() as actor:
        await until_status(actor, lambda now: now.stored > 0)
        setting.exchange.sandbox.faults.arm("garbage_frame", 3)
        status = await until_status(actor, lambda now: sum(now.bad_frames.values()) == 3)
        assert status.degraded
        assert status.connected


async def test_a_capture_replays_to_the_events_that_were_told(setting: Setting) -> None:
    async with setting.feed() as actor:
        await until_status(actor, lambda now: now.stored >= 150)
    [captured] = segments(setting.folder / "journal")
    packed = compress_segment(captured)
    told = [event_payload(event) for event in setting.watcher.events]
    replayed = [event_payload(event) for event in open_replay(packed)]
    assert replayed[: len(told)] == told
    assert len(told) >= 150
    assert replayed == [event_payload(event) for event in open_replay(captured)]


async def test_a_feed_waits_for_a_journal_that_its_former_life_still_writes(
    setting: Setting,
) -> None:
    former = JournalWriter(
        setting.folder / "journal",
        venue="cme",
        source="sandbox",
        products=PRODUCTS,
        version="test",
        now_ns=NOON_NS,
    )
    feed = setting.feed()
    entering = asyncio.create_task(feed.__aenter__())
    await asyncio.sleep(0.2)
    assert not entering.done()
    former.close()
    async with asyncio.timeout(WITHIN_S):
        actor = await entering
    await until_status(actor, lambda now: now.stored > 0)
    await feed.__aexit__(None, None, None)


async def test_what_the_disk_has_no_room_for_is_stored_all_the_same(setting: Setting) -> None:
    async with setting.feed() as actor:
        # what it cannot capture while it still reads the journal is lost, and counted
        await until_status(
            actor, lambda _: actor._store._is_resumed and actor._store._catch_up is None
        )
        actor._capture._journal._max_bytes = 1
        before = await until_status(actor, lambda now: _applied(now, "capture") > 0)
        after = await until_status(actor, lambda now: now.stored > before.stored + 50)
        assert after.behind == 0
    rows = await setting.rows("SELECT instrument, sequence FROM quotes")
    told = [
        (str(event.instrument), event.sequence)
        for event in setting.watcher.events
        if isinstance(event, Quote)
    ]
    stored = {(row["instrument"], row["sequence"]) for row in rows}
    assert stored == set(told[: len(stored)])


def _applied(status: FeedStatus, name: str) -> int:
    return next(queue.applied for queue in status.queues if queue.name == name)
