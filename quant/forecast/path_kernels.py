"""Own the compiled loop that simulates scenario paths."""

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel

Reals = NDArray[np.float64]
Ages = NDArray[np.uint32]
Indices = NDArray[np.int64]

_LEAST_LEVEL = 0.05
_BLOCK = 1_024  # paths whose levels and totals stay in the fastest cache


@kernel
def simulate(
    variances: Reals,
    standardised: Reals,
    ages: Ages,
    impacts: Reals,
    persistences: Reals,
    news_limit: float,
    kept: Indices,
    places: Indices,
    changes: Reals,
) -> None:
    """Write the changes so far after each of the `kept` steps, `changes` (kept, series, places).

    `kept` rise, counted from 1; path n is written to `places[n]`. Step k of a path changes the
    price by √(V(k) m(k)) z, with V the expected `variances` (steps, series), z the standardised
    change (series, days, the newest first) of a day as old as `ages` (steps or more, paths) say,
    and m a level that starts at 1 and has GARCH(1,1)'s news and persistence around it:
    m(k+1) = 1 + (α+β)(m(k) − 1) + αm(k)(z² − 1), z² over its mean and at most `news_limit` squared.
    """
    series = variances.shape[1]
    bound = news_limit * news_limit
    drawn, level, total = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for j in range(series):
        mean_square = 0.0
        for value in standardised[j]:
            mean_square += value * value
        scale = standardised.shape[1] / mean_square
        impact, persistence = impacts[j], persistences[j]
        for first in range(0, places.size, _BLOCK):
            count = min(_BLOCK, places.size - first)
            level[:] = 1.0
            total[:] = 0.0
            row = 0
            for k in range(kept[-1]):
                deviation = np.sqrt(variances[k, j])
                # a loop of its own, so that the next one is without lookups and vectorised
                for n in range(count):
                    drawn[n] = standardised[j, ages[k, first + n]]
                for n in range(count):
                    z = drawn[n]
                    total[n] += deviation * np.sqrt(level[n]) * z
                    news = min(z * z * scale, bound) - 1.0
                    later = 1.0 + persistence * (level[n] - 1.0) + impact * level[n] * news
                    level[n] = max(later, _LEAST_LEVEL)
                if k + 1 == kept[row]:
                    for n in range(count):
                        changes[row, j, places[first + n]] = total[n]
                    row += 1


@kernel
def repeat(sums: Reals, ages: Indices, horizon: int, places: Indices, changes: Reals) -> None:
    """Write past changes over `horizon` days to `places` of `changes` (series, places).

    `sums` (days + 1, series) are running ones; the days of path n end `ages[n]` before the newest.
    """
    for n in range(places.size):
        last = sums.shape[0] - 1 - ages[n]
        for j in range(sums.shape[1]):
            changes[j, places[n]] = sums[last, j] - sums[last - horizon, j]
