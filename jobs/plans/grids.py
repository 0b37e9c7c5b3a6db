"""Own the points of a grid of two angles: β varies fastest."""

import numpy as np
from numpy.typing import NDArray

from core.specifications.landscape import Axis

Reals = NDArray[np.float64]


def values_of(axis: Axis) -> Reals:
    """Return the angles of an axis (points,), both ends included."""
    return np.linspace(axis.low, axis.high, axis.points)


def points_of(gamma: Axis, beta: Axis, first: int, last: int) -> tuple[Reals, Reals]:
    """Return γ and β of the points `first` to `last` − 1, both (last − first,)."""
    rows, columns = np.divmod(np.arange(first, last), beta.points)
    return values_of(gamma)[rows], values_of(beta)[columns]
