"""Own the reading of the settlements that one portfolio is estimated from."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import ContractMonth
from core.runs import PortfolioSpecification
from quant.continuous import SettlementHistory, from_contract_months
from storage import settlements
from storage.pool import ReadConn

# Exchanges keep different holidays, so products share fewer dates than each has.
_SPARE_DATES = 40
_SPARE_POSITIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedHistories:
    """Hold one history per product, and when the newest of their settlements was stored."""

    histories: tuple[SettlementHistory, ...]
    recorded_until: datetime


async def _last_date(
    conn: ReadConn, org_id: UUID, specification: PortfolioSpecification, product: str
) -> date:
    source, as_of = specification.source, specification.as_of
    last = await settlements.latest_date(conn, org_id, source, product, as_of)
    if last is None:
        raise InvalidInput(
            field="source",
            reason=f"{source} holds no settlements of {product} at or before {as_of or 'today'}",
        )
    return last


async def load_histories(
    conn: ReadConn, org_id: UUID, specification: PortfolioSpecification
) -> LoadedHistories:
    """Read the window of every product of a specification, as positions.

    Raises:
        InvalidInput: the source holds nothing of a product at or before the date, or too few
            contracts.
    """
    positions = specification.positions_per_product
    histories, recorded = [], []
    for product in specification.products:
        last = await _last_date(conn, org_id, specification, product)
        days = specification.window_days + 1 + _SPARE_DATES
        window = await settlements.window(conn, org_id, specification.source, product, last, days)
        histories.append(_history(product, window, positions + _SPARE_POSITIONS))
        recorded.append(window.recorded_at)
    return LoadedHistories(
        histories=tuple(histories), recorded_until=max(moment for moment in recorded if moment)
    )


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
