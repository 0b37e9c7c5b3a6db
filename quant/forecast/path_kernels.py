"""Own the compiled loop that simulates scenario paths."""

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]

_LEAST_LEVEL = 0.05


@kernel
def simulate(
    variances: Reals,
    standardised: Reals,
    ages: Indices,
    impacts: Reals,
    persistences: Reals,
    news_limit: float,
    paths: Reals,
) -> None:
    """Write the changes so far of each path, step and series, `paths` (paths, steps, series).

    Step k of a path changes the price by √(V(k) m(k)) z, with V the expected `variances` (steps,
    series), z the standardised change (series, days, the newest last) of a day as old as `ages`
    (paths, steps or more) say, and m a level that starts at 1 and has GARCH(1,1)'s news and
    persistence around it:
    m(k+1) = 1 + (α+β)(m(k) − 1) + αm(k)(z² − 1), z² over its mean and at most `news_limit` squared.
    """
    steps, series = variances.shape
    newest = standardised.shape[1] - 1
    deviations = np.sqrt(variances)
    for j in range(series):
        mean_square = 0.0
        for value in standardised[j]:
            mean_square += value * value
        mean_square /= standardised.shape[1]
        for n in range(paths.shape[0]):
            level = 1.0
            total = 0.0
            for k in range(steps):
                z = standardised[j, newest - ages[n, k]]
                total += deviations[k, j] * np.sqrt(level) * z
                paths[n, k, j] = total
                news = min(z * z / mean_square, news_limit * news_limit) - 1.0
                level = 1.0 + persistences[j] * (level - 1.0) + impacts[j] * level * news
                level = max(level, _LEAST_LEVEL)
