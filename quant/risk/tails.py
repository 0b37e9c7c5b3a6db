"""Own value at risk and expected shortfall of a sample of profits, and who is in its tail."""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.risk.standard_tails import check_level

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]

_ROUNDING = 1e-9
_WINDOW = 0.25  # of the tail, to both sides of the value at risk


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tail:
    """Hold both measures of S profits, as positive losses, and the scenarios that make them.

    `scenarios` (K,) are the worst ones, the worst first, a little further than the value at risk;
    `profits` (K,) theirs. `at_risk` is the rank of the value at risk among them. The standard
    errors are for S independent scenarios.
    """

    level: float
    scenario_count: int
    value_at_risk: float
    expected_shortfall: float
    value_at_risk_error: float
    expected_shortfall_error: float
    at_risk: int
    scenarios: Indices
    profits: Reals

    def weights(self) -> Reals:
        """Return the weights (3, K) with which scenarios make the two measures, each adding to 1.

        The first are of the neighbourhood of the value at risk, falling with the distance in ranks
        to a quarter of the tail; the second of its own scenario alone. The third make the expected
        shortfall.
        """
        count, rank = len(self.scenarios), self.at_risk
        rows = np.zeros((3, count))
        half = min(_half_window(rank), count - 1 - rank)
        ranks = np.arange(rank - half, rank + half + 1)
        rows[0, ranks] = half + 1.0 - np.abs(ranks - rank)
        rows[0] /= rows[0].sum()
        rows[1, rank] = 1.0
        rows[2] = shortfall_weights(self.scenario_count, self.level, rank, count)
        return rows


def tail_of(pnl: Reals, level: float) -> Tail:
    """Return the tail of profits (S,), each as likely as the others.

    Value at risk is minus the lower (1 − level)-quantile, the least x with a share of S of at
    least 1 − level at or below x: of 250 profits at 99 %, the third worst. Expected shortfall is
    the mean of that tail, the scenario at its edge by the share of it that belongs (Acerbi and
    Tasche 2002, equation 4.11): it is coherent, and never below the value at risk. Standard
    errors: half the distance of the order statistics one binomial deviation to both sides; and
    √((σ² + level (ES − VaR)²)/(S (1 − level))), σ² the variance beyond (Manistre and Hancock 2005).

    Raises:
        HistoryTooShort: there are fewer than 1/(1 − level) profits.
        InvalidInput: a profit is not finite, or `level` is not between 0 and 1.
    """
    check_level(level)
    count = len(pnl)
    depth = tail_depth(count, level)
    if pnl.ndim != 1 or not np.isfinite(pnl).all():
        raise InvalidInput(field="pnl", reason="expected finite numbers only")
    # partition and not sort: of a million profits, some thousands are wanted
    worst = np.argpartition(pnl, depth - 1)[:depth]
    return tail_of_worst(count, level, worst, pnl[worst])


def tail_depth(count: int, level: float) -> int:
    """Return how many of `count` profits, the worst, a tail is made of.

    Raises:
        HistoryTooShort: there are fewer than 1/(1 − level).
        InvalidInput: `level` is not between 0 and 1.
    """
    rank = lower_rank(count, level)
    return min(count - 1, rank + max(_deviation(count, level), _half_window(rank))) + 1


def tail_of_worst(count: int, level: float, scenarios: Indices, profits: Reals) -> Tail:
    """Return the tail of `count` profits from the worst of them alone, in any order.

    `profits` (K,) are those of `scenarios` (K,), at least as many as `tail_depth` tells.

    Raises:
        HistoryTooShort: as `tail_depth`.
        InvalidInput: they are fewer.
    """
    depth, rank = tail_depth(count, level), lower_rank(count, level)
    if len(profits) < depth:
        reason = f"expected the worst {depth} of {count}, were {len(profits)}"
        raise InvalidInput(field="profits", reason=reason)
    order = np.argsort(profits, kind="stable")[:depth]
    worst, profits = scenarios[order], profits[order]
    deviation, last = _deviation(count, level), depth - 1
    weights = shortfall_weights(count, level, rank, depth)
    # 0.0 − 0.0 is 0.0, and −0.0 would be printed with its sign
    shortfall = 0.0 - float(weights @ profits)
    value = 0.0 - float(profits[rank])
    spread = float(weights @ (profits + shortfall) ** 2)
    low, high = max(0, rank - deviation), min(last, rank + deviation)
    return Tail(
        level=level,
        scenario_count=count,
        value_at_risk=value,
        expected_shortfall=shortfall,
        value_at_risk_error=float(profits[high] - profits[low]) / 2.0,
        expected_shortfall_error=sqrt(
            (spread + level * (shortfall - value) ** 2) / (count * (1.0 - level))
        ),
        at_risk=rank,
        scenarios=worst.astype(np.int64),
        profits=profits,
    )


def lower_rank(count: int, level: float) -> int:
    """Return how many profits are below the lower (1 − level)-quantile of `count` of them.

    Raises:
        HistoryTooShort: there are fewer than 1/(1 − level).
        InvalidInput: `level` is not between 0 and 1.
    """
    check_level(level)
    share = count * (1.0 - level)
    if share < 1.0 - _ROUNDING:
        needed = ceil(1.0 / (1.0 - level) - _ROUNDING)
        raise HistoryTooShort(subject=f"a {level:.4g} quantile", needed=needed, found=count)
    return max(0, ceil(share - _ROUNDING * max(1.0, share)) - 1)


def _deviation(count: int, level: float) -> int:
    """Return one binomial deviation of how many profits are in the tail, at least 1."""
    return max(1, round(sqrt(count * level * (1.0 - level))))


def _half_window(rank: int) -> int:
    return int(_WINDOW * (rank + 1))


def shortfall_weights(count: int, level: float, rank: int, kept: int) -> Reals:
    """Return the weights (kept,) of `count` profits in their expected shortfall, worst first."""
    weights = np.zeros(kept)
    share = count * (1.0 - level)
    weights[:rank] = 1.0 / share
    weights[rank] = max(0.0, 1.0 - rank / share)
    return weights
