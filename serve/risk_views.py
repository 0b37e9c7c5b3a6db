"""Own how the risk of a book is told: measures with intervals, and parts that add up to them."""

from datetime import date

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from core.risk import RiskMethod, RiskQuestion
from quant.risk.book_market import BookMarket
from quant.risk.book_risk import BookRisk
from quant.risk.increments import Increment
from quant.risk.reports import RiskReport
from serve.book_desk import Held
from serve.market_views import TOLD_DAYS, MarketView, label_of, market_view
from storage.book_markets import LoadedSettlements

Reals = NDArray[np.float64]

_NORMAL_95 = 1.959963984540054
_BINS = 60


class EstimateView(BaseModel):
    """Hold a loss in dollars, and its 95 % interval; without scenarios there is none."""

    estimate: float
    error: float | None
    low: float | None
    high: float | None


class PartView(BaseModel):
    """Hold a part of both measures in dollars; parts of one kind add up to them."""

    value_at_risk: float
    expected_shortfall: float


class PositionPart(PartView):
    """Hold the part of a position, counted from 1."""

    position: int
    label: str


class ContractPart(PartView):
    """Hold the part of a contract, its price and the book's dollars per point of it.

    The marginal measures are what one dollar per point more would add.
    """

    contract: str
    price: float
    delta: float
    marginal_value_at_risk: float
    marginal_expected_shortfall: float


class ProductPart(PartView):
    """Hold the part of all contracts of a product."""

    product: str


class LevelView(BaseModel):
    """Hold what may be lost at a level, split three ways, and by how much additions raise it."""

    level: float
    value_at_risk: EstimateView
    expected_shortfall: EstimateView
    positions: list[PositionPart]
    contracts: list[ContractPart]
    products: list[ProductPart]
    added: PartView | None


class WindowView(BaseModel):
    """Tell from which days was learnt.

    `left_out` days lacked a price of some contract, counted by contract in `missing`; on
    `uncommon` days some products settled and others did not. These and they are of all days read.
    """

    first: date
    last: date
    days: int
    asked: int
    left_out: int
    missing: dict[str, int]
    uncommon_days: int
    uncommon: list[date]


class DistributionView(BaseModel):
    """Count the profits of all scenarios between `edges`, in dollars."""

    edges: list[float]
    counts: list[int]


class RiskView(BaseModel):
    """Hold how much a book may lose over a horizon, and from what that was told.

    In `floored_scenarios` a price under Black-76 fell to 0 or below, where its options are worth
    what they would pay. `distribution` is null where nothing was simulated.
    """

    market: MarketView
    method: RiskMethod
    horizon_days: int
    window: WindowView
    scenarios: int
    floored_scenarios: int
    seed: int | None
    levels: list[LevelView]
    distribution: DistributionView | None


def risk_view(
    held: Held,
    settled: LoadedSettlements,
    market: BookMarket,
    question: RiskQuestion,
    found: BookRisk,
    *,
    is_drawn: bool,
) -> RiskView:
    """Tell of the risk of a book in its market."""
    increments = found.increments or (None,) * len(found.reports)
    first = found.reports[0]
    profits = found.measured.profits
    return RiskView(
        market=market_view(held, settled, market.priced, found.notes),
        method=question.method,
        horizon_days=question.horizon_days,
        window=_window(market, question, found.measured.days),
        scenarios=first.scenario_count,
        floored_scenarios=first.floored_scenarios,
        seed=question.seed if is_drawn else None,
        levels=[
            _level(held, found, report, increment)
            for report, increment in zip(found.reports, increments, strict=True)
        ],
        distribution=None if profits is None else _distribution(profits[0]),
    )


def _level(
    held: Held, found: BookRisk, report: RiskReport, increment: Increment | None
) -> LevelView:
    positions, factors = report.by_position, report.by_factor
    deltas, marginal = found.held.deltas(), report.marginal
    return LevelView(
        level=report.level,
        value_at_risk=_estimate(report, report.value_at_risk, report.value_at_risk_error),
        expected_shortfall=_estimate(
            report, report.expected_shortfall, report.expected_shortfall_error
        ),
        positions=[
            PositionPart(
                position=number + 1,
                label=label_of(number, held.positions[number]),
                value_at_risk=float(positions.value_at_risk[row]),
                expected_shortfall=float(positions.expected_shortfall[row]),
            )
            for row, number in enumerate(found.numbers)
        ],
        contracts=[
            ContractPart(
                contract=str(factor),
                price=float(found.held.prices[row]),
                delta=float(deltas[row]),
                value_at_risk=float(factors.value_at_risk[row]),
                expected_shortfall=float(factors.expected_shortfall[row]),
                marginal_value_at_risk=float(marginal.value_at_risk[row]),
                marginal_expected_shortfall=float(marginal.expected_shortfall[row]),
            )
            for row, factor in enumerate(report.factors)
        ],
        products=_products(report),
        added=None if increment is None else _increment(increment),
    )


def _increment(increment: Increment) -> PartView:
    return PartView(
        value_at_risk=increment.value_at_risk, expected_shortfall=increment.expected_shortfall
    )


def _products(report: RiskReport) -> list[ProductPart]:
    codes = np.array([factor.product for factor in report.factors])
    by_factor = report.by_factor
    return [
        ProductPart(
            product=code,
            value_at_risk=float(by_factor.value_at_risk[codes == code].sum()),
            expected_shortfall=float(by_factor.expected_shortfall[codes == code].sum()),
        )
        for code in sorted(set(codes.tolist()))
    ]


def _estimate(report: RiskReport, estimate: float, error: float) -> EstimateView:
    if not report.scenario_count:
        return EstimateView(estimate=estimate, error=None, low=None, high=None)
    reach = _NORMAL_95 * error
    return EstimateView(estimate=estimate, error=error, low=estimate - reach, high=estimate + reach)


def _window(market: BookMarket, question: RiskQuestion, days: int) -> WindowView:
    changes = market.changes
    names = [str(factor) for factor in changes.factors]
    return WindowView(
        first=changes.dates[-days],
        last=changes.dates[-1],
        days=days,
        asked=question.window_days,
        left_out=changes.left_out,
        missing={name: count for name, count in zip(names, changes.missing, strict=True) if count},
        uncommon_days=len(changes.uncommon),
        uncommon=list(changes.uncommon[-TOLD_DAYS:]),
    )


def _distribution(profits: Reals) -> DistributionView:
    counts, edges = np.histogram(profits, bins=_BINS)
    return DistributionView(edges=edges.tolist(), counts=counts.tolist())
