"""Own historical simulation: paths that repeat past days in the order in which they came."""

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]


def history_share(horizon: int, far_share: float, half_horizon: float) -> float:
    """Return the share of a forecast over `horizon` days that repeats history as it was.

    None of one day's, then `far_share` n/(n + half_horizon) with n days after the first: what is
    known of today's volatility fades, and no model of it is certain. The CRPS of a pool of two
    densities is never above the mean of both, as it is convex in the distribution.
    """
    later = horizon - 1
    return far_share * later / (later + half_horizon)


def history_paths(changes: Reals, ages: Indices, horizon: int) -> Reals:
    """Return the changes so far (paths, horizon, series) of paths along past days.

    `changes` (days, series) are past ones, the newest last; `ages` (paths,) are those of the last
    day of each path, taken modulo how many there are with enough days before them.
    """
    days = len(changes)
    last = days - 1 - ages % (days - horizon + 1)
    rows = last[:, None] + np.arange(1 - horizon, 1)
    return np.cumsum(changes[rows], axis=1)


def history_variances(changes: Reals, horizon: int) -> Reals:
    """Return the mean squared change (series,) over `horizon` days, of all that overlap."""
    sums = np.cumsum(np.concatenate([np.zeros((1, changes.shape[1])), changes]), axis=0)
    variances: Reals = np.mean((sums[horizon:] - sums[:-horizon]) ** 2, axis=0)
    return variances
