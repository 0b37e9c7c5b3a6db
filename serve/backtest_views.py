"""Own how the backtest of a book's value at risk is told: day by day, and the tests."""

from datetime import date

from pydantic import BaseModel

from core.risk import BacktestQuestion, RiskMethod
from quant.coverage.unconditional import LikelihoodRatio
from quant.risk.book_backtest import Backtest
from quant.risk.book_market import BookMarket
from serve.book_desk import Held
from serve.market_views import MarketView, market_view
from storage.book_markets import LoadedSettlements


class LikelihoodRatioView(BaseModel):
    """Hold a statistic, χ² with so many degrees of freedom if the model holds.

    `limit` is what it is above once in twenty times.
    """

    statistic: float
    degrees_of_freedom: int
    limit: float
    p_value: float
    is_rejected: bool


class TrafficLightView(BaseModel):
    """Hold the zone of the Basel Committee; `factor` is stated for 250 days at 99 % only."""

    zone: str
    cumulative_probability: float
    factor: float | None


class ShortfallTestView(BaseModel):
    """Hold the tests of Acerbi and Székely, below 0 where the shortfall was too small.

    The p-values are under Student's t with `degrees_of_freedom`, or the normal where it is null.
    """

    conditional: float
    conditional_p_value: float
    unconditional: float
    unconditional_p_value: float
    degrees_of_freedom: float | None


class BacktestDay(BaseModel):
    """Hold what was forecast the day before, and what today's book would have gained."""

    date: date
    profit: float
    value_at_risk: float
    expected_shortfall: float
    is_exception: bool


class BacktestView(BaseModel):
    """Hold how the value at risk of today's book would have done over past days."""

    market: MarketView
    method: RiskMethod
    level: float
    window_days: int
    observations: int
    exceptions: int
    expected_exceptions: float
    kupiec: LikelihoodRatioView
    independence: LikelihoodRatioView
    christoffersen: LikelihoodRatioView
    traffic_light: TrafficLightView
    acerbi_szekely: ShortfallTestView
    days: list[BacktestDay]


def backtest_view(
    held: Held,
    settled: LoadedSettlements,
    market: BookMarket,
    question: BacktestQuestion,
    found: Backtest,
) -> BacktestView:
    """Tell of a backtest."""
    count, coverage, light = len(found.dates), found.coverage, found.light
    first, second = found.shortfall_p_values
    return BacktestView(
        market=market_view(held, settled, market.priced),
        method=question.method,
        level=question.level,
        window_days=question.window_days,
        observations=count,
        exceptions=coverage.exceptions,
        expected_exceptions=count * (1.0 - question.level),
        kupiec=_ratio(coverage.unconditional),
        independence=_ratio(coverage.independence),
        christoffersen=_ratio(coverage.joint),
        traffic_light=TrafficLightView(
            zone=light.zone,
            cumulative_probability=light.cumulative_probability,
            factor=light.factor,
        ),
        acerbi_szekely=ShortfallTestView(
            conditional=found.shortfall.conditional,
            conditional_p_value=first,
            unconditional=found.shortfall.unconditional,
            unconditional_p_value=second,
            degrees_of_freedom=found.degrees_of_freedom,
        ),
        days=[
            BacktestDay(
                date=day,
                profit=profit,
                value_at_risk=var,
                expected_shortfall=shortfall,
                is_exception=is_exception,
            )
            for day, profit, var, shortfall, is_exception in zip(
                found.dates,
                found.profits.tolist(),
                found.value_at_risk.tolist(),
                found.expected_shortfall.tolist(),
                found.exceptions.tolist(),
                strict=True,
            )
        ],
    )


def _ratio(found: LikelihoodRatio) -> LikelihoodRatioView:
    return LikelihoodRatioView(
        statistic=found.statistic,
        degrees_of_freedom=found.degrees_of_freedom,
        limit=found.critical_value(),
        p_value=found.p_value,
        is_rejected=found.is_rejected(),
    )
