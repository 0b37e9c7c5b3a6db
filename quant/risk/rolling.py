"""Own forecasts of risk through time: each day's from the days before it alone."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.risk.tails import lower_rank, shortfall_weights

Reals = NDArray[np.float64]

_AT_ONCE = 1_024


def tail_columns(pnl: Reals, level: float) -> tuple[Reals, Reals]:
    """Return value at risk and expected shortfall (n,) of each column of profits (S, n).

    The same measures as `tails.tail_of`, without their errors and parts.

    Raises:
        HistoryTooShort: there are fewer than 1/(1 − level) rows.
        InvalidInput: a profit is not finite, or `level` is not between 0 and 1.
    """
    rank = lower_rank(len(pnl), level)
    if not np.isfinite(pnl).all():
        raise InvalidInput(field="pnl", reason="expected finite numbers only")
    worst = np.partition(pnl, rank, axis=0)[: rank + 1]
    # the rank's own profit is the largest of these, and only it has another weight
    edge = worst[rank]
    weights = shortfall_weights(len(pnl), level, rank, rank + 1)
    return -edge, -(weights @ worst)


def rolling_risk(pnl: Reals, window: int, level: float) -> tuple[Reals, Reals]:
    """Return value at risk and expected shortfall (days − window,) forecast for each day.

    That of day t is the measure of the profits (days,) on days t − window … t − 1, so it is known
    the day before; losses are positive.

    Raises:
        HistoryTooShort: there are no more days than the window, or this is below 1/(1 − level).
        InvalidInput: a profit is not finite, or `level` is not between 0 and 1.
    """
    if pnl.ndim != 1:
        raise InvalidInput(field="pnl", reason=f"expected one row of days, was {pnl.shape}")
    if len(pnl) <= window:
        raise HistoryTooShort(subject="a rolling window", needed=window + 1, found=len(pnl))
    lower_rank(window, level)
    windows = sliding_window_view(pnl, window)[:-1]
    parts = [
        tail_columns(windows[start : start + _AT_ONCE].T, level)
        for start in range(0, len(windows), _AT_ONCE)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
