"""Own the contracts that venues list, with the dates that they state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from core.market import Instrument
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("instruments")


class Listed(Protocol):
    """Be one contract as a venue lists it."""

    @property
    def instrument(self) -> Instrument: ...
    @property
    def symbol(self) -> str: ...
    @property
    def last_trade_date(self) -> date: ...
    @property
    def first_trade_date(self) -> date | None: ...
    @property
    def first_notice_date(self) -> date | None: ...
    @property
    def first_delivery_date(self) -> date | None: ...
    @property
    def final_settlement_date(self) -> date | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentRow:
    """Hold one contract as a venue last listed it; `contract_month` is YYYYMM."""

    product: str
    contract_month: int
    symbol: str
    venue: str
    source: str
    last_trade_date: date
    first_trade_date: date | None
    first_notice_date: date | None
    first_delivery_date: date | None
    final_settlement_date: date | None
    recorded_at: datetime


async def record(
    conn: "WriteConn", venue: str, source: str, listed: Sequence[Listed], now: datetime
) -> None:
    """Store what a venue lists now, over what it listed before; contracts that are gone stay.

    Needs the system role. Of a contract that comes twice the last counts.
    """
    by_instrument = {item.instrument: item for item in listed}
    items = [by_instrument[instrument] for instrument in sorted(by_instrument)]
    await conn.execute(
        _SQL["record"],
        venue,
        source,
        now,
        [item.instrument.product for item in items],
        [int(str(item.instrument.contract_month)) for item in items],
        [item.symbol for item in items],
        [item.last_trade_date for item in items],
        [item.first_trade_date for item in items],
        [item.first_notice_date for item in items],
        [item.first_delivery_date for item in items],
        [item.final_settlement_date for item in items],
    )


async def listed(conn: "ReadConn", product: str, source: str | None) -> list[InstrumentRow]:
    """Return the contracts of a product by source, venue and month; expired ones too."""
    return [InstrumentRow(**row) for row in await conn.fetch(_SQL["listed"], product, source)]
