"""Own products and forward curves over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel

from core import products as registry
from core.dates import Day
from core.identity import Permission
from core.market import validate_source
from quant.forward_curve import Interpolation
from quant.units import price_unit_of
from serve.conditional import conditional_answer
from serve.curve_views import CurveView, curve_view
from serve.identity.access import PrincipalOf, needs
from serve.services import ServicesOf
from serve.settled import ignored_views, price_text
from serve.settled_curves import settled_curve
from storage import settlements

router = APIRouter(tags=["market"], dependencies=[needs(Permission.MARKET_READ)])


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


class CurvePriceView(BaseModel):
    """Hold the price of a day; extrapolated, it is that of the first or the last contract."""

    date: date
    price: str
    is_extrapolated: bool


class CurvePricesView(BaseModel):
    """Hold prices between the contracts of a settled curve; each stands at its last trade date."""

    product: str
    source: str
    as_of: date
    interpolation: Interpolation
    currency: str
    price_unit: str
    unit: str
    prices: list[CurvePriceView]


@router.get("/products")
async def list_products(caller: PrincipalOf, services: ServicesOf) -> ProductList:
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


@router.get(
    "/products/{code}/curve",
    response_model=CurveView,
    responses={304: {"description": "The live curve is still of the version that was named."}},
)
async def read_curve(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    as_of: Annotated[Day | None, Query(description="The curve as it settled on this date.")] = None,
    source: Annotated[str | None, Query(description="cme, sandbox or import:NAME.")] = None,
    if_none_match: Annotated[str | None, Header(description="ETag of what is known.")] = None,
) -> CurveView | Response:
    """Return the live forward curve, or the one settled at or before a date."""
    registry.product(code)
    if as_of is None and source is None:
        hot = await services.hot_curves.read(services.market, code, services.config.version)
        return conditional_answer(hot.body, hot.etag, if_none_match)
    chosen = None if source is None else validate_source(source)
    found = await settled_curve(services, caller, code, as_of, chosen)
    view = curve_view(found.curve, {node.contract: node.settled_on for node in found.forward.nodes})
    view.absent = [str(contract.contract_month) for contract in found.forward.absent]
    view.ignored, view.ignored_rows = ignored_views(found.loaded), found.loaded.ignored_rows
    return view


@router.get("/products/{code}/curve/prices")
async def read_curve_prices(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    on: Annotated[
        list[Day], Query(min_length=1, max_length=400, description="A day; may be repeated.")
    ],
    interpolation: Annotated[
        Interpolation, Query(description="How prices between two contracts are found.")
    ] = Interpolation.LINEAR,
    as_of: Annotated[Day | None, Query(description="Unset: the latest that settled.")] = None,
    source: Annotated[str | None, Query(description="cme, sandbox or import:NAME.")] = None,
) -> CurvePricesView:
    """Return the prices of days on the curve that settled at or before a date.

    Before the first and after the last contract the curve is flat, and the answer says so.
    """
    chosen = None if source is None else validate_source(source)
    found = await settled_curve(services, caller, code, as_of, chosen)
    priced = found.forward.prices_at(on, interpolation)
    unit = price_unit_of(code)
    return CurvePricesView(
        product=code,
        source=found.curve.source,
        as_of=found.curve.as_of,
        interpolation=interpolation,
        currency=unit.currency,
        price_unit=unit.per,
        unit=str(unit),
        prices=[
            CurvePriceView(date=day, price=price_text(price), is_extrapolated=beyond)
            for day, price, beyond in zip(
                on, priced.prices.tolist(), priced.is_extrapolated.tolist(), strict=True
            )
        ],
    )
