"""Own the settlement rows: staged import with COPY, announcements of venues, curves and windows.

Rows of `import:<name>` belong to the organisation that imported them, all others to MARKET_ORG.
Rows of one owner and source have one writer at a time, so what was looked up stays true.
"""

import io
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from core.clock import utc_from_ns
from core.errors import SettlementsChanged
from core.market import Settlement, SettlementStage
from core.runs import MARKET_ORG
from storage import sql
from storage.columns import read_columns

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn
    from storage.settlement_table import SettlementTable

_SQL = sql.load("settlements")
_ROWS_PER_SLICE = 50_000
_WINDOW = {
    "epoch_day": pa.int64(),
    "contract_month": pa.int64(),
    "position": pa.int64(),
    "price": pa.float64(),
    "recorded_at": pa.timestamp("us", "UTC"),
}
_FIGURES = {"volume": pa.float64(), "open_interest": pa.float64()}
_LONG_S = 600.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """Count the rows of an import: `rows` = `stored` + `revised` + `unchanged`."""

    rows: int
    stored: int
    revised: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSettlement:
    """Hold the latest revision of one settlement; the unused of month and position is 0."""

    product: str
    trade_date: date
    contract_month: int
    position: int
    revision: int
    price: Decimal
    stage: SettlementStage
    recorded_at: datetime
    volume: int | None = None
    open_interest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementWindow:
    """Hold the latest revisions of some days of one product, ascending; arrays of one length.

    `trade_dates` are datetime64[D], `contract_months` YYYYMM or 0, `positions` 1… or 0, `prices`
    float64 in the product's own unit. `recorded_at` is when the newest of them was stored.
    `volumes` and `open_interests`, float64 in contracts, nan where unknown, are None unless they
    were asked for.
    """

    trade_dates: npt.NDArray[np.datetime64]
    contract_months: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]
    prices: npt.NDArray[np.float64]
    recorded_at: datetime | None
    volumes: npt.NDArray[np.float64] | None = None
    open_interests: npt.NDArray[np.float64] | None = None

    @property
    def rows(self) -> int:
        return len(self.prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSummary:
    """Tell what one source holds of one product; `rows` counts keys, not revisions."""

    source: str
    product: str
    first: date
    last: date
    rows: int


def owner_of(source: str, org_id: UUID) -> UUID:
    """Return the organisation that owns the rows of `source` which `org_id` may read."""
    return org_id if source.startswith("import:") else MARKET_ORG


async def import_table(
    conn: "WriteConn",
    org_id: UUID,
    source: str,
    table: "SettlementTable",
    revise: bool,
    now: datetime,
    progress: Progress | None = None,
) -> ImportOutcome:
    """Store what is new, all or nothing; a repeated import stores nothing.

    `progress` is called with (done, total) rows; the second half of them counts when the
    database has taken all.

    Raises:
        SettlementsChanged: a stored price or figure differs and `revise` is False. It names the
            first such row of the file. With `revise` the new one becomes the next revision, as
            figures do without it where none were stored.
    """
    outcome = await _store(conn, org_id, source, table, revise=revise, now=now, progress=progress)
    if outcome.changed is not None and not revise:
        raise outcome.changed
    if progress is not None:
        progress(table.rows, table.rows)
    return ImportOutcome(
        rows=table.rows,
        stored=outcome.stored,
        revised=outcome.revised,
        unchanged=table.rows - outcome.stored - outcome.revised,
    )


async def seed_history(
    conn: "WriteConn", source: str, table: "SettlementTable", now: datetime
) -> int:
    """Store the rows of a venue's history that are absent and return their number.

    Needs the system role, because they belong to MARKET_ORG. Stored prices are never revised.
    """
    outcome = await _store(conn, MARKET_ORG, source, table, revise=False, now=now, progress=None)
    return outcome.stored


async def store_announced(conn: "WriteConn", settlements: Sequence[Settlement]) -> int:
    """Store what venues announced, in order; return how many rows were new.

    Needs the system role. A price that differs from the stored one becomes the next revision, and
    so does an equal one that is final where the stored one is preliminary. What changes a final
    price is `corrected`. Ignored are repeats, what was announced before the stored one, and a
    preliminary price after a final one.
    """
    by_source: dict[str, list[Settlement]] = defaultdict(list)
    for settlement in settlements:
        by_source[settlement.source].append(settlement)
    stored = 0
    for source in sorted(by_source):
        await conn.execute(_SQL["lock_source"], MARKET_ORG, source)
        for batch in _without_repeated_keys(by_source[source]):
            stored += await _insert_announced(conn, source, batch)
    return stored


async def latest_date(
    conn: "ReadConn", org_id: UUID, source: str, product: str, as_of: date | None = None
) -> date | None:
    """Return the last trade date at or before `as_of`, None if there is none."""
    owner = owner_of(source, org_id)
    found: date | None = await conn.fetchval(_SQL["latest_date"], owner, source, product, as_of)
    return found


async def curve_rows(
    conn: "ReadConn", org_id: UUID, source: str, product: str, as_of: date | None
) -> list[StoredSettlement]:
    """Return the rows of the last trade date at or before `as_of`, by month and position."""
    day = await latest_date(conn, org_id, source, product, as_of)
    if day is None:
        return []
    rows = await conn.fetch(_SQL["curve_rows"], owner_of(source, org_id), source, product, day)
    return [_stored_settlement(row) for row in rows]


async def window(
    conn: "ReadConn", org_id: UUID, source: str, product: str, as_of: date, days: int
) -> SettlementWindow:
    """Return the rows of the last `days` trade dates at or before `as_of`."""
    owner = owner_of(source, org_id)
    start = await conn.fetchval(_SQL["window_start"], owner, source, product, as_of, days)
    if start is None:
        return _window(pa.schema(list(_WINDOW.items())).empty_table())
    asked = (owner, source, product, start, as_of)
    return _window(await read_columns(conn, _SQL["window_rows"], *asked, columns=_WINDOW))


async def between(
    conn: "ReadConn",
    org_id: UUID,
    source: str,
    product: str,
    first: date,
    last: date,
    positions: int,
    *,
    with_figures: bool = False,
) -> SettlementWindow:
    """Return the rows of the dates `first` to `last`, both included.

    Of the rows by contract month there may be some beyond the nearest `positions` contracts.
    """
    owner = owner_of(source, org_id)
    asked = (owner, source, product, first, last, positions, with_figures)
    columns = _WINDOW | _FIGURES
    rows = await read_columns(conn, _SQL["rows_between"], *asked, columns=columns)
    found = _window(rows)
    if not with_figures:
        return found
    volumes, open_interests = (rows[name].to_numpy() for name in _FIGURES)
    return replace(found, volumes=volumes, open_interests=open_interests)


async def sources(conn: "ReadConn", org_id: UUID) -> list[SourceSummary]:
    """List what this organisation may read, by source and product."""
    rows = await conn.fetch(_SQL["sources"], [org_id, MARKET_ORG])
    return [
        SourceSummary(
            source=row["source"],
            product=row["product"],
            first=row["first_date"],
            last=row["last_date"],
            rows=row["rows"],
        )
        for row in rows
    ]


async def export_rows(
    conn: "ReadConn", org_id: UUID, source: str, product: str | None, rows_per_chunk: int = 10_000
) -> AsyncIterator[list[StoredSettlement]]:
    """Yield the latest revisions in key order, a chunk at a time, however many there are."""
    owner = owner_of(source, org_id)
    cursor = await conn.cursor(_SQL["export_rows"], owner, source, product, timeout=_LONG_S)
    while rows := await cursor.fetch(rows_per_chunk):
        yield [_stored_settlement(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    stored: int
    revised: int
    changed: SettlementsChanged | None


async def _store(
    conn: "WriteConn",
    owner: UUID,
    source: str,
    table: "SettlementTable",
    *,
    revise: bool,
    now: datetime,
    progress: Progress | None,
) -> _Stored:
    await conn.execute(_SQL["lock_source"], owner, source, timeout=_LONG_S)
    await conn.execute(_SQL["create_staging"])
    await conn.copy_to_table(
        "staged_settlements",
        schema_name="pg_temp",
        columns=table.columns.column_names,
        source=_csv_slices(table, progress),
        format="csv",
        timeout=_LONG_S,
    )
    if await conn.fetchval(_SQL["source_has_rows"], owner, source):
        outcome = await _store_differences(conn, owner, source, table.file, revise, now)
    else:
        await conn.execute(_SQL["insert_staged"], owner, source, now, timeout=_LONG_S)
        outcome = _Stored(stored=table.columns.num_rows, revised=0, changed=None)
    await conn.execute(_SQL["drop_staging"])
    return outcome


async def _store_differences(
    conn: "WriteConn", owner: UUID, source: str, file: str, revise: bool, now: datetime
) -> _Stored:
    await conn.execute(_SQL["analyze_staging"])
    await conn.execute(_SQL["compare_staged"], owner, source, timeout=_LONG_S)
    stored, filled, changed = await conn.fetchrow(_SQL["count_new"]) or (0, 0, 0)
    error = await _first_change(conn, file, changed) if changed else None
    await conn.execute(_SQL["insert_new"], owner, source, now, revise, timeout=_LONG_S)
    return _Stored(stored=stored, revised=filled + (changed if revise else 0), changed=error)


async def _first_change(conn: "WriteConn", file: str, changed: int) -> SettlementsChanged:
    row, column, new, stored = await conn.fetchrow(_SQL["first_changed"]) or (0, "", 0, 0)
    return SettlementsChanged(
        file=file, row=row, column=column, new=str(new), stored=str(stored), changed=changed
    )


async def _csv_slices(table: "SettlementTable", progress: Progress | None) -> AsyncIterator[bytes]:
    options = pa_csv.WriteOptions(include_header=False, quoting_style="none")
    total = table.columns.num_rows
    for start in range(0, total, _ROWS_PER_SLICE):
        buffer = io.BytesIO()
        pa_csv.write_csv(table.columns.slice(start, _ROWS_PER_SLICE), buffer, options)
        yield buffer.getvalue()
        if progress is not None:
            progress(min(start + _ROWS_PER_SLICE, total) // 2, table.rows)


def _without_repeated_keys(settlements: Iterable[Settlement]) -> list[list[Settlement]]:
    """Split into batches so that a key which comes again is in a later one."""
    batches: list[list[Settlement]] = []
    times_seen: dict[tuple[object, date], int] = defaultdict(int)
    for settlement in settlements:
        key = (settlement.instrument, settlement.trade_date)
        if times_seen[key] == len(batches):
            batches.append([])
        batches[times_seen[key]].append(settlement)
        times_seen[key] += 1
    return batches


async def _insert_announced(
    conn: "WriteConn", source: str, settlements: Sequence[Settlement]
) -> int:
    status = await conn.execute(
        _SQL["insert_announced"],
        MARKET_ORG,
        source,
        [item.instrument.product for item in settlements],
        [item.trade_date for item in settlements],
        [int(str(item.instrument.contract_month)) for item in settlements],
        [item.price for item in settlements],
        [item.stage.value for item in settlements],
        [utc_from_ns(item.received_ns) for item in settlements],
        [item.event_ns for item in settlements],
    )
    return int(status.rpartition(" ")[2])


def _stored_settlement(row: "asyncpg.Record") -> StoredSettlement:
    return StoredSettlement(**{**row, "stage": SettlementStage(row["stage"])})


def _window(rows: pa.Table) -> SettlementWindow:
    days = rows["epoch_day"].to_numpy()
    return SettlementWindow(
        trade_dates=days.astype("datetime64[D]"),
        contract_months=rows["contract_month"].to_numpy(),
        positions=rows["position"].to_numpy(),
        prices=rows["price"].to_numpy(),
        recorded_at=pc.max(rows["recorded_at"]).as_py(),
    )
