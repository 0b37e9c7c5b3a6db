"""Own what stands in for the change of a position that has no price on a day."""

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


def fill_missing(standardised: Reals) -> tuple[Reals, int]:
    """Return standardised changes (series,) without nan, and how many were filled.

    A missing one moves like the nearest series that has one, the earlier of two: along a curve,
    neighbours move by nearly as many of their own standard deviations. At least one must be known.
    """
    known = np.flatnonzero(~np.isnan(standardised))
    if known.size == standardised.size:
        return standardised, 0
    distances = np.abs(np.arange(standardised.size)[:, None] - known[None, :])
    filled = standardised[known[np.argmin(distances, axis=1)]]
    return filled, int(standardised.size - known.size)


def fill_days(changes: Reals) -> Reals:
    """Return changes (days, series) without nan, leaving out days on which nothing is known.

    A missing change is that of the nearest series, times the ratio of their mean absolute changes.
    A series that is never known is taken to move as its neighbour does.
    """
    kept = changes[~np.isnan(changes).all(axis=1)]
    known = ~np.isnan(kept)
    counts = known.sum(axis=0)
    sizes = np.where(known, np.abs(np.where(known, kept, 0.0)), 0.0).sum(axis=0)
    moved = (counts > 0) & (sizes > 0.0)
    means = np.where(moved, sizes / np.maximum(counts, 1), np.nan)
    if not moved.any():
        return np.where(known, kept, 0.0)
    means, _ = fill_missing(means)
    return np.array([fill_missing(row)[0] for row in kept / means]) * means
