"""Own how stresses are told: the library, and what a book gains in each scenario."""

from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel

from quant.risk.book_market import PricedBook
from quant.risk.stress import CurveShock, Stress, StressResult, VolatilityShock
from serve.book_desk import Held
from serve.market_views import MarketView, label_of, market_view
from storage.book_markets import LoadedSettlements


class CurveShockView(BaseModel):
    """Hold how a product's curve moves at positions; in between linearly."""

    product: str
    unit: str
    positions: tuple[int, ...]
    values: tuple[float, ...]


class VolatilityShockView(BaseModel):
    """Hold how every volatility of a product moves."""

    product: str
    unit: str
    value: float


class StressView(BaseModel):
    """Hold a scenario: its shocks, when it was, if ever, and where its figures are from."""

    name: str
    title: str
    first: date | None
    last: date | None
    curves: list[CurveShockView]
    volatilities: list[VolatilityShockView]
    origin: str


class StressList(BaseModel):
    """Hold the scenarios of the library."""

    items: list[StressView]


class StressedPosition(BaseModel):
    """Hold what a position, counted from 1, gains in dollars."""

    position: int
    label: str
    profit: float


class StressedContract(BaseModel):
    """Hold how far a contract moves, in points of its price."""

    contract: str
    price: float
    change: float


class StressOutcome(BaseModel):
    """Hold what a book gains in a scenario, in dollars; positions add up to it.

    The scenario says nothing about `untouched` contracts. At `floored` ones a price under Black-76
    falls to 0 or below, where options are worth what they would pay.
    """

    name: str
    title: str
    profit: float
    positions: list[StressedPosition]
    contracts: list[StressedContract]
    untouched: list[str]
    floored: list[str]


class StressedView(BaseModel):
    """Hold what a book gains in scenarios, and the market that they befall."""

    market: MarketView
    outcomes: list[StressOutcome]


def stress_view(stress: Stress) -> StressView:
    """Tell of a scenario."""
    return StressView(
        name=stress.name,
        title=stress.title,
        first=stress.first,
        last=stress.last,
        curves=[_curve(shock) for shock in stress.curves],
        volatilities=[_volatility(shock) for shock in stress.volatilities],
        origin=stress.origin,
    )


def stressed_view(
    held: Held,
    settled: LoadedSettlements,
    priced: PricedBook,
    stresses: Iterable[Stress],
    results: Iterable[StressResult],
) -> StressedView:
    """Tell of what a book gains in scenarios."""
    return StressedView(
        market=market_view(held, settled, priced),
        outcomes=[
            _outcome(held, priced, stress, result)
            for stress, result in zip(stresses, results, strict=True)
        ],
    )


def _outcome(held: Held, priced: PricedBook, stress: Stress, result: StressResult) -> StressOutcome:
    return StressOutcome(
        name=stress.name,
        title=stress.title,
        profit=result.pnl,
        positions=[
            StressedPosition(
                position=number + 1, label=label_of(number, held.positions[number]), profit=profit
            )
            for number, profit in zip(
                priced.trading.numbers, result.by_position.tolist(), strict=True
            )
        ],
        contracts=[
            StressedContract(
                contract=str(factor), price=priced.market.prices[factor], change=change
            )
            for factor, change in zip(result.factors, result.changes.tolist(), strict=True)
        ],
        untouched=[str(factor) for factor in result.untouched],
        floored=[str(factor) for factor in result.floored],
    )


def _curve(shock: CurveShock) -> CurveShockView:
    return CurveShockView(
        product=shock.product, unit=shock.unit, positions=shock.positions, values=shock.values
    )


def _volatility(shock: VolatilityShock) -> VolatilityShockView:
    return VolatilityShockView(product=shock.product, unit=shock.unit, value=shock.value)
