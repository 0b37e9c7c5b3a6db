"""Own models that need no estimate: unchanged prices, random walk, historical simulation, EWMA."""

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort
from quant.backtest.distributions import Normal, Samples
from quant.backtest.walk import Indices, KnownChanges, horizon_sums
from quant.volatility.ewma import ewma_variances

Reals = NDArray[np.float64]

EWMA_HALF_LIFE = float(np.log(0.5) / np.log(0.94))
"""Forget as RiskMetrics does, whose daily decay is 0.94 (J.P. Morgan and Reuters 1996)."""

EWMA_WARM_UP = 75
"""Begin the EWMA this long before it is used: by then its start counts 1 %."""


def naive(changes: KnownChanges, ends: Indices, horizon: int, window: int) -> Samples:
    """Leave the price as it is, with the changes before the first day as a constant distribution.

    The distribution is that of all changes over `horizon` days in the `window` days before it.

    Raises:
        HistoryTooShort: there are fewer days.
    """
    require_days("unchanged price", int(ends[0]), window)
    past = changes.values[ends[0] - window : ends[0]]
    sums = horizon_sums(past, horizon)
    return Samples(samples=np.broadcast_to(sums, (len(ends), len(sums))))


def historical(changes: KnownChanges, ends: Indices, horizon: int, window: int) -> Samples:
    """Repeat the changes over `horizon` days in the `window` days before each, all that overlap.

    Raises:
        HistoryTooShort: there are fewer days.
    """
    require_days("historical simulation", int(ends[0]), window)
    sums = horizon_sums(changes.values, horizon)
    length = window - horizon + 1
    windows = np.lib.stride_tricks.sliding_window_view(sums, length)
    return Samples(samples=windows[ends - window])


def random_walk(changes: KnownChanges, ends: Indices, horizon: int, window: int) -> Normal:
    """Add up normal changes of the mean squared change of the `window` days before each.

    Raises:
        HistoryTooShort: there are fewer days.
        ModelNotApplicable: the price did not move in them.
    """
    require_days("random walk", int(ends[0]), window)
    squares = np.lib.stride_tricks.sliding_window_view(changes.values**2, window)
    return Normal(deviations=np.sqrt(horizon * squares[ends - window].mean(axis=1)))


def ewma(changes: KnownChanges, ends: Indices, horizon: int) -> Normal:
    """Add up normal changes of an exponentially weighted variance with the decay 0.94.

    Raises:
        HistoryTooShort: there are fewer than 75 days before the first.
        ModelNotApplicable: the price never moved.
    """
    require_days("EWMA", int(ends[0]), EWMA_WARM_UP)
    initial = np.mean(changes.values[:EWMA_WARM_UP] ** 2)
    variances = ewma_variances(changes.values[:, None], EWMA_HALF_LIFE, np.array([initial]))
    return Normal(deviations=np.sqrt(horizon * variances[ends, 0]))


def require_days(model: str, found: int, needed: int) -> None:
    """Refuse to learn from fewer days than a model needs.

    Raises:
        HistoryTooShort: there are fewer.
    """
    if found < needed:
        raise HistoryTooShort(subject=model, needed=needed, found=found)
