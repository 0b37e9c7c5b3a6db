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


def without_drift(changes: Reals) -> Reals:
    """Return past changes (days, series) less their mean, which says next to nothing of the next.

    Any year of them has had a drift of its own, by which forecasts of weeks would be off.
    """
    centred: Reals = changes - changes.mean(axis=0)
    return centred


def history_changes(changes: Reals, places: Reals, horizon: int) -> Reals:
    """Return the changes (series, paths) over `horizon` days of paths along past days.

    `changes` (days, series) are past ones, the newest last; `places` (paths,) say from 0 to 1 how
    far back the last day of each path is, of those with enough days before them.
    """
    sums = _sums(changes, horizon)
    found: Reals = sums.T[:, len(sums) - 1 - _ages(places, len(sums))]
    return found


def history_variances(changes: Reals, horizon: int) -> Reals:
    """Return the mean squared change (series,) over `horizon` days, of all that overlap."""
    variances: Reals = np.mean(_sums(changes, horizon) ** 2, axis=0)
    return variances


def history_paths(changes: Reals, places: Reals, horizon: int) -> Reals:
    """Return the changes so far (horizon, series, paths) of the paths of `history_changes`."""
    days = len(changes)
    last = days - 1 - _ages(places, days - horizon + 1)
    rows = last + np.arange(1 - horizon, 1)[:, None]
    return np.cumsum(changes[rows], axis=0).transpose(0, 2, 1)


def _ages(places: Reals, days: int) -> Indices:
    return (places * days).astype(np.int64)


def _sums(changes: Reals, horizon: int) -> Reals:
    """Return the changes over `horizon` days that end on each day, (days − horizon + 1, series)."""
    sums = np.cumsum(np.concatenate([np.zeros((1, changes.shape[1])), changes]), axis=0)
    overlapping: Reals = sums[horizon:] - sums[:-horizon]
    return overlapping
