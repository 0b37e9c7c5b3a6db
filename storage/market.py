"""Own the stored ticks of venues: quotes, trades, gaps, and how far each feed has come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.clock import ns_from_utc, utc_from_ns
from core.market import Gap, Instrument, Quote, Trade
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("market")
_NANOS_PER_MICRO = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendCounts:
    """Count the rows that were new."""

    quotes: int
    trades: int
    gaps: int

    @property
    def total(self) -> int:
        return self.quotes + self.trades + self.gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCursor:
    """Hold how far a venue's feed had come when it last stored something."""

    venue: str
    source: str
    session: int
    sequence: int
    event_ns: int
    updated_at: datetime


async def append(
    conn: "WriteConn", quotes: Sequence[Quote], trades: Sequence[Trade], gaps: Sequence[Gap]
) -> AppendCounts:
    """Store what is new of each; what is already stored, or comes twice here, is ignored.

    Needs the system role. The rows are copied into tables of the connection first, because COPY
    itself cannot ignore a repeat.
    """
    if (quotes or trades) and not await conn.fetchval(_SQL["has_staging"]):
        await conn.execute(_SQL["create_staging"])
    return AppendCounts(
        quotes=await _copy(conn, "staged_quotes", "insert_quotes", map(_quote_row, quotes)),
        trades=await _copy(conn, "staged_trades", "insert_trades", map(_trade_row, trades)),
        gaps=await _insert_gaps(conn, gaps),
    )


async def save_cursor(
    conn: "WriteConn",
    *,
    venue: str,
    source: str,
    session: int,
    sequence: int,
    event_ns: int,
    now: datetime,
) -> None:
    """Store how far the feed of a venue has come, in the transaction that stored the events."""
    await conn.execute(_SQL["save_cursor"], venue, source, session, sequence, event_ns, now)


async def load_cursor(conn: "ReadConn", venue: str) -> FeedCursor | None:
    """Return how far the feed of a venue had come, None if it never stored anything."""
    row = await conn.fetchrow(_SQL["load_cursor"], venue)
    return None if row is None else FeedCursor(**row)


async def latest_quotes(conn: "ReadConn", product: str) -> list[Quote]:
    """Return the last quote of each contract of a product, by contract."""
    return [_quote(row) for row in await conn.fetch(_SQL["latest_quotes"], product)]


async def _copy(
    conn: "WriteConn", staging: str, statement: str, rows: Iterator[tuple[Any, ...]]
) -> int:
    records = list(rows)
    if not records:
        return 0
    await conn.copy_records_to_table(staging, schema_name="pg_temp", records=records)
    return _row_count(await conn.execute(_SQL[statement]))


async def _insert_gaps(conn: "WriteConn", gaps: Sequence[Gap]) -> int:
    if not gaps:
        return 0
    status = await conn.execute(
        _SQL["insert_gaps"],
        [gap.venue for gap in gaps],
        [gap.source for gap in gaps],
        [gap.session for gap in gaps],
        [gap.expected_sequence for gap in gaps],
        [gap.received_sequence for gap in gaps],
        [gap.received_ns for gap in gaps],
        [gap.reason.value for gap in gaps],
    )
    return _row_count(status)


def _row_count(status: str) -> int:
    return int(status.rpartition(" ")[2])


def _quote_row(quote: Quote) -> tuple[Any, ...]:
    return (
        str(quote.instrument),
        quote.session,
        quote.sequence,
        quote.frame_index,
        utc_from_ns(quote.event_ns),
        quote.event_ns % _NANOS_PER_MICRO,
        quote.source,
        quote.received_ns,
        quote.bid,
        quote.bid_size,
        quote.ask,
        quote.ask_size,
    )


def _trade_row(trade: Trade) -> tuple[Any, ...]:
    return (
        str(trade.instrument),
        utc_from_ns(trade.event_ns),
        trade.event_ns % _NANOS_PER_MICRO,
        trade.entry_id,
        trade.source,
        trade.received_ns,
        trade.price,
        trade.size,
        None if trade.aggressor is None else trade.aggressor.value,
    )


def _quote(row: "asyncpg.Record") -> Quote:
    return Quote(
        instrument=Instrument.parse(row["instrument"]),
        source=row["source"],
        session=row["session"],
        sequence=row["sequence"],
        frame_index=row["frame_index"],
        event_ns=ns_from_utc(row["event_time"]) + row["event_nanos"],
        received_ns=row["received_ns"],
        bid=row["bid"],
        bid_size=row["bid_size"],
        ask=row["ask"],
        ask_size=row["ask_size"],
    )
