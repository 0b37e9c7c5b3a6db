"""Own the test whether two prices keep together in the long run, and how soon they come back."""

from dataclasses import dataclass
from math import log

import numpy as np
from arch.unitroot import engle_granger
from arch.utility.exceptions import InfeasibleTestException
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable

Reals = NDArray[np.float64]

FEWEST = 60
"""Name the observations that the test needs; its limits are for long samples."""

_MODEL = "cointegration test"
_LARGEST = 1e75


@dataclass(frozen=True, slots=True, kw_only=True)
class Cointegration:
    """Hold an Engle–Granger test of y = constant + ratio · x + u.

    The more negative `statistic`, the surer that u returns to 0: below `limit` the opposite is
    refused at 5 %. `half_life` is how many observations half of u takes to go, None where u does
    not return.
    """

    statistic: float
    p_value: float
    limit: float
    ratio: float
    constant: float
    half_life: float | None
    observations: int

    @property
    def is_cointegrated(self) -> bool:
        """Tell whether the two keep together, at 5 %."""
        return self.statistic < self.limit


def cointegration(y: Reals, x: Reals) -> Cointegration:
    """Test whether `y` and `x` (observations,) keep together (Engle and Granger 1987).

    Lags of the Dickey–Fuller regression are chosen by AIC, limits are MacKinnon's (2010).

    Raises:
        InvalidInput: shapes disagree, or a number is not finite, or beyond 1e75 either way.
        HistoryTooShort: there are fewer than 60 observations.
        ModelNotApplicable: one of the two never moves, each is a line of the other, or what is
            left between them repeats itself.
    """
    if y.shape != x.shape or y.ndim != 1:
        raise InvalidInput(field="x", reason=f"expected shape {y.shape}, was {x.shape}")
    if not ((np.abs(y) <= _LARGEST).all() and (np.abs(x) <= _LARGEST).all()):
        raise InvalidInput(field="x", reason="expected finite numbers")
    if len(y) < FEWEST:
        raise HistoryTooShort(subject=_MODEL, needed=FEWEST, found=len(y))
    _check_movement(y, x)
    try:
        found = engle_granger(y, x, trend="c", method="aic")
    except InfeasibleTestException as error:
        reason = "what is left between the two repeats itself, so that no lags can be told apart"
        raise ModelNotApplicable(model=_MODEL, reason=reason) from error
    vector = np.asarray(found.cointegrating_vector, dtype=np.float64)
    # the regression is y − ratio x − constant = u
    residuals = y + vector[1] * x + vector[2]
    return Cointegration(
        statistic=float(found.stat),
        p_value=float(found.pvalue),
        limit=float(found.critical_values[5]),
        ratio=float(-vector[1]),
        constant=float(-vector[2]),
        half_life=_half_life(residuals),
        observations=len(y),
    )


def _check_movement(y: Reals, x: Reals) -> None:
    scale = max(float(np.abs(y).max()), float(np.abs(x).max()), 1.0)
    if float(np.ptp(y)) <= 1e-12 * scale or float(np.ptp(x)) <= 1e-12 * scale:
        raise ModelNotApplicable(model=_MODEL, reason="a price never moves")
    if abs(float(np.corrcoef(y, x)[0, 1])) > 1.0 - 1e-12:
        raise ModelNotApplicable(model=_MODEL, reason="one price is a line of the other")


def _half_life(residuals: Reals) -> float | None:
    """Return ln ½ / ln ρ of u(t) = ρ u(t − 1) + e, None where ρ is not between 0 and 1."""
    before, after = residuals[:-1], residuals[1:]
    root = float(before @ after) / float(before @ before)
    return log(0.5) / log(root) if 0.0 < root < 1.0 else None
