"""Own the compiled loop over the days that a heterogeneous autoregression looks ahead."""

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import ordered_kernel

Reals = NDArray[np.float64]


@ordered_kernel
def look_ahead(constants: Reals, weights: Reals, least: float, known: Reals) -> None:
    """Write the expected measures after the first days of `known` (days, series).

    `weights` (first days, series) are of the days before each, the newest last; no expectation is
    below `least` of their mean.
    """
    past, series = weights.shape
    for day in range(past, known.shape[0]):
        for j in range(series):
            expected, total = constants[j], 0.0
            for lag in range(past):
                measure = known[day - past + lag, j]
                expected += weights[lag, j] * measure
                total += measure
            known[day, j] = max(expected, least * total / past)
