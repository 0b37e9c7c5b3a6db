"""Own the economic dispatch of generating units: least fuel cost of a load, for many subsets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

ROUNDING_MW = 1e-8
"""Count less than this as met: sums of decimals miss a load that they equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Hold a thermal unit; running at P MW costs a + bP + cP² an hour.

    `a_per_h` is in $/h, `b_per_mwh` in $/MWh and `c_per_mw2h` in $/MW²h.

    Raises:
        InvalidInput: 0 ≤ minimum ≤ maximum does not hold, c is negative, or a number is not finite.
    """

    maximum_mw: float
    minimum_mw: float
    a_per_h: float
    b_per_mwh: float
    c_per_mw2h: float

    def __post_init__(self) -> None:
        for field in self.__slots__:
            value = getattr(self, field)
            if not np.isfinite(value):
                raise InvalidInput(field=field, reason=f"expected a finite number, was {value}")
        if not 0.0 <= self.minimum_mw <= self.maximum_mw:
            reason = f"expected 0 to {self.maximum_mw}, was {self.minimum_mw}"
            raise InvalidInput(field="minimum_mw", reason=reason)
        if self.c_per_mw2h < 0.0:
            reason = f"expected at least 0, was {self.c_per_mw2h}"
            raise InvalidInput(field="c_per_mw2h", reason=reason)


def column(units: Sequence[Unit], field: str) -> Reals:
    """Return one number of every unit (n,)."""
    return np.array([getattr(unit, field) for unit in units], dtype=np.float64)


def dispatch(committed: Flags, units: Sequence[Unit], load_mw: float) -> Reals:
    """Return the outputs in MW (m, n) of least cost for each subset, a row of `committed` (m, n).

    Rows whose units cannot meet the load between their minima and maxima, up to rounding, are NaN.

    At the optimum all units that are not at a bound have one marginal cost λ = b + 2cP. Total
    output rises piecewise linearly with λ, with corners where a unit leaves its minimum or reaches
    its maximum: find the two corners around the load and the point between them. A unit with
    c = 0 goes from minimum to maximum between two corners at one λ.

    Raises:
        InvalidInput: a row does not have one flag for each unit.
    """
    if committed.ndim != 2 or committed.shape[1] != len(units):
        reason = f"expected rows of {len(units)} flags, was shape {committed.shape}"
        raise InvalidInput(field="committed", reason=reason)
    corners = _outputs_at_corners(units)
    totals = committed @ corners
    feasible = (totals[:, 0] - load_mw <= ROUNDING_MW) & (load_mw - totals[:, -1] <= ROUNDING_MW)
    upper = np.clip((totals < load_mw).sum(axis=1), 1, corners.shape[1] - 1)
    rows = np.arange(len(committed))
    below, above = totals[rows, upper - 1], totals[rows, upper]
    width = np.where(above > below, above - below, 1.0)
    share = np.clip((load_mw - below) / width, 0.0, 1.0)[:, None]
    outputs = corners.T[upper - 1] * (1.0 - share) + corners.T[upper] * share
    return np.where(feasible[:, None], outputs * committed, np.nan)


def fuel_costs(outputs: Reals, committed: Flags, units: Sequence[Unit]) -> Reals:
    """Return Σ a + bP + cP² of the committed units in $ for the hour (m,)."""
    a, b, c = (column(units, field) for field in ("a_per_h", "b_per_mwh", "c_per_mw2h"))
    hourly: Reals = committed @ a + outputs @ b + outputs**2 @ c
    return hourly


def _outputs_at_corners(units: Sequence[Unit]) -> Reals:
    """Return every unit's output (n, 2n) at the corners, by rising marginal cost."""
    least, most = column(units, "minimum_mw"), column(units, "maximum_mw")
    b, c = column(units, "b_per_mwh"), column(units, "c_per_mw2h")
    marginal = np.concatenate((b + 2.0 * c * least, b + 2.0 * c * most))
    order = np.argsort(marginal, kind="stable")
    corner = np.empty_like(order)
    corner[order] = np.arange(len(order))
    reached_most = np.arange(len(order)) >= corner[len(units) :, None]
    left_least = np.arange(len(order)) > corner[: len(units), None]
    curvature = np.where(c > 0.0, 2.0 * c, np.inf)[:, None]
    inside = least[:, None] + (marginal[order] - marginal[: len(units), None]) / curvature
    inside = np.clip(inside, least[:, None], most[:, None])
    return np.where(reached_most, most[:, None], np.where(left_least, inside, least[:, None]))
