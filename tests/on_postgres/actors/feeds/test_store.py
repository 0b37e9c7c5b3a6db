"""Check that events are stored once each, in order, from memory or from the journal."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from actors.feeds.state import FeedState, Interpreter, checkpoint_records
from actors.feeds.store import FeedStore
from core.clock import SystemClock
from core.market import ContractMonth, Instrument, MarketEvent, Quote
from integrations.cme.codec import CmeDecoder
from integrations.cme.sandbox.messages import encode_top_of_book
from storage.journal import JournalWriter
from storage.journal_format import Record, RecordKind
from storage.pool import DatabaseUrls, Pools, open_pools

pytestmark = pytest.mark.postgres

SESSION = 7
SENT_NS = 1_795_000_000_000_000_000
CRUDE = Instrument("CL", ContractMonth(2027, 1))


class Feed:
    """Capture and offer frames as a feed does."""

    def __init__(self, folder: Path, store: FeedStore) -> None:
        self.store = store
        self.journal = JournalWriter(
            folder,
            venue="cme",
            source="sandbox",
            products=("CL",),
            version="test",
            now_ns=SystemClock().now_ns(),
        )
        self.state = FeedState("cme", "sandbox")
        self.decoder = CmeDecoder(SESSION, "sandbox")
        self.journal.append(checkpoint_records(self.state, {}, SENT_NS))
        self.sequence = 0

    def quotes(self, count: int, bid: str = "71.41") -> None:
        for _ in range(count):
            self.sequence += 1
            self.offer(bid)

    def offer(self, bid: str) -> None:
        quote = Quote(
            instrument=CRUDE,
            source="sandbox",
            session=SESSION,
            sequence=self.sequence,
            frame_index=0,
            event_ns=SENT_NS + self.sequence,
            received_ns=SENT_NS,
            bid=Decimal(bid),
            bid_size=1,
            ask=None,
            ask_size=None,
        )
        frame = encode_top_of_book(self.sequence, SENT_NS, [quote])
        end = self.journal.append([Record(RecordKind.FRAME, SESSION, SENT_NS, frame)])
        assert end is not None
        decoded = self.decoder.decode(frame, SENT_NS)
        events: list[MarketEvent] = self.state.take(decoded, SESSION, SENT_NS)
        self.store.offer(events, end)


def make_store(pools: Pools, folder: Path, max_queued: int = 1_000) -> FeedStore:
    return FeedStore(
        pools,
        venue="cme",
        source="sandbox",
        folder=folder,
        make_interpreter=lambda: Interpreter("cme", "sandbox", CmeDecoder),
        clock=SystemClock(),
        max_queued=max_queued,
    )


@contextmanager
def feeding(pools: Pools, folder: Path, max_queued: int = 1_000) -> Iterator[Feed]:
    feed = Feed(folder, make_store(pools, folder, max_queued))
    yield feed
    feed.journal.close()


async def store_all(store: FeedStore) -> None:
    while await store.store_once():
        pass


async def stored_sequences(urls: DatabaseUrls) -> list[int]:
    connection = await asyncpg.connect(urls.system)
    try:
        rows = await connection.fetch("SELECT sequence FROM quotes ORDER BY sequence")
    finally:
        await connection.close()
    return [row["sequence"] for row in rows]


async def test_events_are_stored_from_memory(database, pools: Pools, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with feeding(pools, tmp_path) as feed:
        await store_all(feed.store)
        feed.quotes(100)
        assert feed.store.queue.held > 0
        await store_all(feed.store)
        assert feed.store.queue.held == 0
        assert feed.store.position == feed.journal.position
        assert feed.store.spills == 0
    assert await stored_sequences(database.urls) == list(range(1, 101))


async def test_what_does_not_fit_in_memory_waits_on_disk(  # type: ignore[no-untyped-def]
    database, pools: Pools, tmp_path: Path
) -> None:
    with feeding(pools, tmp_path, max_queued=50) as feed:
        await store_all(feed.store)
        feed.quotes(10)
        await store_all(feed.store)
        feed.quotes(500)
        assert feed.store.spills == 1
        assert feed.store.queue.held == 0
        assert feed.store.behind_bytes > 0
        await store_all(feed.store)
        assert feed.store.behind_bytes == 0
        feed.quotes(5)
        assert feed.store.queue.held == 5
        await store_all(feed.store)
    assert await stored_sequences(database.urls) == list(range(1, 516))


async def test_a_feed_that_begins_without_a_database_loses_nothing(  # type: ignore[no-untyped-def]
    database, tmp_path: Path
) -> None:
    nowhere = "postgresql://nobody@/none?host=/nonexistent"
    absent = await open_pools(DatabaseUrls(app=nowhere, read=nowhere, system=nowhere))
    with feeding(absent, tmp_path) as feed:
        feed.quotes(20)
        assert feed.store.behind_bytes == feed.journal.position.offset
    await absent.close()
    present = await open_pools(database.urls)
    with feeding(present, tmp_path) as feed:
        await store_all(feed.store)
    await present.close()
    assert await stored_sequences(database.urls) == list(range(1, 21))


async def test_what_cannot_be_stored_keeps_nothing_else_out(  # type: ignore[no-untyped-def]
    database, pools: Pools, tmp_path: Path
) -> None:
    with feeding(pools, tmp_path) as feed:
        await store_all(feed.store)
        feed.quotes(3)
        beyond = Quote(
            instrument=CRUDE,
            source="sandbox",
            session=SESSION,
            sequence=2**80,
            frame_index=0,
            event_ns=SENT_NS,
            received_ns=SENT_NS,
            bid=None,
            bid_size=None,
            ask=None,
            ask_size=None,
        )
        feed.store.offer([beyond], feed.journal.position)
        feed.quotes(3)
        await store_all(feed.store)
        assert feed.store.unstorable == 1
    assert await stored_sequences(database.urls) == list(range(1, 7))
