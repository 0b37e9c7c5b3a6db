"""Own the exponentially weighted variance of price changes, day by day or all days at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from core.errors import InvalidInput
from quant.volatility.changes import check_changes, check_of_series

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EwmaState:
    """Hold the variances (series,) of the next day, in price units squared.

    σ²ₜ₊₁ = λσ²ₜ + (1−λ)x²ₜ with λ = ½^(1/half-life), the half-life in days (J.P. Morgan and
    Reuters 1996, RiskMetrics, equation 5.3). No mean is taken away.

    Raises:
        InvalidInput: the half-life is not above 0, or a variance is negative or not finite.
    """

    half_life: float
    variances: Reals

    def __post_init__(self) -> None:
        decay_of(self.half_life)
        if not (np.isfinite(self.variances).all() and (self.variances >= 0.0).all()):
            raise InvalidInput(field="variances", reason="expected finite numbers of at least 0")

    def update(self, changes: Reals) -> "EwmaState":
        """Return the state after one day's changes (series,).

        Raises:
            InvalidInput: shapes disagree, or a number is not finite.
        """
        check_of_series(changes, len(self.variances))
        decay = decay_of(self.half_life)
        variances = decay * self.variances + (1.0 - decay) * changes**2
        return EwmaState(half_life=self.half_life, variances=variances)

    def forecasts(self, horizon: int) -> Reals:
        """Return the variance of each of the next days (horizon, series): all are the same."""
        return np.tile(self.variances, (horizon, 1))


def decay_of(half_life: float) -> float:
    """Return the weight λ that yesterday keeps, such that λ^half-life = ½; 11.2 days give 0.94.

    Raises:
        InvalidInput: the half-life is not above 0.
    """
    if not half_life > 0.0:
        raise InvalidInput(field="half_life", reason=f"expected above 0, was {half_life}")
    return float(0.5 ** (1.0 / half_life))


def ewma_variances(changes: Reals, half_life: float, initial: Reals) -> Reals:
    """Return the variances (days + 1, series) before each of the days (days, series) and after.

    Row t uses nothing of day t; row 0 is `initial` (series,).

    Raises:
        InvalidInput: shapes disagree, or a number is not finite.
        HistoryTooShort: there is no day.
        ModelNotApplicable: the prices never moved.
    """
    check_changes(changes, subject="EWMA", needed=1, dimensions=2)
    check_of_series(initial, changes.shape[1])
    decay = decay_of(half_life)
    rest, _ = lfilter([1.0 - decay], [1.0, -decay], changes**2, axis=0, zi=decay * initial[None])
    return np.concatenate([initial[None], rest])
