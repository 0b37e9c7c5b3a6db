"""Own historical simulation: the price changes of past days befall the book of today."""

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.risk.aggregation import Aggregate
from quant.risk.kernels.evaluation import evaluate_scenarios
from quant.risk.parallel import share
from quant.risk.reports import RiskReport, report, tail_means
from quant.risk.tails import lower_rank, tail_of

Reals = NDArray[np.float64]
Booleans = NDArray[np.bool_]


def historical_pnl(
    aggregate: Aggregate, changes: Reals, *, threads: int = 1
) -> tuple[Reals, Booleans]:
    """Return the profit of each book in each scenario (B, S), and where it met a floor (S,).

    `changes` (S, F) are price changes in points as quoted, never returns: prices may be negative.
    They are past days as they were, or filtered ones. Volatilities and time stand still. A scenario
    meets a floor where it takes a price under Black-76 to 0 or below; its options are then worth
    what they would pay.

    Raises:
        InvalidInput: changes are not finite, or not of these factors.
    """
    return _evaluated(aggregate, _coordinates(aggregate, changes), threads)


def historical_risk(
    aggregate: Aggregate, changes: Reals, level: float, *, threads: int = 1
) -> tuple[RiskReport, ...]:
    """Return the risk of each book over scenarios (S, F), all equally likely, and its parts.

    Raises:
        InvalidInput: changes are not finite or not of these factors, or `level` is not in (0, 1).
        HistoryTooShort: there are fewer than 1/(1 − level) scenarios.
    """
    lower_rank(len(changes), level)
    coordinates = _coordinates(aggregate, changes)
    pnl, floored = _evaluated(aggregate, coordinates, threads)
    count = int(np.count_nonzero(floored))
    reports = []
    for book, profits in enumerate(pnl):
        tail = tail_of(profits, level)
        weights = tail.weights()
        means = tail_means(
            aggregate, coordinates[tail.scenarios], weights, weights @ changes[tail.scenarios]
        )
        reports.append(report(aggregate, book, tail, means, count))
    return tuple(reports)


def check_changes(factors: int, changes: Reals) -> None:
    """Refuse price changes (S, F) that are not finite, or not of so many factors.

    Raises:
        InvalidInput: they are.
    """
    if changes.ndim != 2 or changes.shape[1] != factors:
        reason = f"expected a column for each of {factors} factors, was {changes.shape}"
        raise InvalidInput(field="changes", reason=reason)
    if not np.isfinite(changes).all():
        raise InvalidInput(field="changes", reason="expected finite numbers only")


def _coordinates(aggregate: Aggregate, changes: Reals) -> Reals:
    check_changes(len(aggregate.factors), changes)
    return aggregate.project(changes)


def _evaluated(aggregate: Aggregate, coordinates: Reals, threads: int) -> tuple[Reals, Booleans]:
    count = len(coordinates)
    pnl = np.zeros((aggregate.books, count))
    floored = np.zeros(count, dtype=np.bool_)

    def work(first: int, last: int) -> None:
        evaluate_scenarios(aggregate.terms, coordinates, first, last, pnl, floored)

    share(count, threads, work)
    return pnl, floored
