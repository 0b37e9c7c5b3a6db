"""Own stored quotes, trades and bars over HTTP: the latest, and ranges a page at a time."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from core import products as registry
from core.errors import InvalidInput
from core.identity import Permission
from core.market import ContractMonth, validate_source
from serve.identity.access import PrincipalOf, needs
from serve.services import ServicesOf
from serve.tables import FormOf, Page, quotes_table, table_answers, table_response
from storage import bars, market, ticks
from storage.bar_parts import BarResolution
from storage.columns import TickPage
from storage.ticks import TickQuery

router = APIRouter(tags=["ticks"], dependencies=[needs(Permission.MARKET_READ)])

MAX_ROWS = 50_000
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


class QuoteRow(BaseModel):
    """Hold the top of one contract's book at a moment; a side without orders is null."""

    instrument: str
    source: str
    event_time: datetime
    received_time: datetime
    session: int
    sequence: int
    frame_index: int
    bid: str | None
    bid_size: int | None
    ask: str | None
    ask_size: int | None


class TradeRow(BaseModel):
    """Hold one trade."""

    instrument: str
    source: str
    event_time: datetime
    received_time: datetime
    entry_id: str
    price: str
    size: int
    aggressor: str | None


class BarRow(BaseModel):
    """Hold the trades of one contract in a minute, or on a trade date, from `start`."""

    instrument: str
    source: str
    start: datetime
    open: str
    high: str
    low: str
    close: str
    volume: int
    trades: int


class QuotePage(Page):
    """Hold quotes by contract and time."""

    items: list[QuoteRow]


class TradePage(Page):
    """Hold trades by contract and time."""

    items: list[TradeRow]


class BarPage(Page):
    """Hold bars by contract and start."""

    items: list[BarRow]


async def _range(
    code: str,
    contract: Annotated[
        str | None, Query(description="One delivery month, YYYYMM; unset: all.")
    ] = None,
    source: Annotated[
        str | None, Query(description="One source, such as cme or sandbox; unset: all.")
    ] = None,
    start: Annotated[
        datetime | None, Query(description="From this time on; without a zone it is UTC.")
    ] = None,
    end: Annotated[datetime | None, Query(description="Before this time.")] = None,
    after: Annotated[
        str | None, Query(max_length=500, description="`next_after` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="Rows of a page.")] = 1_000,
) -> TickQuery:
    """Return the range asked for, checked before a store is asked."""
    query = TickQuery(
        product=registry.product(code).code,
        contract=None if contract is None else ContractMonth.parse(contract),
        source=None if source is None else validate_source(source),
        start=_moment("start", start, _FIRST),
        end=_moment("end", end, _LAST),
        after=after,
        limit=limit,
    )
    if query.start >= query.end:
        raise InvalidInput(field="start", reason=f"expected a time before {query.end}")
    return query


def _moment(field: str, moment: datetime | None, default: datetime) -> datetime:
    if moment is None:
        return default
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if not _FIRST <= aware <= _LAST:
        raise InvalidInput(field=field, reason=f"expected a time from {_FIRST} to {_LAST}")
    return aware.astimezone(UTC)


RangeOf = Annotated[TickQuery, Depends(_range)]


@router.get("/products/{code}/quotes", responses=table_answers(QuotePage))
async def read_latest_quotes(
    code: str, request: Request, caller: PrincipalOf, services: ServicesOf, form: FormOf
) -> Response:
    """Return the latest quote of each contract of a product, in one page."""
    product = registry.product(code)
    async with services.pools.read(caller.org_id) as connection:
        quotes = await market.latest_quotes(connection, product.code)
    page = TickPage(table=quotes_table(quotes), next_after=None)
    return await table_response(request, page, form)


@router.get("/products/{code}/ticks", responses=table_answers(QuotePage | TradePage))
async def read_ticks(
    request: Request,
    caller: PrincipalOf,
    services: ServicesOf,
    query: RangeOf,
    form: FormOf,
    kind: Annotated[Literal["quotes", "trades"], Query(description="Which ticks.")] = "quotes",
) -> Response:
    """Return stored quotes or trades of a product, by contract and time."""
    read = ticks.read_quotes if kind == "quotes" else ticks.read_trades
    async with services.pools.read(caller.org_id) as connection:
        page = await read(connection, query)
    return await table_response(request, page, form)


@router.get("/products/{code}/bars", responses=table_answers(BarPage))
async def read_bars(
    request: Request,
    caller: PrincipalOf,
    services: ServicesOf,
    query: RangeOf,
    form: FormOf,
    resolution: Annotated[
        BarResolution, Query(description="A minute, or a trade date from its midnight in UTC.")
    ] = BarResolution.DAY,
) -> Response:
    """Return bars of the trades of a product, by contract and start."""
    asked = bars.BarQuery(
        product=query.product,
        contract=query.contract,
        source=query.source,
        start=query.start,
        end=query.end,
        after=query.after,
        limit=query.limit,
        resolution=resolution,
    )
    async with services.pools.read(caller.org_id) as connection:
        page = await bars.read_bars(connection, asked)
    return await table_response(request, page, form)
