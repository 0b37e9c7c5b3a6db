"""Own how a request about a book's risk is carried out: whose positions, which market, how long."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import Response
from pydantic import BaseModel

from core.books import Position
from core.errors import CurveNotFound, SourceUnavailable
from core.identity import Principal
from core.risk import MarketQuestion
from quant.risk.book_market import VOLATILITY_DAYS, MarketRules
from quant.risk.trading_positions import with_expiries
from serve.risk_requests import OfBook, OfPositions
from serve.services import Services
from storage import books
from storage.book_markets import BookMarketRequest, LoadedSettlements, load_settled
from storage.table_files import JSON_TYPE

LIMIT_S = 60.0
"""Be how long a request is worked for, its waiting included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Hold the positions that a request is about, and the book and version that they are of."""

    positions: tuple[Position, ...]
    book: str | None = None
    version: int | None = None


async def held_in(services: Services, caller: Principal, name: str, asked: OfBook) -> Held:
    """Return the positions of a stored book.

    Raises:
        BookNotFound: the organisation keeps none of this name.
        NotFound: the book has no such version.
    """
    async with services.pools.read(caller.org_id) as connection:
        book = await books.get(connection, caller.org_id, name, asked.version)
    return Held(positions=book.positions, book=book.name, version=book.version)


def given(asked: OfPositions) -> Held:
    """Return the positions of a body, every option with its expiry.

    Raises:
        UnknownInstrument: a product is unknown.
        InvalidInput: an option expires after its future.
    """
    return Held(positions=with_expiries(asked.positions))


def rules_of(question: MarketQuestion) -> MarketRules:
    """Return how a question wants its market to be made."""
    return MarketRules(rate=question.rate, dollars=question.dollars, strict=question.strict)


async def settled_for(
    services: Services,
    caller: Principal,
    positions: Sequence[Position],
    question: MarketQuestion,
    *,
    window_days: int = VOLATILITY_DAYS,
    since: date | None = None,
) -> LoadedSettlements:
    """Read what values positions, of each product from the source asked for or its live one.

    Raises:
        CurveNotFound: there is no live source, or the source holds nothing of a product by then.
        InvalidInput: nothing of it trades on the day.
        HistoryTooShort: a product settled on no day of the window.
    """
    products = sorted({each.product for one in positions for each in one.instruments})
    request = BookMarketRequest(
        sources=await _sources(services, products, question.source),
        as_of=question.as_of,
        window_days=window_days,
        rules=rules_of(question),
    )
    async with services.pools.read(caller.org_id) as connection:
        return await load_settled(connection, caller.org_id, positions, request, since)


async def answered(services: Services, what: str, work: Callable[[], BaseModel]) -> Response:
    """Answer with what the work makes; numbers and text of long books take a while.

    Raises:
        SourceUnavailable: it takes too long.
    """

    def body() -> bytes:
        return work().model_dump_json().encode()

    try:
        async with asyncio.timeout(LIMIT_S):
            content = await services.calculator.run(body)
    except TimeoutError:
        reason = f"it took more than {LIMIT_S:g} s; ask for less, or later"
        raise SourceUnavailable(source=what, reason=reason) from None
    return Response(content, media_type=JSON_TYPE)


async def _sources(
    services: Services, products: Sequence[str], asked: str | None
) -> dict[str, str]:
    if asked is not None:
        return dict.fromkeys(products, asked)
    live = await services.market.live_products()
    for product in products:
        if product not in live:
            raise CurveNotFound(product=product, source="any live source", as_of="today")
    return {product: live[product] for product in products}
