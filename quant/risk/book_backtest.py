"""Own the backtest of a book's value at risk: what today's book would have done over past days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from core.risk import BacktestQuestion, RiskMethod
from quant.coverage.conditional import ConditionalCoverage, conditional_coverage, exceptions_of
from quant.coverage.expected_shortfall import ShortfallTest, acerbi_szekely, simulate_null
from quant.coverage.traffic_light import TrafficLight, traffic_light
from quant.risk.aggregation import aggregate
from quant.risk.covariance import RISKMETRICS_DECAY
from quant.risk.exposures import Exposures
from quant.risk.factor_history import FactorHistory
from quant.risk.filtering import ewma_filtered
from quant.risk.historical import historical_pnl
from quant.risk.rolling import rolling_risk, tail_columns
from quant.risk.standard_tails import StandardTail

Reals = NDArray[np.float64]
Booleans = NDArray[np.bool_]

HEAVY_TAILS = 5.0
"""Be the degrees of freedom under which simulated forecasts of shortfall are tested."""

MAX_FILTERED_DAYS = 750_000
"""Be how many days are filtered at most, each day's window by itself."""

_DIGITS = 12  # of a probability, so that 1 − 0.99 is 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest:
    """Hold forecasts (days,) in dollars, what came, and the tests of both.

    `profits` are of today's book on each day's price changes, `exceptions` where the loss was
    larger than forecast. `degrees_of_freedom` is that of the distribution which the p-values of
    `shortfall` are from, None the normal.
    """

    dates: tuple[date, ...]
    profits: Reals
    value_at_risk: Reals
    expected_shortfall: Reals
    exceptions: Booleans
    coverage: ConditionalCoverage
    light: TrafficLight
    shortfall: ShortfallTest
    shortfall_p_values: tuple[float, float]
    degrees_of_freedom: float | None


def backtest(book: Exposures, history: FactorHistory, question: BacktestQuestion) -> Backtest:
    """Forecast each of the last days of a history from the window before it, and test.

    Raises:
        HistoryTooShort: there are no more days than the window, or the window is too short for
            the level.
        ModelNotApplicable: the book could not lose, or changes cannot be filtered.
        InvalidInput: more than MAX_FILTERED_DAYS would have to be filtered.
    """
    window = question.window_days
    work = window * question.days
    if question.method is RiskMethod.FILTERED and work > MAX_FILTERED_DAYS:
        reason = f"expected at most {MAX_FILTERED_DAYS // window:,} with such a window, to filter"
        raise InvalidInput(field="days", reason=reason)
    needed = window + 1
    if len(history.dates) < needed:
        raise HistoryTooShort(subject="A backtest", needed=needed, found=len(history.dates))
    last = history.latest(window + question.days)
    together = aggregate([book])
    pnl = historical_pnl(together, last.changes)[0][0]
    var, shortfall = _FORECASTS[question.method](book, last.changes, pnl, question)
    profits = pnl[window:]
    if not (shortfall > 0.0).all():
        day = last.dates[window + int(np.argmin(shortfall))]
        reason = f"nothing could be lost in the {window} days before {day}"
        raise ModelNotApplicable(model="backtest of value at risk", reason=reason)
    probability = round(1.0 - question.level, _DIGITS)
    exceptions = exceptions_of(profits, var)
    coverage = conditional_coverage(exceptions, probability)
    test = acerbi_szekely(profits, var, shortfall, probability)
    freedom = _degrees_of_freedom(question)
    null = simulate_null(len(profits), probability, degrees_of_freedom=freedom, seed=question.seed)
    return Backtest(
        dates=last.dates[window:],
        profits=profits,
        value_at_risk=var,
        expected_shortfall=shortfall,
        exceptions=exceptions,
        coverage=coverage,
        light=traffic_light(coverage.exceptions, len(profits), probability),
        shortfall=test,
        shortfall_p_values=null.p_values(test),
        degrees_of_freedom=freedom,
    )


def _degrees_of_freedom(question: BacktestQuestion) -> float | None:
    is_parametric = question.method is RiskMethod.PARAMETRIC
    return question.degrees_of_freedom or (None if is_parametric else HEAVY_TAILS)


def _historical(
    _book: Exposures, _changes: Reals, pnl: Reals, question: BacktestQuestion
) -> tuple[Reals, Reals]:
    return rolling_risk(pnl, question.window_days, question.level)


def _filtered(
    book: Exposures, changes: Reals, _pnl: Reals, question: BacktestQuestion
) -> tuple[Reals, Reals]:
    """Filter each day's window by itself, as a forecast of that day would have been."""
    together, window = aggregate([book]), question.window_days
    decay = question.decay or RISKMETRICS_DECAY
    found = np.empty((2, len(changes) - window))
    for day in range(found.shape[1]):
        scenarios = ewma_filtered(changes[day : day + window], decay=decay)
        profits = historical_pnl(together, scenarios)[0][0]
        var, shortfall = tail_columns(profits[:, None], question.level)
        found[:, day] = var[0], shortfall[0]
    return found[0], found[1]


def _parametric(
    book: Exposures, changes: Reals, _pnl: Reals, question: BacktestQuestion
) -> tuple[Reals, Reals]:
    """Take the deviation of the linear profit, which is √(δᵀΣδ) of the window's covariance."""
    linear, window = changes @ book.deltas(), question.window_days
    windows = np.lib.stride_tricks.sliding_window_view(linear, window)[:-1]
    if question.decay is None:
        deviations = windows.std(axis=1, ddof=1)
    else:
        weights = question.decay ** np.arange(window - 1, -1, -1.0)
        deviations = np.sqrt(windows**2 @ (weights / weights.sum()))
    tail = StandardTail(degrees_of_freedom=question.degrees_of_freedom)
    return (
        tail.value_at_risk(question.level) * deviations,
        tail.expected_shortfall(question.level) * deviations,
    )


_Forecast = Callable[[Exposures, Reals, Reals, BacktestQuestion], tuple[Reals, Reals]]
_FORECASTS: dict[RiskMethod, _Forecast] = {
    RiskMethod.HISTORICAL: _historical,
    RiskMethod.FILTERED: _filtered,
    RiskMethod.PARAMETRIC: _parametric,
}
