"""Own the scores of quantiles and point forecasts."""

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput, ModelNotApplicable

Reals = NDArray[np.float64]


def pinball(quantile: Reals, level: float, actual: Reals) -> Reals:
    """Return the loss of each quantile forecast at `level`, in the unit of `actual`.

    p(y − q) where y ≥ q, else (1−p)(q − y): its expectation is least at the true quantile
    (Koenker and Bassett 1978, equation 1.5).

    Raises:
        InvalidInput: shapes disagree, `level` is not between 0 and 1, or a number is not finite.
    """
    if not 0.0 < level < 1.0:
        raise InvalidInput(field="level", reason=f"expected 0 to 1, was {level}")
    _check(quantile, actual)
    errors = actual - quantile
    loss: Reals = np.maximum(level * errors, (level - 1.0) * errors)
    return loss


def mase(forecast: Reals, actual: Reals, training: Reals, season: int = 1) -> float:
    """Return the mean absolute scaled error of forecasts (days,).

    The mean absolute error over that of repeating, in `training` (days,), the value a season ago
    (Hyndman and Koehler 2006, section 3): below 1 is better than that. 1 repeats yesterday's.

    Raises:
        InvalidInput: shapes disagree, there is nothing to score, a number is not finite, or the
            training is no longer than a season.
        ModelNotApplicable: values a season apart were always equal in training.
    """
    _check(forecast, actual)
    if not forecast.size:
        raise InvalidInput(field="forecast", reason="expected at least one")
    if not 1 <= season < len(training) or not np.isfinite(training).all():
        reason = f"expected finite numbers, more than a season of {season}, was {len(training)}"
        raise InvalidInput(field="training", reason=reason)
    naive = float(np.abs(training[season:] - training[:-season]).mean())
    if naive == 0.0:
        reason = "repeating the last season makes no error to scale by; use the absolute error"
        raise ModelNotApplicable(model="MASE", reason=reason)
    return float(np.abs(forecast - actual).mean()) / naive


def covered(lower: Reals, upper: Reals, actual: Reals) -> NDArray[np.bool_]:
    """Tell which values lie in their interval, its ends included.

    Raises:
        InvalidInput: shapes disagree, an interval ends before it begins, or a number is not finite.
    """
    _check(lower, actual)
    _check(upper, actual)
    if (upper < lower).any():
        raise InvalidInput(field="upper", reason="expected at least the lower end")
    inside: NDArray[np.bool_] = (lower <= actual) & (actual <= upper)
    return inside


def _check(forecast: Reals, actual: Reals) -> None:
    if forecast.shape != actual.shape:
        reason = f"expected shape {actual.shape}, was {forecast.shape}"
        raise InvalidInput(field="forecast", reason=reason)
    if not (np.isfinite(forecast).all() and np.isfinite(actual).all()):
        raise InvalidInput(field="forecast", reason="expected finite numbers only")
