"""Own what every answer about a book's risk says of the market that it was valued in."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pydantic import BaseModel

from core.books import Position
from core.forecasts import ModelNote
from quant.risk.book_market import EstimatedVolatility, PricedBook, StalePrice
from quant.risk.trading_positions import ExpiredContract
from serve.book_desk import Held
from storage.book_markets import LoadedSettlements

TOLD_DAYS = 100


class ExpiredView(BaseModel):
    """Tell of a contract, or an option on it, that traded no more and is valued as nothing."""

    position: int
    contract: str
    is_option: bool
    last_traded: date


class StaleView(BaseModel):
    """Tell of a price that nobody set lately: business days old, or repeated so many times."""

    contract: str
    settled_on: date
    age_days: int
    repeats: int


class VolatilityView(BaseModel):
    """Tell of an option valued under the normal model, at a volatility of past changes.

    `volatility` is in points of the price, per year; `given` is one that could not be used, since
    a price or strike was not above 0.
    """

    position: int
    contract: str
    model: str
    volatility: float
    days: int
    given: float | None


class NoteView(BaseModel):
    """Tell one assumption, fallback or limit; `code` is stable."""

    code: str
    detail: str


class MarketView(BaseModel):
    """Hold where the prices of an answer are from, and what is doubtful about them.

    Positions are counted from 1, as in the book or the body. `absent` are business days without
    any settlement between the first and the last that were read, by product; of those and of
    others at most a hundred are named.
    """

    book: str | None
    version: int | None
    as_of: date
    sources: dict[str, str]
    recorded_until: datetime
    expired: list[ExpiredView]
    stale: list[StaleView]
    volatilities: list[VolatilityView]
    absent: dict[str, list[date]]
    ignored_rows: dict[str, int]
    notes: list[NoteView]


def market_view(
    held: Held, settled: LoadedSettlements, priced: PricedBook, notes: Sequence[ModelNote] = ()
) -> MarketView:
    """Tell of the market of a book."""
    loaded = settled.by_product
    return MarketView(
        book=held.book,
        version=held.version,
        as_of=priced.market.as_of,
        sources=settled.sources,
        recorded_until=settled.recorded_until,
        expired=[_expired(one) for one in priced.trading.expired],
        stale=stale_views(priced.stale),
        volatilities=[_volatility(one) for one in priced.estimated],
        absent={code: list(one.absent[-TOLD_DAYS:]) for code, one in loaded.items() if one.absent},
        ignored_rows={code: one.ignored_rows for code, one in loaded.items() if one.ignored_rows},
        notes=[NoteView(code=note.code, detail=note.detail) for note in notes],
    )


def stale_views(stale: Iterable[StalePrice]) -> list[StaleView]:
    """Tell of stale prices."""
    return [
        StaleView(
            contract=str(one.contract),
            settled_on=one.settled_on,
            age_days=one.age_days,
            repeats=one.repeats,
        )
        for one in stale
    ]


def label_of(number: int, position: Position) -> str:
    """Return what a position is called, by its index from 0: its label, else its place."""
    return position.label or f"position {number + 1}"


def _expired(one: ExpiredContract) -> ExpiredView:
    return ExpiredView(
        position=one.position + 1,
        contract=str(one.contract),
        is_option=one.is_option,
        last_traded=one.last_traded,
    )


def _volatility(one: EstimatedVolatility) -> VolatilityView:
    return VolatilityView(
        position=one.position + 1,
        contract=str(one.contract),
        model="bachelier",
        volatility=one.volatility,
        days=one.days,
        given=one.given,
    )
