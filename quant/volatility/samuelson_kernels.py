"""Own the compiled least squares of a Samuelson curve at each of many decays."""

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import ordered_kernel

Reals = NDArray[np.float64]


@ordered_kernel
def fit_at(decays: Reals, years: Reals, volatilities: Reals, found: Reals, apart: Reals) -> None:
    """Write by decay the best σ∞ and σ₀ of at least 0, `found` (decays, 2), and their distance.

    With two unknowns the best is where no bound holds, if it is within them, or else on one.
    `apart` (decays,) are sums of squared differences.
    """
    near = np.empty(years.size)
    for place in range(decays.size):
        nn, ff, fn, nv, fv = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(years.size):
            near[i] = np.exp(-decays[place] * years[i])
            far = -np.expm1(-decays[place] * years[i])
            nn += near[i] * near[i]
            ff += far * far
            fn += far * near[i]
            nv += near[i] * volatilities[i]
            fv += far * volatilities[i]
        determinant = ff * nn - fn * fn
        candidates = (
            ((fv * nn - nv * fn) / determinant, (nv * ff - fv * fn) / determinant),
            (fv / ff, 0.0),
            (0.0, nv / nn),
        )
        apart[place] = np.inf
        for long_run, at_expiry in candidates:
            if 0.0 <= long_run < np.inf and 0.0 <= at_expiry < np.inf:
                squares = 0.0
                for i in range(years.size):
                    fitted = long_run * (1.0 - near[i]) + at_expiry * near[i]
                    squares += (fitted - volatilities[i]) ** 2
                if squares < apart[place]:
                    apart[place] = squares
                    found[place, 0], found[place, 1] = long_run, at_expiry
