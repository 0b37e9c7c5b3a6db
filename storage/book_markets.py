"""Own the reading of what values a book on a day: settlements of its contracts, and their past.

Each product is read from one source; the sources of products may differ.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from core.books import Position
from core.errors import CurveNotFound, InvalidInput
from quant.contract_history import ContractHistory
from quant.risk.book_market import (
    DEFAULT_WINDOW_DAYS,
    VOLATILITY_DAYS,
    BookMarket,
    MarketRules,
    book_market,
    positions_needed,
)
from quant.risk.trading_positions import still_trading
from storage import settlements
from storage.contract_histories import MAX_POSITIONS, DateRange, LoadedContracts, load_contracts
from storage.pool import ReadConn

# Some 250 of 365 days are business days; holidays of several exchanges take a few more.
_CALENDAR_DAYS_PER_DAY = 1.47
_SPARE_DAYS = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class BookMarketRequest:
    """Say which market a book is to be valued in: sources by product, the day, how much past.

    `as_of` None is the latest day on which anything of the book settled.
    """

    sources: Mapping[str, str]
    as_of: date | None = None
    window_days: int = DEFAULT_WINDOW_DAYS
    rules: MarketRules = field(default_factory=MarketRules)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedSettlements:
    """Hold settlements by product up to a day; products whose contracts have expired are absent."""

    as_of: date
    by_product: Mapping[str, LoadedContracts]

    @property
    def histories(self) -> dict[str, ContractHistory]:
        return {product: loaded.history for product, loaded in self.by_product.items()}

    @property
    def sources(self) -> dict[str, str]:
        return {product: loaded.source for product, loaded in self.by_product.items()}

    @property
    def recorded_until(self) -> datetime:
        """Return when the newest settlement was stored."""
        return max(loaded.recorded_until for loaded in self.by_product.values())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedBookMarket:
    """Hold the market of a book, and the settlements that it was made of."""

    book: BookMarket
    settled: LoadedSettlements


async def load_book_market(
    conn: ReadConn, org_id: UUID, positions: Sequence[Position], request: BookMarketRequest
) -> LoadedBookMarket:
    """Read the market of a book: prices, volatilities where none are given, past changes.

    Raises:
        CurveNotFound: a source holds nothing of a product at or before the day.
        UnknownInstrument, InvalidInput, HistoryTooShort, ModelNotApplicable: as
            `quant.risk.book_market.book_market`.
    """
    settled = await load_settled(conn, org_id, positions, request)
    work = (positions, settled.histories, settled.as_of, request.window_days, request.rules)
    # Thousands of days of long curves take a while, and the loop serves others meanwhile.
    return LoadedBookMarket(book=await asyncio.to_thread(book_market, *work), settled=settled)


async def load_settled(
    conn: ReadConn,
    org_id: UUID,
    positions: Sequence[Position],
    request: BookMarketRequest,
    since: date | None = None,
) -> LoadedSettlements:
    """Read the settlements of a book's products, the window long, or from `since` if earlier.

    Contracts that trade on `since` are read, and else those that trade on the request's day.

    Raises:
        CurveNotFound: a source holds nothing of a product at or before the day.
        InvalidInput: nothing of the book trades on the day, or a product has no source.
        HistoryTooShort: a product settled on no day of the window.
    """
    as_of = await _valued_on(conn, org_id, positions, request)
    held_on = min(since or as_of, as_of)
    trading = still_trading(positions, held_on, strict=request.rules.strict)
    if not trading.positions:
        reason = f"expected some that trade on {held_on}; {len(trading.expired)} have expired"
        raise InvalidInput(field="positions", reason=reason)
    days = max(request.window_days, VOLATILITY_DAYS) * _CALENDAR_DAYS_PER_DAY + _SPARE_DAYS
    span = DateRange(first=held_on - timedelta(days=round(days)), last=as_of)
    found: dict[str, LoadedContracts] = {}
    for product, count in sorted(positions_needed(trading, held_on).items()):
        source = _source(request, product)
        if await settlements.latest_date(conn, org_id, source, product, as_of) is None:
            raise CurveNotFound(product=product, source=source, as_of=str(as_of))
        count = min(count, MAX_POSITIONS)
        found[product] = await load_contracts(conn, org_id, source, product, span, count)
    return LoadedSettlements(as_of=as_of, by_product=found)


async def _valued_on(
    conn: ReadConn, org_id: UUID, positions: Sequence[Position], request: BookMarketRequest
) -> date:
    products = sorted({each.product for one in positions for each in one.instruments})
    if not products:
        raise InvalidInput(field="positions", reason="expected at least one")
    latest = [
        await settlements.latest_date(
            conn, org_id, _source(request, product), product, request.as_of
        )
        for product in products
    ]
    known = [day for day in latest if day is not None]
    if not known:
        when = str(request.as_of or "today")
        source = _source(request, products[0])
        raise CurveNotFound(product=products[0], source=source, as_of=when)
    return max(known)


def _source(request: BookMarketRequest, product: str) -> str:
    if product not in request.sources:
        raise InvalidInput(field="sources", reason=f"expected one of {product}")
    return request.sources[product]
