"""Own volatility through time, and the filtering of past changes to the volatility of today."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.risk.covariance import RISKMETRICS_DECAY, check_decay, check_history

Reals = NDArray[np.float64]

BURN_IN_DAYS = 21


def ewma_volatility(
    changes: Reals, *, decay: float = RISKMETRICS_DECAY, burn_in_days: int = BURN_IN_DAYS
) -> Reals:
    """Return the volatility forecast for each day after the first, and for tomorrow.

    σ²ₜ = decay σ²ₜ₋₁ + (1 − decay) x²ₜ₋₁ (RiskMetrics 1996, equation 5.3), started by the mean
    square of the first `burn_in_days`, for which there is no forecast. Of changes (days, F) in
    points the result is (days − burn_in_days + 1, F), in points a day; row t is known the day
    before.

    Raises:
        HistoryTooShort: there are no more days than these first ones.
        InvalidInput: a change is not finite, `decay` is not between 0 and 1, or `burn_in_days` is
            below 1.
    """
    check_history(changes, needed=1)
    check_decay(decay)
    if burn_in_days < 1:
        raise InvalidInput(field="burn_in_days", reason=f"expected at least 1, was {burn_in_days}")
    if len(changes) <= burn_in_days:
        needed = burn_in_days + 1
        raise HistoryTooShort(subject="a volatility", needed=needed, found=len(changes))
    squares = changes**2
    start = squares[:burn_in_days].mean(axis=0)
    rest, _ = lfilter(
        [1.0 - decay], [1.0, -decay], squares[burn_in_days:], axis=0, zi=decay * start[None]
    )
    return np.asarray(np.sqrt(np.vstack([start, rest])))


def filtered_changes(changes: Reals, volatility: Reals, current: Reals) -> Reals:
    """Return past changes as large as they would be today: xₜ σ/σₜ.

    `changes` (days, F), `volatility` (days, F) what was forecast for each of the days, `current`
    (F,) what is forecast for tomorrow (Hull and White 1998; Barone-Adesi, Giannopoulos and Vosper
    1999). All in points; the volatility may come from any model.

    Raises:
        InvalidInput: shapes disagree, or a number is not finite.
        ModelNotApplicable: a volatility is not above 0, as of a price that did not move.
    """
    check_history(changes, needed=1)
    if volatility.shape != changes.shape or current.shape != changes.shape[1:]:
        reason = f"expected shape {changes.shape}, and a row more, was {volatility.shape}"
        raise InvalidInput(field="volatility", reason=reason)
    if not (np.isfinite(volatility).all() and np.isfinite(current).all()):
        raise InvalidInput(field="volatility", reason="expected finite numbers only")
    if not ((volatility > 0.0).all() and (current > 0.0).all()):
        column = int(np.argmin(np.minimum(volatility.min(axis=0), current)))
        reason = f"factor {column} has days without volatility; use unfiltered changes"
        raise ModelNotApplicable(model="filtered historical simulation", reason=reason)
    return changes / volatility * current


def ewma_filtered(
    changes: Reals, *, decay: float = RISKMETRICS_DECAY, burn_in_days: int = BURN_IN_DAYS
) -> Reals:
    """Return the changes after the first days, filtered by `ewma_volatility`.

    The result is (days − burn_in_days, F).

    Raises:
        HistoryTooShort, InvalidInput, ModelNotApplicable: as the two functions that it joins.
    """
    volatility = ewma_volatility(changes, decay=decay, burn_in_days=burn_in_days)
    return filtered_changes(changes[burn_in_days:], volatility[:-1], volatility[-1])
