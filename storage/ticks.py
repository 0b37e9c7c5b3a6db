"""Own the reading of stored quotes and trades by range, a page at a time, as arrow tables.

Rows come by contract and then by time, which is the order of their keys: every page costs the
same, however far into the range it is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from core.clock import ns_from_utc, utc_from_ns
from core.market import ContractMonth, Instrument
from storage import sql
from storage.columns import (
    TickPage,
    TokenInteger,
    TokenSmallInteger,
    TokenText,
    key_of,
    last_row,
    read_columns,
    token_of,
)

if TYPE_CHECKING:
    from storage.pool import ReadConn

_SQL = sql.load("ticks")
_NANOS_PER_MICRO = 1_000
_TIME = pa.timestamp("ns", "UTC")

_START = {
    "instrument": pa.string(),
    "source": pa.string(),
    "event_time": pa.timestamp("us", "UTC"),
    "event_nanos": pa.int64(),
    "received_ns": pa.int64(),
}
_QUOTE_COLUMNS = {
    **_START,
    "session": pa.int64(),
    "sequence": pa.int64(),
    "frame_index": pa.int32(),
    "bid": pa.string(),
    "bid_size": pa.int64(),
    "ask": pa.string(),
    "ask_size": pa.int64(),
}
_TRADE_COLUMNS = {
    **_START,
    "entry_id": pa.string(),
    "price": pa.string(),
    "size": pa.int64(),
    "aggressor": pa.string(),
}


class _TickKey(msgspec.Struct, frozen=True, array_like=True):
    instrument: TokenText
    event_ns: TokenInteger

    @property
    def columns(self) -> tuple[object, ...]:
        event_time, nanos = utc_from_ns(self.event_ns), self.event_ns % _NANOS_PER_MICRO
        return (self.instrument, event_time, nanos, *structs.astuple(self)[2:])


class _QuoteKey(_TickKey, frozen=True, array_like=True):
    session: TokenInteger
    sequence: TokenInteger
    frame_index: TokenSmallInteger


class _TradeKey(_TickKey, frozen=True, array_like=True):
    entry_id: TokenText


@dataclass(frozen=True, slots=True, kw_only=True)
class TickQuery:
    """Ask for `start` <= event time < `end` of a product, or of one contract of it.

    `after` is the token of the page before. At most `limit` rows are returned, from 1.
    """

    product: str
    contract: ContractMonth | None
    source: str | None
    start: datetime
    end: datetime
    after: str | None
    limit: int

    @property
    def names(self) -> tuple[str, str]:
        """Return the first and the last name that the contracts asked for can have."""
        if self.contract is not None:
            name = str(Instrument(self.product, self.contract))
            return name, name
        return f"{self.product}-", f"{self.product}-999999"


async def read_quotes(conn: "ReadConn", query: TickQuery) -> TickPage:
    """Return quotes by contract, time, session and sequence.

    Columns: instrument, source, event_time, received_time, session, sequence, frame_index, bid,
    bid_size, ask, ask_size.

    Raises:
        InvalidInput: `after` is no token of such a page.
    """
    before_all = _QuoteKey(query.names[0], ns_from_utc(query.start) - 1, 0, 0, 0)
    return await _read(conn, "quotes", query, before_all, _QUOTE_COLUMNS)


async def read_trades(conn: "ReadConn", query: TickQuery) -> TickPage:
    """Return trades by contract, time and entry id.

    Columns: instrument, source, event_time, received_time, entry_id, price, size, aggressor.

    Raises:
        InvalidInput: `after` is no token of such a page.
    """
    before_all = _TradeKey(query.names[0], ns_from_utc(query.start) - 1, "")
    return await _read(conn, "trades", query, before_all, _TRADE_COLUMNS)


async def _read(
    conn: "ReadConn",
    statement: str,
    query: TickQuery,
    before_all: _TickKey,
    columns: dict[str, pa.DataType],
) -> TickPage:
    kind = type(before_all)
    after = before_all if query.after is None else key_of(query.after, kind)
    table = await read_columns(
        conn,
        _SQL[statement],
        *query.names,
        query.start,
        query.end,
        query.source,
        *after.columns,
        query.limit + 1,
        columns=columns,
    )
    rows = table.slice(0, query.limit)
    next_after = None
    if table.num_rows > query.limit:
        last = last_row(rows)
        event_ns = ns_from_utc(last["event_time"]) + last["event_nanos"]
        rest = (last[name] for name in kind.__struct_fields__[2:])
        next_after = token_of(kind(last["instrument"], event_ns, *rest))
    return TickPage(table=_with_times(rows), next_after=next_after)


def _with_times(table: pa.Table) -> pa.Table:
    micros = table["event_time"].cast(pa.int64())
    event_ns = pc.add(pc.multiply(micros, _NANOS_PER_MICRO), table["event_nanos"])
    columns = {
        "instrument": table["instrument"],
        "source": table["source"],
        "event_time": event_ns.cast(_TIME),
        "received_time": table["received_ns"].cast(_TIME),
    }
    rest = {name: table[name] for name in table.column_names if name not in _START}
    return pa.table({**columns, **rest})
