"""Own the tails of simulations that are carried out in parts: what of a part must be kept.

A part keeps a little more than its share of the worst paths; together these hold the whole tail,
and where by ill luck they do not, that is noticed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from quant.risk.aggregation import Aggregate
from quant.risk.monte_carlo import Simulation
from quant.risk.reports import RiskReport, report
from quant.risk.tails import Tail, tail_depth, tail_of_worst

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]

_DEVIATIONS_KEPT = 8.0
_LEAST_KEPT = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartialTail:
    """Hold the worst `profits` (K,) of `path_count` paths of one book, and which `paths` these are.

    They rise.
    """

    paths: Indices
    profits: Reals
    path_count: int

    @property
    def is_whole(self) -> bool:
        return len(self.paths) == self.path_count


def worst_of(pnl: Reals, first: int, total: int, level: float) -> PartialTail:
    """Return the worst of profits (n,) of paths `first` … `first` + n − 1, of `total` paths.

    Eight deviations more are kept than a part has in the tail on average, so that one in 10¹⁵
    parts keeps too few.

    Raises:
        HistoryTooShort: there are fewer than 1/(1 − level) paths in total.
        InvalidInput: `level` is not between 0 and 1.
    """
    share = tail_depth(total, level) / total
    expected = len(pnl) * share
    kept = ceil(expected + _DEVIATIONS_KEPT * sqrt(expected)) + _LEAST_KEPT
    if kept >= len(pnl):
        order = np.argsort(pnl, kind="stable")
    else:
        worst = np.sort(np.argpartition(pnl, kept - 1)[:kept])
        order = worst[np.argsort(pnl[worst], kind="stable")]
    return PartialTail(paths=first + order, profits=pnl[order], path_count=len(pnl))


def too_short(parts: Sequence[PartialTail], level: float) -> list[int]:
    """Return which parts may have left out a path of the tail of all of them together."""
    profits = np.concatenate([part.profits for part in parts])
    depth = tail_depth(sum(part.path_count for part in parts), level)
    if len(profits) < depth:
        return [number for number, part in enumerate(parts) if not part.is_whole]
    limit = np.partition(profits, depth - 1)[depth - 1]
    return [
        number
        for number, part in enumerate(parts)
        if not part.is_whole and part.profits[-1] < limit
    ]


def joined_tail(parts: Sequence[PartialTail], level: float) -> Tail:
    """Return the tail of all paths from those of parts, in the order of their paths.

    It is the tail that `tail_of` has of all profits, unless `too_short` names a part.

    Raises:
        HistoryTooShort: there are fewer than 1/(1 − level) paths.
        InvalidInput: `level` is not between 0 and 1.
    """
    count = sum(part.path_count for part in parts)
    paths = np.concatenate([part.paths for part in parts])
    profits = np.concatenate([part.profits for part in parts])
    return tail_of_worst(count, level, paths, profits)


def report_of(
    simulation: Simulation, aggregate: Aggregate, book: int, tail: Tail, floored: int
) -> RiskReport:
    """Return the risk of a book from its tail; its paths are drawn once more, by their index."""
    means = simulation.scenarios.means(simulation.key, tail.scenarios, tail.weights())
    return report(aggregate, book, tail, means, floored)
