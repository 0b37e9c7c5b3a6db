"""Own simulation by blocks of past days, filtered or not: what moved together stays together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.risk.aggregation import Aggregate
from quant.risk.exposures import sums_at
from quant.risk.historical import check_changes
from quant.risk.kernels.evaluation import evaluate_scenarios
from quant.risk.kernels.simulation import draw_starts, sum_blocks
from quant.risk.reports import TailMeans, tail_means

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]
Booleans = NDArray[np.bool_]

_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockBootstrap:
    """Draw paths of `horizon_days` made of blocks of `block_days` consecutive days (Künsch 1989).

    `changes` (n, F) are price changes in points, best filtered; `history` (n, m) the same as
    coordinates. Blocks start on any day, equally likely, and go on from the last day to the first
    (circular: Politis and Romano 1992). Build it with `block_bootstrap`.
    """

    aggregate: Aggregate
    changes: Reals
    history: Reals
    horizon_days: int
    block_days: int

    def fill(self, key: np.uint64, first: int, pnl: Reals, floored: Booleans) -> None:
        """Write profits (B, n) of paths first … first + n − 1, and which met a floor (n,)."""
        for start in range(0, pnl.shape[1], _AT_ONCE):
            count = min(_AT_ONCE, pnl.shape[1] - start)
            scenarios = self._scenarios(self._starts(key, first + start + np.arange(count)))
            part, flags = np.zeros((len(pnl), count)), np.zeros(count, dtype=np.bool_)
            evaluate_scenarios(self.aggregate.terms, scenarios, 0, count, part, flags)
            pnl[:, start : start + count] = part
            floored[start : start + count] = flags

    def means(self, key: np.uint64, paths: Indices, weights: Reals) -> TailMeans:
        """Return what paths (K,) change on average, under weights (3, K)."""
        starts = self._starts(key, paths)
        days = np.arange(self.horizon_days)
        rows = starts[:, days // self.block_days] + days % self.block_days
        rows %= len(self.changes)
        shares = np.array(
            [
                sums_at(rows.ravel(), np.repeat(row, self.horizon_days), len(self.changes))
                for row in weights
            ]
        )
        scenarios = self._scenarios(starts)
        return tail_means(self.aggregate, scenarios, weights, shares @ self.changes)

    def _starts(self, key: np.uint64, paths: Indices) -> NDArray[np.int32]:
        blocks = -(-self.horizon_days // self.block_days)
        starts = np.zeros((len(paths), blocks), dtype=np.int32)
        draw_starts(key, len(self.changes), paths, starts)
        return starts

    def _scenarios(self, starts: NDArray[np.int32]) -> Reals:
        scenarios = np.zeros((len(starts), self.aggregate.coordinates))
        sum_blocks(self.history, starts, self.horizon_days, self.block_days, scenarios)
        return scenarios


def block_bootstrap(
    aggregate: Aggregate, changes: Reals, *, horizon_days: int = 1, block_days: int = 1
) -> BlockBootstrap:
    """Prepare draws from price changes (n, F), each day as likely as the others.

    Raises:
        InvalidInput: changes are not finite or not of these factors, there is none, or days are
            below 1 or blocks longer than the history.
    """
    check_changes(len(aggregate.factors), changes)
    if horizon_days < 1:
        raise InvalidInput(field="horizon_days", reason=f"expected at least 1, was {horizon_days}")
    if not 1 <= block_days <= len(changes):
        reason = f"expected 1 to {len(changes)} days, was {block_days}"
        raise InvalidInput(field="block_days", reason=reason)
    return BlockBootstrap(
        aggregate=aggregate,
        changes=changes,
        history=aggregate.project(changes),
        horizon_days=horizon_days,
        block_days=block_days,
    )
