"""Own the stored bars: what new trades add to them, and their reading a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from core.clock import ns_from_utc, utc_from_ns
from core.market import Trade
from storage import sql
from storage.bar_parts import BarResolution, bar_parts
from storage.columns import (
    TickPage,
    TokenInteger,
    TokenText,
    key_of,
    last_row,
    read_columns,
    token_of,
)
from storage.ticks import TickQuery

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("bars")
_COLUMNS = {
    "instrument": pa.string(),
    "source": pa.string(),
    "start": pa.timestamp("us", "UTC"),
    "open": pa.string(),
    "high": pa.string(),
    "low": pa.string(),
    "close": pa.string(),
    "volume": pa.int64(),
    "trades": pa.int64(),
}


class _Key(msgspec.Struct, frozen=True, array_like=True):
    instrument: TokenText
    source: TokenText
    start_ns: TokenInteger


@dataclass(frozen=True, slots=True, kw_only=True)
class BarQuery(TickQuery):
    """Ask for bars that start in the range; a day starts at midnight UTC of its trade date."""

    resolution: BarResolution


async def merge(conn: "WriteConn", trades: Iterable[Trade]) -> None:
    """Add trades that no bar counts yet to their bars of a minute and of a trade date.

    Needs the system role, in the transaction that stores the trades.

    Raises:
        UnknownProduct: a product is not in the registry.
    """
    parts = bar_parts(trades)
    if parts:
        # as JSON, which takes a third of the time of an array a column
        await conn.execute(_SQL["merge_bars"], msgspec.json.encode(parts).decode())


async def read_bars(conn: "ReadConn", query: BarQuery) -> TickPage:
    """Return bars by contract, source and start.

    Columns: instrument, source, start, open, high, low, close, volume, trades.

    Raises:
        InvalidInput: `after` is no token of such a page.
    """
    before_all = _Key(query.names[0], "", 0)
    after = before_all if query.after is None else key_of(query.after, _Key)
    table = await read_columns(
        conn,
        _SQL["bars"],
        *query.names,
        query.resolution.value,
        query.start,
        query.end,
        query.source,
        after.instrument,
        after.source,
        utc_from_ns(after.start_ns),
        query.limit + 1,
        columns=_COLUMNS,
    )
    rows = table.slice(0, query.limit)
    if table.num_rows <= query.limit:
        return TickPage(table=rows, next_after=None)
    last = last_row(rows)
    next_after = token_of(_Key(last["instrument"], last["source"], ns_from_utc(last["start"])))
    return TickPage(table=rows, next_after=next_after)
