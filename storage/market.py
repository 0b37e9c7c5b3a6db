"""Own the stored stream of venues: ticks with their bars, settlements, marks, and feed cursors."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from core.clock import ns_from_utc
from core.market import (
    Gap,
    Healed,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    Staleness,
    Trade,
)
from storage import bars, settlements, sql
from storage.copy_rows import QUOTE_COLUMNS, TRADE_COLUMNS, quote_chunks, trade_chunks

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("market")
_REFUSED = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendCounts:
    """Count the rows that were new."""

    quotes: int = 0
    trades: int = 0
    settlements: int = 0
    gaps: int = 0
    healed: int = 0
    staleness: int = 0

    @property
    def total(self) -> int:
        return (
            self.quotes + self.trades + self.settlements + self.gaps + self.healed + self.staleness
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCursor:
    """Hold up to which byte of which segment a venue's capture is stored."""

    venue: str
    source: str
    segment: int
    offset: int
    updated_at: datetime


async def append(conn: "WriteConn", events: Sequence[MarketEvent]) -> AppendCounts:
    """Store what is new of each kind; what is already stored, or comes twice here, is ignored.

    Needs the system role. Bars count the new trades and no others. Settlements are stored in
    their order, by the rules of `settlements.store_announced`.

    Raises:
        ValueError: a value is not one that can be stored, such as a price that is not a number.
        UnknownProduct: a trade's product is not in the registry.
    """
    try:
        return await _append(conn, _sorted_by_kind(events))
    except _REFUSED as error:
        raise ValueError(str(error)) from error


async def _append(conn: "WriteConn", batch: "_Batch") -> AppendCounts:
    return AppendCounts(
        quotes=await _store_quotes(conn, batch.quotes),
        trades=await _store_trades(conn, batch.trades),
        settlements=await settlements.store_announced(conn, batch.settlements),
        gaps=await _store_marks(conn, "insert_gap", map(_gap_row, batch.gaps)),
        healed=await _store_marks(conn, "insert_healed", map(_healed_row, batch.healed)),
        staleness=await _store_marks(
            conn, "insert_staleness", map(_staleness_row, batch.staleness)
        ),
    )


async def save_cursor(
    conn: "WriteConn", *, venue: str, source: str, segment: int, offset: int, now: datetime
) -> None:
    """Store how far a venue's capture is stored, in the transaction that stored the events."""
    await conn.execute(_SQL["save_cursor"], venue, source, segment, offset, now)


async def load_cursor(conn: "ReadConn", venue: str) -> FeedCursor | None:
    """Return how far a venue's capture is stored, None if nothing of it ever was."""
    row = await conn.fetchrow(_SQL["load_cursor"], venue)
    return None if row is None else FeedCursor(**row)


async def latest_quotes(conn: "ReadConn", product: str) -> list[Quote]:
    """Return the last quote of each contract of a product, by contract."""
    return [_quote(row) for row in await conn.fetch(_SQL["latest_quotes"], product)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    quotes: dict[Instrument, list[Quote]] = field(default_factory=lambda: defaultdict(list))
    trades: dict[Instrument, list[Trade]] = field(default_factory=lambda: defaultdict(list))
    settlements: list[Settlement] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    healed: list[Healed] = field(default_factory=list)
    staleness: list[Staleness] = field(default_factory=list)


def _sorted_by_kind(events: Iterable[MarketEvent]) -> _Batch:
    batch = _Batch()
    for event in events:
        if isinstance(event, Quote):
            batch.quotes[event.instrument].append(event)
        elif isinstance(event, Trade):
            batch.trades[event.instrument].append(event)
        elif isinstance(event, Settlement):
            batch.settlements.append(event)
        elif isinstance(event, Gap):
            batch.gaps.append(event)
        elif isinstance(event, Healed):
            batch.healed.append(event)
        else:
            batch.staleness.append(event)
    return batch


async def _store_quotes(conn: "WriteConn", quotes: Mapping[Instrument, Sequence[Quote]]) -> int:
    if not quotes:
        return 0
    if await _copy_all(conn, "quotes", QUOTE_COLUMNS, quote_chunks(quotes)):
        return sum(map(len, quotes.values()))
    await _stage(conn, "staged_quotes", QUOTE_COLUMNS, quote_chunks(quotes))
    status = await conn.execute(_SQL["insert_quotes"])
    return int(status.rpartition(" ")[2])


async def _store_trades(conn: "WriteConn", trades: Mapping[Instrument, Sequence[Trade]]) -> int:
    if not trades:
        return 0
    new = [trade for of_instrument in trades.values() for trade in of_instrument]
    if not await _copy_all(conn, "trades", TRADE_COLUMNS, trade_chunks(trades)):
        await _stage(conn, "staged_trades", TRADE_COLUMNS, trade_chunks(trades))
        rows = await conn.fetch(_SQL["insert_trades"])
        # of repeats within the batch the first is stored
        by_key = {
            (str(trade.instrument), trade.event_ns, trade.entry_id): trade
            for trade in reversed(new)
        }
        new = [by_key[row["instrument"], _event_ns(row), row["entry_id"]] for row in rows]
    await bars.merge(conn, new)
    return len(new)


async def _copy_all(
    conn: "WriteConn", table: str, columns: Sequence[str], chunks: Iterator[bytes]
) -> bool:
    """Copy rows straight into their table; tell whether all were new, else none is stored.

    A feed stores each row once except after an accident, and this way takes a third of the time
    of `_stage` and an insert that looks for repeats.
    """
    try:
        async with conn.transaction():
            await conn.copy_to_table(table, source=_sent(chunks), columns=columns, format="binary")
    except asyncpg.UniqueViolationError:
        return False
    return True


async def _stage(
    conn: "WriteConn", table: str, columns: Sequence[str], chunks: Iterator[bytes]
) -> None:
    if not await conn.fetchval(_SQL["has_staging"]):
        await conn.execute(_SQL["create_staging"])
    await conn.copy_to_table(
        table, schema_name="pg_temp", source=_sent(chunks), columns=columns, format="binary"
    )


async def _sent(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _store_marks(conn: "WriteConn", statement: str, rows: Iterable[Sequence[object]]) -> int:
    marks = list(rows)
    return len(await conn.fetchmany(_SQL[statement], marks)) if marks else 0


def _gap_row(gap: Gap) -> tuple[object, ...]:
    return (
        gap.venue,
        gap.source,
        gap.session,
        gap.expected_sequence,
        gap.received_sequence,
        gap.received_ns,
        gap.reason.value,
        [str(instrument) for instrument in gap.instruments],
    )


def _healed_row(healed: Healed) -> tuple[object, ...]:
    return (
        healed.venue,
        healed.source,
        healed.session,
        healed.received_ns,
        [str(instrument) for instrument in healed.instruments],
    )


def _staleness_row(staleness: Staleness) -> tuple[object, ...]:
    return (
        staleness.venue,
        staleness.source,
        str(staleness.instrument),
        staleness.received_ns,
        staleness.is_stale,
        staleness.silent_since_ns,
        staleness.limit_s,
    )


def _event_ns(row: "asyncpg.Record") -> int:
    whole: int = ns_from_utc(row["event_time"])
    nanos: int = row["event_nanos"]
    return whole + nanos


def _quote(row: "asyncpg.Record") -> Quote:
    return Quote(
        instrument=Instrument.parse(row["instrument"]),
        source=row["source"],
        session=row["session"],
        sequence=row["sequence"],
        frame_index=row["frame_index"],
        event_ns=_event_ns(row),
        received_ns=row["received_ns"],
        bid=row["bid"],
        bid_size=row["bid_size"],
        ask=row["ask"],
        ask_size=row["ask_size"],
    )
