"""Own how the profit of a book between two days is told, cause by cause."""

from datetime import date

from pydantic import BaseModel

from core.risk import ExplainQuestion
from quant.risk.book_explain import CAUSES, BookExplanation
from serve.book_desk import Held
from serve.market_views import MarketView, label_of, market_view, stale_views
from storage.book_markets import LoadedSettlements


class CausesView(BaseModel):
    """Hold a profit in dollars by cause: they add up to `total`, which is by full revaluation.

    `deals` is of what was traded since, the others of what was held.
    """

    delta: float
    gamma: float
    vega: float
    theta: float
    deals: float
    unexplained: float
    total: float


class ExplainedPosition(CausesView):
    """Hold the profit of a position, counted from 1; `ended` is its last day, if before the end."""

    position: int
    label: str
    ended: date | None


class ExplainedDeal(CausesView):
    """Hold the profit of a deal, counted from 1."""

    deal: int
    label: str


class ExplainView(BaseModel):
    """Hold where a book's profit between two days came from; `market` is that of the first."""

    market: MarketView
    since: date
    until: date
    total: CausesView
    positions: list[ExplainedPosition]
    deals: list[ExplainedDeal]


def explain_view(
    held: Held, settled: LoadedSettlements, question: ExplainQuestion, found: BookExplanation
) -> ExplainView:
    """Tell where the profit of a book came from."""
    rows = [_causes(row) for row in found.causes.tolist()]
    market = market_view(held, settled, found.since)
    return ExplainView(
        market=market.model_copy(update={"stale": stale_views(found.stale)}),
        since=found.since.market.as_of,
        until=found.until,
        total=CausesView(**_causes(found.causes.sum(axis=0).tolist())),
        positions=[
            ExplainedPosition(
                **causes,
                position=number + 1,
                label=label_of(number, held.positions[number]),
                ended=found.ended.get(number),
            )
            for number, causes in zip(found.numbers, rows, strict=False)
        ],
        deals=[
            ExplainedDeal(
                **causes, deal=number + 1, label=deal.position.label or f"deal {number + 1}"
            )
            for number, (deal, causes) in enumerate(
                zip(question.deals, rows[len(found.numbers) :], strict=True)
            )
        ],
    )


def _causes(row: list[float]) -> dict[str, float]:
    return {**dict(zip(CAUSES, row, strict=True)), "total": sum(row)}
