"""Own the contracts of a product over HTTP: their last trade dates, sizes and currency."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from core import products as registry
from core.clock import utc_from_ns
from core.dates import Day
from core.identity import Permission
from core.market import ContractMonth, Instrument, validate_source
from core.products import Product
from quant.calendars import last_trade_date, listed_contracts
from quant.contract_sizes import contract_size
from serve.identity.access import PrincipalOf, needs
from serve.services import ServicesOf
from storage import instruments
from storage.instruments import InstrumentRow

router = APIRouter(tags=["instruments"], dependencies=[needs(Permission.MARKET_READ)])

MAX_CONTRACTS = 240


class InstrumentView(BaseModel):
    """Hold one contract; its size is in `price_unit`, its price `currency` per `price_unit`.

    `basis` tells where the dates come from: `venue`, as listed by `source` and last recorded at
    `recorded_at`, or `rule`, the product's own rule. Of a rule only the last trade date is known.
    """

    instrument: str
    contract: str
    symbol: str
    venue: str
    venue_symbol: str | None
    last_trade_date: date
    first_trade_date: date | None
    first_notice_date: date | None
    first_delivery_date: date | None
    final_settlement_date: date | None
    contract_size: str
    price_unit: str
    currency: str
    minor_per_major: int
    basis: Literal["venue", "rule"]
    source: str | None
    recorded_at: datetime | None


class InstrumentList(BaseModel):
    """List the contracts of a product that still trade on a day, nearest first."""

    product: str
    on: date
    items: list[InstrumentView]


@router.get("/products/{code}/instruments")
async def list_instruments(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    source: Annotated[
        str | None, Query(description="Whose listing; unset: the one recorded last.")
    ] = None,
    on: Annotated[Day | None, Query(description="Trading on this day; unset: today.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_CONTRACTS)] = 36,
) -> InstrumentList:
    """List the contracts of a product, as its venue lists them, else by the product's rule."""
    product = registry.product(code)
    chosen = None if source is None else validate_source(source)
    day = on or utc_from_ns(services.clock.now_ns()).date()
    async with services.pools.read(caller.org_id) as connection:
        rows = await instruments.listed(connection, product.code, chosen)
    trading = [row for row in newest_listing(rows) if row.last_trade_date >= day]
    items = [_as_listed(product, row) for row in trading[:limit]]
    if not rows and chosen is None:
        items = [_by_rule(product, found) for found in listed_contracts(code, day, limit)]
    return InstrumentList(product=product.code, on=day, items=items)


def newest_listing(rows: Iterable[InstrumentRow]) -> list[InstrumentRow]:
    """Return the rows of the source that was recorded last, by month: sources are never mixed."""
    listed = sorted(rows, key=lambda row: row.contract_month)
    if not listed:
        return []
    newest = max(listed, key=lambda row: row.recorded_at).source
    return [row for row in listed if row.source == newest]


def _as_listed(product: Product, row: InstrumentRow) -> InstrumentView:
    month = ContractMonth(row.contract_month // 100, row.contract_month % 100)
    instrument = Instrument(product.code, month)
    return InstrumentView(
        instrument=str(instrument),
        contract=str(month),
        symbol=instrument.symbol,
        venue=row.venue,
        venue_symbol=row.symbol,
        last_trade_date=row.last_trade_date,
        first_trade_date=row.first_trade_date,
        first_notice_date=row.first_notice_date,
        first_delivery_date=row.first_delivery_date,
        final_settlement_date=row.final_settlement_date,
        contract_size=str(contract_size(instrument)),
        price_unit=product.price_unit,
        currency=product.currency,
        minor_per_major=product.minor_per_major,
        basis="venue",
        source=row.source,
        recorded_at=row.recorded_at,
    )


def _by_rule(product: Product, instrument: Instrument) -> InstrumentView:
    return InstrumentView(
        instrument=str(instrument),
        contract=str(instrument.contract_month),
        symbol=instrument.symbol,
        venue=product.venue.value,
        venue_symbol=None,
        last_trade_date=last_trade_date(instrument),
        first_trade_date=None,
        first_notice_date=None,
        first_delivery_date=None,
        final_settlement_date=None,
        contract_size=str(contract_size(instrument)),
        price_unit=product.price_unit,
        currency=product.currency,
        minor_per_major=product.minor_per_major,
        basis="rule",
        source=None,
        recorded_at=None,
    )
