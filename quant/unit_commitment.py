"""Own one-hour unit commitment: which units run when the load must be met with a reserve.

The cost of a subset is that of its best dispatch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.dispatch import ROUNDING_MW, Flags, Unit, column, dispatch, fuel_costs
from quant.quantum.basis import Basis

Reals = NDArray[np.float64]

_SUBSETS_AT_ONCE = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Hold the cheapest subset of one hour (rising indices) and what it costs in $."""

    cost: float
    chosen: tuple[int, ...]
    evaluated: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommitmentProblem:
    """Choose k of n units for one hour at the least fuel cost.

    A subset is feasible if it can dispatch the load and its maxima reach the load and the
    reserve. `reserve` is a share of the load.

    Raises:
        InvalidInput: the load is not positive, the reserve is negative, or k not in 1…n−1.
    """

    units: tuple[Unit, ...]
    load_mw: float
    reserve: float
    k: int

    def __post_init__(self) -> None:
        check_hour(self.load_mw, self.reserve)
        n = len(self.units)
        if not 1 <= self.k < n:
            raise InvalidInput(field="k", reason=f"expected 1 to {n - 1}, was {self.k}")

    @property
    def n(self) -> int:
        return len(self.units)

    @property
    def basis(self) -> Basis:
        """Return the subsets of k units in colexicographic order."""
        return Basis(self.n, self.k)

    def feasible(self) -> Flags:
        """Return which subsets can run (C(n, k),)."""
        missed = _shortfalls(self._committed(), self.units, self.load_mw, self.reserve)
        return np.equal(missed, 0.0, dtype=np.bool_)

    def costs(self) -> Reals:
        """Return what every subset costs in $ (C(n, k),), with a penalty for the infeasible.

        They cost as much as the dearest feasible subset, and the MW that they miss on top, at the
        greatest marginal cost of any unit: above every feasible subset, yet of one scale with
        them, so that phases tell feasible subsets apart.

        Raises:
            InvalidInput: no subset of k units is feasible.
        """
        committed = self._committed()
        missed = _shortfalls(committed, self.units, self.load_mw, self.reserve)
        feasible = missed == 0.0
        if not feasible.any():
            reason = f"no {self.k} of {self.n} units carry {self.load_mw} MW and the reserve"
            raise InvalidInput(field="k", reason=reason)
        costs = np.empty(len(committed))
        costs[feasible] = _running_costs(committed[feasible], self.units, self.load_mw)
        dearest = float(costs[feasible].max())
        costs[~feasible] = dearest + _penalty_per_mw(self.units) * missed[~feasible]
        return costs

    def _committed(self) -> Flags:
        return self.basis.bits.astype(np.bool_)


def check_hour(load_mw: float, reserve: float) -> None:
    """Refuse a load or a reserve that no hour has.

    Raises:
        InvalidInput: the load is not positive, the reserve is negative, or one is not finite.
    """
    if not (np.isfinite(load_mw) and load_mw > 0.0):
        raise InvalidInput(field="load_mw", reason=f"expected a positive number, was {load_mw}")
    if not (np.isfinite(reserve) and reserve >= 0.0):
        raise InvalidInput(field="reserve", reason=f"expected at least 0, was {reserve}")


def cheapest(units: Sequence[Unit], load_mw: float, reserve: float) -> Commitment:
    """Try every subset of every size from 1 to n; of equal ones the smallest, then the first.

    Raises:
        InvalidInput: not even all units carry the load and the reserve, or the hour has no such.
    """
    check_hour(load_mw, reserve)
    n = len(units)
    best, evaluated = Commitment(cost=np.inf, chosen=(), evaluated=0), 0
    for k in range(1, n + 1):
        committed = Basis(n, k).bits.astype(np.bool_) if k < n else np.ones((1, n), np.bool_)
        evaluated += len(committed)
        committed = committed[_shortfalls(committed, units, load_mw, reserve) == 0.0]
        if not len(committed):
            continue
        costs = _running_costs(committed, units, load_mw)
        row = int(costs.argmin())
        if costs[row] < best.cost:
            chosen = tuple(np.flatnonzero(committed[row]).tolist())
            best = Commitment(cost=float(costs[row]), chosen=chosen, evaluated=0)
    if not best.chosen:
        reason = f"no subset of the {n} units carries {load_mw} MW and the reserve"
        raise InvalidInput(field="load_mw", reason=reason)
    return Commitment(cost=best.cost, chosen=best.chosen, evaluated=evaluated)


def _shortfalls(committed: Flags, units: Sequence[Unit], load_mw: float, reserve: float) -> Reals:
    """Return by how many MW a subset's maxima are too low or its minima too high (m,)."""
    most, least = committed @ column(units, "maximum_mw"), committed @ column(units, "minimum_mw")
    above = np.maximum(load_mw * (1.0 + reserve) - most, 0.0)
    missed = above + np.maximum(least - load_mw, 0.0)
    return np.where(missed > ROUNDING_MW, missed, 0.0)


def _running_costs(committed: Flags, units: Sequence[Unit], load_mw: float) -> Reals:
    costs = np.empty(len(committed))
    for first in range(0, len(committed), _SUBSETS_AT_ONCE):
        block = slice(first, first + _SUBSETS_AT_ONCE)
        outputs = dispatch(committed[block], units, load_mw)
        costs[block] = fuel_costs(outputs, committed[block], units)
    return costs


def _penalty_per_mw(units: Sequence[Unit]) -> float:
    b, c, most = (column(units, field) for field in ("b_per_mwh", "c_per_mw2h", "maximum_mw"))
    return float(np.abs(b + 2.0 * c * most).max()) or 1.0
