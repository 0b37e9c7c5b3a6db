"""Own the reading of the settlements that the problem of a run is posed from."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import ContractMonth
from quant.continuous import SettlementHistory, from_contract_months
from storage import settlements
from storage.pool import ReadConn

# Exchanges keep different holidays, so products share fewer dates than each has.
_SPARE_DATES = 40
_SPARE_POSITIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest:
    """Ask for the last `days` + 1 dates of some products at or before `as_of`, as positions.

    `as_of` None is the latest date that the source holds.
    """

    products: tuple[str, ...]
    positions: int
    source: str
    as_of: date | None
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedHistories:
    """Hold one history per product, and when the newest of their settlements was stored."""

    histories: tuple[SettlementHistory, ...]
    recorded_until: datetime


async def load_histories(conn: ReadConn, org_id: UUID, request: HistoryRequest) -> LoadedHistories:
    """Read the window of every product of a request.

    Raises:
        InvalidInput: the source holds nothing of a product at or before the date, or too few
            contracts.
    """
    histories, recorded = [], []
    for product in request.products:
        last = await _last_date(conn, org_id, request, product)
        days = request.days + 1 + _SPARE_DATES
        window = await settlements.window(conn, org_id, request.source, product, last, days)
        histories.append(_history(product, window, request.positions + _SPARE_POSITIONS))
        recorded.append(window.recorded_at)
    return LoadedHistories(
        histories=tuple(histories), recorded_until=max(moment for moment in recorded if moment)
    )


async def _last_date(conn: ReadConn, org_id: UUID, request: HistoryRequest, product: str) -> date:
    source, as_of = request.source, request.as_of
    last = await settlements.latest_date(conn, org_id, source, product, as_of)
    if last is None:
        raise InvalidInput(
            field="source",
            reason=f"{source} holds no settlements of {product} at or before {as_of or 'today'}",
        )
    return last


def _history(
    product: str, window: settlements.SettlementWindow, positions: int
) -> SettlementHistory:
    dates, date_index = np.unique(window.trade_dates, return_inverse=True)
    days: tuple[date, ...] = tuple(dates.astype("datetime64[D]").tolist())
    if window.positions.any():
        prices = _matrix(date_index, window.positions - 1, window.prices, len(days), positions)
        return SettlementHistory(product=product, dates=days, settlements=prices)
    months, month_index = np.unique(window.contract_months, return_inverse=True)
    prices = _matrix(date_index, month_index, window.prices, len(days), len(months))
    names = [ContractMonth(int(month) // 100, int(month) % 100) for month in months]
    return from_contract_months(product, days, names, prices, positions)


def _matrix(
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
    prices: NDArray[np.float64],
    height: int,
    width: int,
) -> NDArray[np.float64]:
    matrix = np.full((height, width), np.nan)
    kept = columns < width
    matrix[rows[kept], columns[kept]] = prices[kept]
    return matrix
