"""Own the test of whether one forecast is better than another, or only was by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DieboldMariano:
    """Hold the test of equal accuracy; a negative statistic favours the first forecast.

    `p_value` is two-sided.
    """

    mean_difference: float
    statistic: float
    p_value: float


def diebold_mariano(losses: Reals, other: Reals, horizon: int = 1) -> DieboldMariano:
    """Test whether the mean losses (days,) of two forecasts over `horizon` days are equal.

    d̄/√(V/T), V the variance of the loss difference with its autocovariances to lag h−1 at equal
    weights (Diebold and Mariano 1995, equation S1), corrected for few days and compared with
    Student's t of T−1 degrees of freedom (Harvey, Leybourne and Newbold 1997, equation 9). Where
    that V is not above 0, autocovariances have Bartlett's weights (Newey and West 1987).

    Raises:
        InvalidInput: shapes disagree, a number is not finite, or the horizon is below 1.
        HistoryTooShort: there are not more than twice as many days as the horizon.
        ModelNotApplicable: the losses never differ, or always by as much.
    """
    if losses.ndim != 1 or losses.shape != other.shape:
        reason = f"expected shape {losses.shape}, was {other.shape}"
        raise InvalidInput(field="other", reason=reason)
    if not (np.isfinite(losses).all() and np.isfinite(other).all()):
        raise InvalidInput(field="losses", reason="expected finite numbers only")
    if horizon < 1:
        raise InvalidInput(field="horizon", reason=f"expected at least 1, was {horizon}")
    days = losses.size
    if days <= 2 * horizon:
        raise HistoryTooShort(subject="Diebold–Mariano test", needed=2 * horizon + 1, found=days)
    difference = losses - other
    mean = float(difference.mean())
    variance = _long_run_variance(difference - mean, horizon)
    if not variance > 0.0:
        reason = "the difference never varies; compare the means"
        raise ModelNotApplicable(model="Diebold–Mariano test", reason=reason)
    correction = (days + 1 - 2 * horizon + horizon * (horizon - 1) / days) / days
    statistic = mean / np.sqrt(variance / days) * np.sqrt(correction)
    return DieboldMariano(
        mean_difference=mean,
        statistic=float(statistic),
        p_value=float(2.0 * student.sf(abs(statistic), days - 1)),
    )


def _long_run_variance(centred: Reals, horizon: int) -> float:
    days = centred.size
    covariances = np.array(
        [float(centred[lag:] @ centred[: days - lag]) / days for lag in range(horizon)]
    )
    equal = covariances[0] + 2.0 * covariances[1:].sum()
    if equal > 0.0:
        return float(equal)
    weights = 1.0 - np.arange(1, horizon) / horizon
    return float(covariances[0] + 2.0 * (weights * covariances[1:]).sum())
