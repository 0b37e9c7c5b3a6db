"""Check that no accident of database or disk ends a store, loses an event or repeats one."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actors.feeds.state import FeedState, Interpreter, checkpoint_records
from actors.feeds.store import FeedStore
from core.clock import SystemClock, utc_from_ns
from core.errors import SourceUnavailable
from core.market import ContractMonth, Instrument, MarketEvent, Quote
from integrations.cme.codec import CmeDecoder
from integrations.cme.sandbox.messages import encode_top_of_book
from storage import market
from storage.journal import JournalWriter
from storage.journal_format import Record, RecordKind
from storage.pool import Pools

pytestmark = pytest.mark.postgres

SESSION = 7
SENT_NS = 1_795_000_000_000_000_000
CRUDE = Instrument("CL", ContractMonth(2027, 1))


def make_quote(sequence: int) -> Quote:
    return Quote(
        instrument=CRUDE,
        source="sandbox",
        session=SESSION,
        sequence=sequence,
        frame_index=0,
        event_ns=SENT_NS + sequence,
        received_ns=SENT_NS,
        bid=None,
        bid_size=None,
        ask=None,
        ask_size=None,
    )


class Feed:
    """Capture and offer frames as a feed does."""

    def __init__(self, folder: Path, pools: Pools) -> None:
        self.journal = JournalWriter(
            folder,
            venue="cme",
            source="sandbox",
            products=("CL",),
            version="test",
            now_ns=SystemClock().now_ns(),
        )
        self.store = FeedStore(
            pools,
            venue="cme",
            source="sandbox",
            folder=folder,
            make_interpreter=lambda: Interpreter("cme", "sandbox", CmeDecoder),
            clock=SystemClock(),
        )
        self.state = FeedState("cme", "sandbox")
        self.decoder = CmeDecoder(SESSION, "sandbox")
        self.sequence = 0
        self.journal.append(checkpoint_records(self.state, {}, SENT_NS))

    def capture(self, count: int) -> list[MarketEvent]:
        events: list[MarketEvent] = []
        for _ in range(count):
            self.sequence += 1
            frame = encode_top_of_book(self.sequence, SENT_NS, [make_quote(self.sequence)])
            self.journal.append([Record(RecordKind.FRAME, SESSION, SENT_NS, frame)])
            decoded = self.decoder.decode(frame, SENT_NS)
            events += self.state.take(decoded, SESSION, SENT_NS)
        return events

    def quotes(self, count: int) -> None:
        self.store.offer(self.capture(count), self.journal.position)


async def sequences(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT sequence FROM quotes ORDER BY sequence")
    finally:
        await connection.close()
    return [row["sequence"] for row in rows]


async def do(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def store_all(store: FeedStore) -> None:
    while await store.store_once():
        pass


async def until_stored(store: FeedStore, url: str, expected: list[int]) -> None:
    running = asyncio.create_task(store.run())
    try:
        async with asyncio.timeout(20.0):
            # the store sets no event of ours
            while not running.done() and await sequences(url) != expected:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_row_that_the_database_refuses_keeps_nothing_else_out(
    database: Any, pools: Pools, tmp_path: Path
) -> None:
    feed = Feed(tmp_path, pools)
    await store_all(feed.store)
    await do(database.superuser_url, "ALTER TABLE quotes ADD CHECK (sequence <> 3)")
    feed.quotes(5)
    await store_all(feed.store)
    feed.journal.close()
    assert feed.store.unstorable == 1
    assert await sequences(database.urls.system) == [1, 2, 4, 5]


async def test_a_store_whose_table_is_away_goes_on_once_it_is_back(
    database: Any, pools: Pools, tmp_path: Path
) -> None:
    feed = Feed(tmp_path, pools)
    await store_all(feed.store)
    await do(database.superuser_url, "ALTER TABLE quotes RENAME TO quotes_away")
    feed.quotes(5)
    running = asyncio.create_task(feed.store.run())
    await asyncio.sleep(0.2)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await do(database.superuser_url, "ALTER TABLE quotes_away RENAME TO quotes")
    await until_stored(feed.store, database.urls.system, [1, 2, 3, 4, 5])
    feed.journal.close()


async def test_a_journal_that_cannot_be_read_for_a_while_loses_nothing(
    database: Any, pools: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(tmp_path, pools)
    feed.capture(5)
    taken = Interpreter.take
    failures = [OSError(5, "Input/output error")]

    def take(self: Interpreter, record: Record) -> list[MarketEvent]:
        events = taken(self, record)
        if any(isinstance(event, Quote) and event.sequence == 4 for event in events) and failures:
            raise failures.pop()
        return events

    monkeypatch.setattr(Interpreter, "take", take)
    await until_stored(feed.store, database.urls.system, [1, 2, 3, 4, 5])
    feed.journal.close()
    assert not failures


async def test_a_cursor_of_another_source_hides_nothing(
    database: Any, pools: Pools, tmp_path: Path
) -> None:
    feed = Feed(tmp_path, pools)
    feed.capture(3)
    async with pools.system() as connection:
        await market.save_cursor(
            connection,
            venue="cme",
            source="cme",
            segment=feed.journal.position.segment,
            offset=feed.journal.position.offset,
            now=utc_from_ns(SENT_NS),
        )
    await store_all(feed.store)
    feed.journal.close()
    assert await sequences(database.urls.system) == [1, 2, 3]


async def count_impatiently(pools: Pools) -> None:
    async with pools.system() as connection:
        await connection.execute("SET LOCAL lock_timeout = '10ms'")
        await connection.execute("SELECT count(*) FROM quotes")


async def test_a_lock_that_is_not_to_be_had_is_worth_another_try(
    database: Any, pools: Pools
) -> None:
    other = await asyncpg.connect(database.superuser_url)
    async with other.transaction():
        await other.execute("LOCK TABLE quotes")
        with pytest.raises(SourceUnavailable):
            await count_impatiently(pools)
    await other.close()
