"""Own the reading of the settlements of a range of dates, each under the contract it belongs to.

What cannot belong to one is counted and told, never left out in silence.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.errors import CurveNotFound, HistoryTooShort, InvalidInput
from core.market import ContractMonth, Instrument
from quant.calendars import business_days, calendar_of, is_business_day
from quant.continuous import SettlementHistory, from_contract_months, front_indices
from quant.contract_history import ContractHistory
from storage import settlements
from storage.pool import ReadConn
from storage.settlements import SettlementWindow

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]
Reals = NDArray[np.float64]

MAX_YEARS = 20
"""Be the most that one answer may span; some 5,000 settlements of each contract."""
MAX_POSITIONS = 180
"""Be the longest curve that is read, fifteen years of months."""
TOLD_ROWS = 100
"""Be how many of the ignored rows are named; all are counted."""

_LONGEST = timedelta(days=MAX_YEARS * 365 + MAX_YEARS // 4)
_EARLIEST = date(1978, 1, 1)  # energy futures began in this year

_CLOSED = "no business day of the product"
_EXPIRED = "traded no more"
_REPEATED = "the contract has a price of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """Hold the first and the last date of what is asked, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredSettlement:
    """Hold a stored row that belongs to no contract; `position` is None where it has a month."""

    trade_date: date
    contract: Instrument
    position: int | None
    price: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedContracts:
    """Hold what a source has of a product on the dates of a range.

    `history` has a row for each date with a settlement and a column for each month between the
    nearest and the furthest contract that was asked for. `absent` are the business days between
    its first and last date without any. Of `ignored_rows` the first are in `ignored`.
    `recorded_until` is when the newest of all was stored.
    """

    source: str
    history: ContractHistory
    absent: tuple[date, ...]
    ignored: tuple[IgnoredSettlement, ...]
    ignored_rows: int
    recorded_until: datetime

    def by_position(self, positions: int) -> SettlementHistory:
        """Return the settlements of positions 1…`positions`, nan where there is none."""
        history = self.history
        return from_contract_months(
            history.product,
            history.dates,
            history.contract_months,
            history.settlements,
            positions,
        )


async def settled_range(
    conn: ReadConn,
    org_id: UUID,
    source: str,
    product: str,
    *,
    first: date | None,
    last: date | None,
    default: timedelta = _LONGEST,
) -> DateRange:
    """Return the range to read: to the last settlement at or before `last`, `default` long.

    Raises:
        InvalidInput: `first` is later than `last` or the last settlement, or more than MAX_YEARS
            before it.
        CurveNotFound: the source holds nothing of the product at or before `last`.
    """
    if first is not None and last is not None and first > last:
        raise InvalidInput(field="from", reason=f"expected at most {last}, was {first}")
    latest = await settlements.latest_date(conn, org_id, source, product, last)
    if latest is None:
        raise CurveNotFound(product=product, source=source, as_of=str(last or "today"))
    if first is None:
        return DateRange(first=max(latest - min(default, _LONGEST), _EARLIEST), last=latest)
    if first > latest:
        raise InvalidInput(field="from", reason=f"nothing settled after {latest}, was {first}")
    if latest - first > _LONGEST:
        reason = f"expected at most {MAX_YEARS} years before {latest}, was {first}"
        raise InvalidInput(field="from", reason=reason)
    return DateRange(first=max(first, _EARLIEST), last=latest)


async def load_contracts(
    conn: ReadConn,
    org_id: UUID,
    source: str,
    product: str,
    span: DateRange,
    positions: int,
    *,
    with_figures: bool = False,
) -> LoadedContracts:
    """Read the contracts that were among the nearest `positions` on a date of the range.

    Volume and open interest are read only `with_figures`; a figure that no row has is None.

    Raises:
        InvalidInput: `positions` is not 1 to MAX_POSITIONS.
        HistoryTooShort: none of them settled on a business day of the range.
    """
    if not 1 <= positions <= MAX_POSITIONS:
        reason = f"expected 1 to {MAX_POSITIONS}, was {positions}"
        raise InvalidInput(field="positions", reason=reason)
    window = await settlements.between(
        conn,
        org_id,
        source,
        product,
        span.first,
        span.last,
        positions,
        with_figures=with_figures,
    )
    # Twenty years of a long curve take a while, and the loop serves others meanwhile.
    return await asyncio.to_thread(_assembled, source, product, span, window, positions)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Hold the rows of a window by date and place; a place is a position less 1."""

    window: SettlementWindow
    dates: list[date]
    is_open: Booleans
    row_of: Integers
    month_of: Integers
    place: Integers
    is_repeated: Booleans


def _placed(product: str, window: SettlementWindow) -> _Rows:
    days, row_of = np.unique(window.trade_dates, return_inverse=True)
    dates: list[date] = days.tolist()
    calendar = calendar_of(product)
    fronts = front_indices(product, dates)
    by_month = window.positions == 0
    month_of = np.where(
        by_month,
        window.contract_months // 100 * 12 + window.contract_months % 100 - 1,
        fronts[row_of] + window.positions - 1,
    )
    place = month_of - fronts[row_of]
    # Places are months, of which no calendar knows a million.
    keys = row_of * 1_000_000 + place
    return _Rows(
        window=window,
        dates=dates,
        is_open=np.array([is_business_day(day, calendar) for day in dates], dtype=np.bool_),
        row_of=row_of,
        month_of=month_of,
        place=place,
        is_repeated=~by_month & np.isin(keys, keys[by_month]),
    )


def _assembled(
    source: str, product: str, span: DateRange, window: SettlementWindow, positions: int
) -> LoadedContracts:
    rows = _placed(product, window)
    is_near, is_trading = rows.place < positions, rows.place >= 0
    is_open = rows.is_open[rows.row_of]
    kept = is_open & is_trading & is_near & ~rows.is_repeated
    left_out = np.flatnonzero(is_near & ~kept)
    if window.recorded_at is None or not kept.any():
        subject = f"{product} from {source}, {span.first} to {span.last},"
        raise HistoryTooShort(subject=subject, needed=1, found=0)
    history = _history(product, rows, kept, positions)
    between = business_days(history.dates[0], history.dates[-1], calendar_of(product))
    return LoadedContracts(
        source=source,
        history=history,
        absent=tuple(sorted(set(between).difference(history.dates))),
        ignored=tuple(_ignored(product, rows, one) for one in left_out[:TOLD_ROWS].tolist()),
        ignored_rows=len(left_out),
        recorded_until=window.recorded_at,
    )


def _history(product: str, rows: _Rows, kept: Booleans, positions: int) -> ContractHistory:
    open_rows, row_of = np.unique(rows.row_of[kept], return_inverse=True)
    months, places = rows.month_of[kept], rows.place[kept]
    fronts = months - places
    low = int(fronts.min())
    width = int(fronts.max()) - low + positions

    def matrix(values: Reals) -> Reals:
        found = np.full((len(open_rows), width), np.nan)
        found[row_of, months - low] = values[kept]
        return found

    def figures(values: Reals | None) -> Reals | None:
        if values is None or not np.isfinite(values[kept]).any():
            return None
        return matrix(values)

    return ContractHistory(
        product=product,
        dates=tuple(rows.dates[row] for row in open_rows.tolist()),
        contract_months=tuple(_month(low + column) for column in range(width)),
        settlements=matrix(rows.window.prices),
        volume=figures(rows.window.volumes),
        open_interest=figures(rows.window.open_interests),
    )


def _ignored(product: str, rows: _Rows, one: int) -> IgnoredSettlement:
    if not rows.is_open[rows.row_of[one]]:
        reason = _CLOSED
    else:
        reason = _REPEATED if rows.is_repeated[one] else _EXPIRED
    return IgnoredSettlement(
        trade_date=rows.dates[rows.row_of[one]],
        contract=Instrument(product, _month(int(rows.month_of[one]))),
        position=int(rows.window.positions[one]) or None,
        price=float(rows.window.prices[one]),
        reason=reason,
    )


def _month(index: int) -> ContractMonth:
    return ContractMonth(index // 12, index % 12 + 1)
