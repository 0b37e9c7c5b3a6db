"""Own historical simulation: paths that repeat past days in the order in which they came."""

import numpy as np
from numpy.typing import NDArray

from quant.forecast.path_kernels import repeat

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


def running_sums(changes: Reals) -> Reals:
    """Return the sums (days + 1, series) of past changes (days, series), the newest last."""
    return np.cumsum(np.concatenate([np.zeros((1, changes.shape[1])), changes]), axis=0)


def write_history_changes(
    sums: Reals, draws: Reals, horizon: int, paths: Indices, changes: Reals
) -> None:
    """Write the changes over `horizon` days of some `paths` along past days into `changes`.

    `changes` are (series, all paths) and `sums` the running ones of past changes; `draws` (paths,)
    say from 0 to 1 how far back the last day of each path is, of those with enough days before.
    """
    repeat(sums, _ages(draws, len(sums) - horizon), horizon, paths, changes)


def history_variances(sums: Reals, horizon: int) -> Reals:
    """Return the mean squared change (series,) over `horizon` days, of all that overlap.

    `sums` are the running ones of past changes.
    """
    over = sums[horizon:] - sums[:-horizon]
    variances: Reals = np.einsum("ij,ij->j", over, over) / len(over)
    return variances


def history_paths(changes: Reals, draws: Reals, horizon: int) -> Reals:
    """Return the changes so far (horizon, series, paths) of paths along past days."""
    days = len(changes)
    last = days - 1 - _ages(draws, days - horizon + 1)
    rows = last + np.arange(1 - horizon, 1)[:, None]
    return np.cumsum(changes[rows], axis=0).transpose(0, 2, 1)


def _ages(draws: Reals, days: int) -> Indices:
    return (draws * days).astype(np.int64)
