"""Own risk over HTTP: what a book may lose, gains in stresses, and why it made what it made."""

from fastapi import APIRouter, Response

from core.books import BookName
from core.identity import Permission, Principal
from core.risk import BacktestQuestion, ExplainQuestion, StressQuestion
from quant.risk.book_backtest import backtest
from quant.risk.book_explain import explain_book
from quant.risk.book_market import book_market, priced_book
from quant.risk.book_risk import book_risk
from quant.risk.exposures import exposures
from quant.risk.measures import is_simulated
from quant.risk.stress import stress_test
from quant.risk.stress_library import LIBRARY
from quant.risk.stress_questions import stresses_asked
from serve.backtest_views import BacktestView, backtest_view
from serve.book_desk import Held, answered, given, held_in, rules_of, settled_for
from serve.explain_views import ExplainView, explain_view
from serve.identity.access import PrincipalOf, needs
from serve.risk_requests import (
    BacktestOfBook,
    BacktestOfPositions,
    ExplainOfBook,
    ExplainOfPositions,
    RiskBody,
    RiskOfBook,
    RiskOfPositions,
    StressOfBook,
    StressOfPositions,
    added,
    dealt,
)
from serve.risk_views import RiskView, risk_view
from serve.services import Services, ServicesOf
from serve.stress_views import StressedView, StressList, stress_view, stressed_view

router = APIRouter(tags=["risk"])


@router.post("/risk", response_model=RiskView, dependencies=[needs(Permission.ANALYTICS)])
async def measure_positions(
    body: RiskOfPositions, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return how much positions may lose, and which of them would lose it.

    Value at risk and expected shortfall are losses in dollars, from dollar changes of the past;
    parts by position, contract and product add up to them.
    """
    return await _measured(services, caller, given(body), body)


@router.post(
    "/books/{name}/risk",
    response_model=RiskView,
    dependencies=[needs(Permission.ANALYTICS, Permission.BOOKS_READ)],
)
async def measure_book(
    name: BookName, body: RiskOfBook, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return how much a stored book may lose, and which positions would lose it."""
    return await _measured(services, caller, await held_in(services, caller, name, body), body)


@router.get("/stresses", dependencies=[needs(Permission.ANALYTICS)])
async def list_stresses() -> StressList:
    """List the scenarios of the library, each with its days and the source of its figures."""
    return StressList(items=[stress_view(stress) for stress in LIBRARY.values()])


@router.post(
    "/risk/stress", response_model=StressedView, dependencies=[needs(Permission.ANALYTICS)]
)
async def stress_positions(
    body: StressOfPositions, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return what positions gain in scenarios: of the library, or of one's own."""
    return await _stressed(services, caller, given(body), body)


@router.post(
    "/books/{name}/risk/stress",
    response_model=StressedView,
    dependencies=[needs(Permission.ANALYTICS, Permission.BOOKS_READ)],
)
async def stress_book(
    name: BookName, body: StressOfBook, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return what a stored book gains in scenarios: of the library, or of one's own."""
    return await _stressed(services, caller, await held_in(services, caller, name, body), body)


@router.post(
    "/risk/explain", response_model=ExplainView, dependencies=[needs(Permission.ANALYTICS)]
)
async def explain_positions(
    body: ExplainOfPositions, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return where the profit of positions between two days came from."""
    return await _explained(services, caller, given(body), body)


@router.post(
    "/books/{name}/risk/explain",
    response_model=ExplainView,
    dependencies=[needs(Permission.ANALYTICS, Permission.BOOKS_READ)],
)
async def explain_stored(
    name: BookName, body: ExplainOfBook, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return where the profit of a stored book between two days came from."""
    return await _explained(services, caller, await held_in(services, caller, name, body), body)


@router.post(
    "/risk/backtest", response_model=BacktestView, dependencies=[needs(Permission.ANALYTICS)]
)
async def backtest_positions(
    body: BacktestOfPositions, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return how the value at risk of positions would have done over past days."""
    return await _backtested(services, caller, given(body), body)


@router.post(
    "/books/{name}/risk/backtest",
    response_model=BacktestView,
    dependencies=[needs(Permission.ANALYTICS, Permission.BOOKS_READ)],
)
async def backtest_book(
    name: BookName, body: BacktestOfBook, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return how the value at risk of a stored book would have done over past days."""
    return await _backtested(services, caller, await held_in(services, caller, name, body), body)


async def _measured(services: Services, caller: Principal, held: Held, asked: RiskBody) -> Response:
    positions = held.positions + added(asked.add)
    settled = await settled_for(services, caller, positions, asked, window_days=asked.window_days)

    def work() -> RiskView:
        market = book_market(
            positions, settled.histories, settled.as_of, asked.window_days, rules_of(asked)
        )
        found = book_risk(market, asked, held=len(held.positions))
        drawn = is_simulated(asked)
        return risk_view(held, settled, market, asked, found, is_drawn=drawn)

    return await answered(services, "risk", work)


async def _stressed(
    services: Services, caller: Principal, held: Held, asked: StressQuestion
) -> Response:
    stresses = stresses_asked(asked)
    settled = await settled_for(services, caller, held.positions, asked)

    def work() -> StressedView:
        priced = priced_book(held.positions, settled.histories, settled.as_of, rules_of(asked))
        results = [
            stress_test(priced.trading.positions, priced.market, stress) for stress in stresses
        ]
        return stressed_view(held, settled, priced, stresses, results)

    return await answered(services, "stress", work)


async def _explained(
    services: Services, caller: Principal, held: Held, question: ExplainQuestion
) -> Response:
    asked = dealt(question)
    positions = held.positions + tuple(deal.position for deal in asked.deals)
    settled = await settled_for(services, caller, positions, asked, since=asked.since)

    def work() -> ExplainView:
        found = explain_book(
            held.positions,
            asked.deals,
            settled.histories,
            asked.since,
            settled.as_of,
            rules_of(asked),
        )
        return explain_view(held, settled, asked, found)

    return await answered(services, "explain", work)


async def _backtested(
    services: Services, caller: Principal, held: Held, asked: BacktestQuestion
) -> Response:
    days = asked.window_days + asked.days
    settled = await settled_for(services, caller, held.positions, asked, window_days=days)

    def work() -> BacktestView:
        market = book_market(
            held.positions, settled.histories, settled.as_of, days, rules_of(asked)
        )
        priced = market.priced
        book = exposures(priced.trading.positions, priced.market, market.changes.factors)
        return backtest_view(held, settled, market, asked, backtest(book, market.changes, asked))

    return await answered(services, "backtest", work)
