"""Own products and forward curves over HTTP."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from core import products as registry
from core.clock import utc_from_ns
from core.errors import CurveNotFound
from core.market import Curve, CurvePoint, Instrument, validate_source
from quant.curves import settled_points
from serve.keys import Caller, CallerOf
from serve.services import Services, ServicesOf
from storage import settlements

router = APIRouter(tags=["market"])


class SourceRange(BaseModel):
    """Tell which settlements one source holds."""

    source: str
    first_date: date
    last_date: date
    rows: int


class ProductView(BaseModel):
    """Describe a product; a price is `currency` per `price_unit`."""

    code: str
    name: str
    venue: str
    currency: str
    price_unit: str
    contract_size: str | None
    tick: str
    live_source: str | None
    sources: list[SourceRange]


class ProductList(BaseModel):
    """List every product of the registry."""

    items: list[ProductView]


class CurvePointView(BaseModel):
    """Hold one contract on a curve; `basis` names where `price` comes from."""

    position: int
    contract: str
    symbol: str
    last_trade_date: date
    price: str
    basis: str
    bid: str | None
    ask: str | None
    last: str | None
    settlement: str | None
    event_time: datetime | None


class CurveView(BaseModel):
    """Hold a forward curve, front month first. `gap` tells of an interrupted stream."""

    product: str
    source: str
    as_of: date
    as_of_time: datetime | None
    version: int
    live: bool
    gap: bool
    currency: str
    price_unit: str
    points: list[CurvePointView]


@router.get("/products")
async def list_products(caller: CallerOf, services: ServicesOf) -> ProductList:
    """List the products, and which sources hold settlements of each."""
    live = await services.market.live_products()
    async with services.pools.read(caller.org_id) as connection:
        ranges = await settlements.sources(connection, caller.org_id)
    items = []
    for product in registry.PRODUCTS.values():
        size = product.contract_size
        held = [
            SourceRange(
                source=held.source,
                first_date=held.first,
                last_date=held.last,
                rows=held.rows,
            )
            for held in ranges
            if held.product == product.code
        ]
        items.append(
            ProductView(
                code=product.code,
                name=product.name,
                venue=product.venue.value,
                currency=product.currency,
                price_unit=product.price_unit,
                contract_size=None if size is None else str(size),
                tick=str(product.tick),
                live_source=live.get(product.code),
                sources=held,
            )
        )
    return ProductList(items=items)


@router.get("/products/{code}/curve")
async def read_curve(
    code: str,
    caller: CallerOf,
    services: ServicesOf,
    as_of: Annotated[
        date | None, Query(description="The curve as it settled on this date.")
    ] = None,
    source: Annotated[str | None, Query(description="cme, sandbox or import:NAME.")] = None,
) -> CurveView:
    """Return the live forward curve, or the one settled at or before a date."""
    registry.product(code)
    if as_of is None and source is None:
        return _view(await services.market.curve(code))
    return _view(await _settled(code, caller, services, as_of, source))


async def _settled(
    code: str, caller: Caller, services: Services, as_of: date | None, source: str | None
) -> Curve:
    live = (await services.market.live_products()).get(code)
    chosen = validate_source(source) if source is not None else live
    missing = CurveNotFound(
        product=code, source=chosen or "any live source", as_of=str(as_of or "today")
    )
    if chosen is None:
        raise missing
    async with services.pools.read(caller.org_id) as connection:
        rows = await settlements.curve_rows(connection, caller.org_id, chosen, code, as_of)
    if not rows:
        raise missing
    trade_date = rows[0].trade_date
    points = settled_points(
        code, trade_date, [(row.contract_month, row.position, row.price) for row in rows]
    )
    return Curve(
        product=code,
        source=chosen,
        as_of=trade_date,
        as_of_ns=0,
        version=0,
        live=False,
        gap=False,
        points=points,
    )


def _view(curve: Curve) -> CurveView:
    product = registry.product(curve.product)
    return CurveView(
        product=curve.product,
        source=curve.source,
        as_of=curve.as_of,
        as_of_time=utc_from_ns(curve.as_of_ns) if curve.live else None,
        version=curve.version,
        live=curve.live,
        gap=curve.gap,
        currency=product.currency,
        price_unit=product.price_unit,
        points=[_point(curve.product, point) for point in curve.points],
    )


def _point(product: str, point: CurvePoint) -> CurvePointView:
    def text(price: object) -> str | None:
        return None if price is None else str(price)

    return CurvePointView(
        position=point.position,
        contract=str(point.contract_month),
        symbol=Instrument(product, point.contract_month).symbol,
        last_trade_date=point.last_trade_date,
        price=str(point.price),
        basis=point.basis,
        bid=text(point.bid),
        ask=text(point.ask),
        last=text(point.last),
        settlement=text(point.settlement),
        event_time=None if point.event_ns is None else utc_from_ns(point.event_ns),
    )
