"""Own what a walk forward is made of: price changes, the days that are forecast, what came then."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """Hold price changes of one product, and which days of them are forecast.

    `changes` (days, positions) came on `dates` (days,), in price units; nan is a missing price.
    Days `first` … `last` (row numbers, both included) are forecast, each from the rows before it.

    Raises:
        InvalidInput: shapes disagree, a change is infinite, or the days are not of the history.
    """

    product: str
    positions: tuple[int, ...]
    dates: tuple[date, ...]
    changes: Reals
    first: int
    last: int

    def __post_init__(self) -> None:
        expected = (len(self.dates), len(self.positions))
        if self.changes.shape != expected:
            reason = f"expected shape {expected}, was {self.changes.shape}"
            raise InvalidInput(field="changes", reason=reason)
        if np.isinf(self.changes).any():
            raise InvalidInput(field="changes", reason="expected finite numbers or nan")
        if not 0 <= self.first <= self.last < len(self.dates):
            reason = f"expected days of 0 to {len(self.dates) - 1}"
            raise InvalidInput(field="first", reason=f"{reason}, were {self.first} to {self.last}")

    @property
    def days(self) -> int:
        """Return how many days are forecast."""
        return self.last - self.first + 1

    def outcomes(self, horizon: int) -> Reals:
        """Return the change over `horizon` days from each day forecast on, (days, positions).

        It is nan where a price is missing, or where the last of these days is not forecast any
        more, so that walks over disjoint days have disjoint outcomes.
        """
        found = np.full((self.days, len(self.positions)), np.nan)
        known = self.days - horizon + 1
        if known > 0:
            found[:known] = horizon_sums(self.changes[self.first : self.last + 1], horizon)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecasts:
    """Hold what a model said of each day, and how far it was from what came.

    `quantiles` (days, horizons, levels, positions) and `crps` (days, horizons, positions) are in
    price units; scores are nan where no outcome is known.
    """

    quantiles: Reals
    crps: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownChanges:
    """Hold the changes (n,) of one position whose prices are known, in order.

    `before` (days + 1,) tells how many of them came before each row of the history.
    """

    values: Reals
    before: Indices

    @classmethod
    def of(cls, changes: Reals) -> "KnownChanges":
        """Leave out what is missing of changes (days,)."""
        known = np.isfinite(changes)
        before = np.concatenate([[0], np.cumsum(known)]).astype(np.int64)
        return cls(values=changes[known], before=before)


def horizon_sums(changes: Reals, horizon: int) -> Reals:
    """Return the sums of `horizon` consecutive rows of changes (days, …), the first row's first.

    Raises:
        InvalidInput: the horizon is below 1 or above the number of rows.
    """
    if not 1 <= horizon <= len(changes):
        reason = f"expected 1 to {len(changes)}, was {horizon}"
        raise InvalidInput(field="horizon", reason=reason)
    windows = np.lib.stride_tricks.sliding_window_view(changes, horizon, axis=0)
    sums: Reals = windows.sum(axis=-1)
    return sums
