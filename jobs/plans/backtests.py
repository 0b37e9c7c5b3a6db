"""Own how a backtest is planned: which days are scored, from which prices, in which units."""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.backtests import BacktestModel
from core.errors import InvalidInput
from core.products import product
from core.specifications.backtest import (
    DEFAULT_SCORED_DAYS,
    MAX_SCORED_DAYS,
    BacktestSpecification,
)
from jobs.plans.grouping import MAX_CHUNKS
from jobs.plans.vintages import vintage_of
from quant.continuous import SettlementHistory
from storage.settlement_windows import HistoryRequest, LoadedHistories

Reals = NDArray[np.float64]

LEAST_SCORED_DAYS = 20
DENSITY_WARM_UP = 1_250
"""Read so many days before the first for the density model, whose memory reaches no further."""

_PER_DENSITY_DAY_S = 0.004
_PER_PLAIN_DAY_S = 0.0002
_PER_CELL_S = 0.05
_PER_FIT_S = {BacktestModel.GARCH: 0.0005, BacktestModel.HAR: 0.0001}


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestUnit:
    """Name one chunk: a model with its window, over one period of one product."""

    product: str
    period: int
    model: BacktestModel
    window: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestWork:
    """Hold what all chunks of a backtest share: what was asked, and the prices as posed."""

    specification: BacktestSpecification
    problem: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PosedBacktest:
    """Hold a backtest that can be carried out: JSON-ready prices and periods, and their vintage."""

    specification: BacktestSpecification
    problem: dict[str, Any]
    vintage: str


def history_request(specification: BacktestSpecification) -> HistoryRequest:
    """Ask for the settlements of every day scored, and of those before that models learn from.

    Raises:
        InvalidInput: no source was chosen, or more than 6,000 days were asked for.
    """
    return HistoryRequest(
        products=specification.products,
        positions=specification.positions[-1] + 1,  # on a roll, prices of the next position count
        source=specification.settled_source,
        as_of=specification.as_of,
        days=_asked_days(specification) + _warm_up(specification),
    )


def pose(specification: BacktestSpecification, loaded: LoadedHistories) -> PosedBacktest:
    """Settle which days are scored, and keep the prices that this takes.

    Raises:
        InvalidInput: a window is longer than the history before the first day, a product has no
            day to score, or a position no price; names the field.
    """
    lasts = [history.dates[-1] for history in loaded.histories]
    as_of = min(specification.as_of, max(lasts)) if specification.as_of else min(lasts)
    first = specification.first or _default_first(specification, loaded.histories, as_of)
    if not first < as_of:
        raise InvalidInput(field="first", reason=f"expected before {as_of}, was {first}")
    settled = specification.model_copy(update={"first": first, "as_of": as_of})
    cut = periods(first, as_of, specification.period_months)
    _require_few_units(settled, len(cut))
    kept = [_kept(settled, history) for history in loaded.histories]
    prices = ((one.product, one.settlements) for one in kept)
    vintage = vintage_of(settled.settled_source, loaded.recorded_until, prices)
    return PosedBacktest(
        specification=settled,
        problem={
            "histories": {one.product: _to_json(one) for one in kept},
            "periods": [
                {"first": begins.isoformat(), "last": ends.isoformat()} for begins, ends in cut
            ],
            "vintage": vintage,
        },
        vintage=vintage,
    )


def periods(first: date, last: date, months: int | None) -> list[tuple[date, date]]:
    """Cut the days from `first` to `last` into periods of so many months; None is one period."""
    if months is None:
        return [(first, last)]
    found, begins, number = [], first, 1
    while begins <= last:
        following = _months_after(first, number * months)
        found.append((begins, min(last, following - timedelta(days=1))))
        begins, number = following, number + 1
    return found


def units(specification: BacktestSpecification, problem: dict[str, Any]) -> list[BacktestUnit]:
    """List the chunks: products slowest, then periods, then models and their windows."""
    return [
        BacktestUnit(product=code, period=period, model=model, window=window)
        for code in specification.products
        for period in range(len(problem["periods"]))
        for model, window in specification.walks()
    ]


def scored_days(problem: dict[str, Any], unit: BacktestUnit) -> int:
    """Count the days of a unit's period on which its product settled."""
    period = problem["periods"][unit.period]
    dates = problem["histories"][unit.product]["dates"]
    # dates rise, as text too; the first of them has no change
    return bisect_right(dates, period["last"]) - bisect_left(dates, period["first"], lo=1)


def estimated_s(
    specification: BacktestSpecification, problem: dict[str, Any], unit: BacktestUnit
) -> float:
    """Return about how many seconds a unit takes on one core."""
    days = scored_days(problem, unit)
    cells = len(specification.positions) * len(specification.horizons)
    judged = cells * (_PER_CELL_S + days * _PER_PLAIN_DAY_S)
    if unit.model is BacktestModel.DENSITY:
        walked = len(problem["histories"][unit.product]["dates"])
        return judged + _PER_DENSITY_DAY_S * (days * cells + walked / 10)
    return judged + days * _PER_FIT_S.get(unit.model, 0.0) * len(specification.positions)


def history_of(problem: dict[str, Any], code: str) -> SettlementHistory:
    """Rebuild the settlements of one product from a posed problem."""
    kept = problem["histories"][code]
    return SettlementHistory(
        product=code,
        dates=tuple(date.fromisoformat(day) for day in kept["dates"]),
        settlements=np.array(kept["settlements"], dtype=np.float64),
    )


def _to_json(history: SettlementHistory) -> dict[str, Any]:
    row = product(history.product)
    return {
        "unit": f"{row.currency}/{row.price_unit}",
        "dates": [day.isoformat() for day in history.dates],
        "settlements": [
            [None if np.isnan(price) else price for price in prices]
            for prices in history.settlements.tolist()
        ],
    }


def _require_few_units(specification: BacktestSpecification, cut: int) -> None:
    count = len(specification.products) * cut * len(specification.walks())
    if count > MAX_CHUNKS:
        reason = f"expected at most {MAX_CHUNKS:,} products, periods, models and windows together"
        raise InvalidInput(field="period_months", reason=f"{reason}, were {count:,}")


def _asked_days(specification: BacktestSpecification) -> int:
    if specification.first is None:
        return DEFAULT_SCORED_DAYS
    if specification.as_of is None:
        return MAX_SCORED_DAYS
    days = int(np.busday_count(specification.first, specification.as_of)) + 1
    if days > MAX_SCORED_DAYS:
        reason = f"expected at most {MAX_SCORED_DAYS:,} business days to score, were {days:,}"
        raise InvalidInput(field="first", reason=reason)
    return days


def _warm_up(specification: BacktestSpecification) -> int:
    longest = specification.longest_window
    if BacktestModel.DENSITY in specification.models:
        return max(longest, DENSITY_WARM_UP)
    return longest


def _default_first(
    specification: BacktestSpecification, histories: Sequence[SettlementHistory], as_of: date
) -> date:
    """Return the first of the last 500 days, or of as many as leave a window before them."""
    shortest = min(histories, key=lambda history: _until(history, as_of))
    days = [day for day in shortest.dates[1:] if day <= as_of]
    scored = min(DEFAULT_SCORED_DAYS, len(days) - specification.longest_window)
    if scored < LEAST_SCORED_DAYS:
        raise _window_refused(specification, shortest.product, len(days), LEAST_SCORED_DAYS)
    return days[-scored]


def _until(history: SettlementHistory, as_of: date) -> int:
    return sum(day <= as_of for day in history.dates)


def _kept(specification: BacktestSpecification, history: SettlementHistory) -> SettlementHistory:
    """Return the days of a history up to the last that is scored, and no more than are needed."""
    first, as_of = specification.first, specification.as_of
    days = [day for day in history.dates if as_of is None or day <= as_of]
    before = sum(day < first for day in days[1:]) if first is not None else 0
    if len(days) - 1 - before < 1:
        reason = f"{history.product} has no settlement from {first} to {as_of}"
        raise InvalidInput(field="products", reason=reason)
    if before < specification.longest_window:
        raise _window_refused(specification, history.product, before, 0)
    start = before - min(before, _warm_up(specification))
    columns = min(history.settlements.shape[1], specification.positions[-1] + 1)
    settlements = history.settlements[start : len(days), :columns]
    _require_positions(specification, history.product, settlements[before - start :])
    return SettlementHistory(
        product=history.product, dates=tuple(days[start:]), settlements=settlements
    )


def _window_refused(
    specification: BacktestSpecification, code: str, found: int, scored: int
) -> InvalidInput:
    longest = specification.longest_window
    needed = f"{longest} days before the first" + (f" and {scored} to score" if scored else "")
    reason = f"{code} has {found} days in {specification.source}, needed are {needed}"
    return InvalidInput(field="windows", reason=reason)


def _require_positions(specification: BacktestSpecification, code: str, prices: Reals) -> None:
    for position in specification.positions:
        if position > prices.shape[1] or not np.isfinite(prices[:, position - 1]).any():
            reason = f"{code} has no price of position {position} in {specification.source}"
            raise InvalidInput(field="positions", reason=reason)


def _months_after(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
