"""Own the GARCH(1,1) recursion: variances of the next days from parameters and price changes.

Parameters are fitted in `quant.volatility.garch_fit`.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from core.errors import InvalidInput
from quant.volatility.changes import check_changes, check_of_series

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchParameters:
    """Hold σ²ₜ₊₁ = ω + α(xₜ−μ)² + βσ²ₜ (Bollerslev 1986, equation 6), μ in price units.

    `degrees_of_freedom` are those of Student's t of the standardised changes; None is normal.

    Raises:
        InvalidInput: ω is not above 0, α or β is negative, or a number is not finite.
    """

    mu: float
    omega: float
    alpha: float
    beta: float
    degrees_of_freedom: float | None = None

    def __post_init__(self) -> None:
        if not np.isfinite([self.mu, self.omega, self.alpha, self.beta]).all():
            raise InvalidInput(field="parameters", reason="expected finite numbers only")
        if self.omega <= 0.0 or self.alpha < 0.0 or self.beta < 0.0:
            reason = f"expected ω > 0, α ≥ 0, β ≥ 0, were {self.omega}, {self.alpha}, {self.beta}"
            raise InvalidInput(field="parameters", reason=reason)

    @property
    def persistence(self) -> float:
        """Return α + β, by which a day's distance from the long-run variance shrinks."""
        return self.alpha + self.beta

    @property
    def long_run_variance(self) -> float:
        """Return ω/(1−α−β), which variances revert to.

        Raises:
            InvalidInput: α + β is 1 or more, so that there is none.
        """
        if self.persistence >= 1.0:
            reason = f"expected α + β < 1, was {self.persistence}"
            raise InvalidInput(field="parameters", reason=reason)
        return self.omega / (1.0 - self.persistence)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GarchState:
    """Hold the variances (series,) of the next day, one set of parameters a series.

    Raises:
        InvalidInput: shapes disagree, or a variance is negative or not finite.
    """

    parameters: tuple[GarchParameters, ...]
    variances: Reals

    def __post_init__(self) -> None:
        if self.variances.shape != (len(self.parameters),):
            reason = f"expected one a set of parameters, was shape {self.variances.shape}"
            raise InvalidInput(field="variances", reason=reason)
        if not (np.isfinite(self.variances).all() and (self.variances >= 0.0).all()):
            raise InvalidInput(field="variances", reason="expected finite numbers of at least 0")

    def update(self, changes: Reals) -> "GarchState":
        """Return the state after one day's changes (series,).

        Raises:
            InvalidInput: shapes disagree, or a number is not finite.
        """
        check_of_series(changes, len(self.parameters))
        mu, omega, alpha, beta = _columns(self.parameters)
        variances = omega + alpha * (changes - mu) ** 2 + beta * self.variances
        return GarchState(parameters=self.parameters, variances=variances)

    def forecasts(self, horizon: int) -> Reals:
        """Return the expected variance of each of the next days, shape (horizon, series).

        E σ²ₜ₊ₖ₊₁ = ω + (α+β) E σ²ₜ₊ₖ: they revert to ω/(1−α−β), or grow where α + β is 1 or more.
        """
        _, omega, alpha, beta = _columns(self.parameters)
        expected = np.empty((horizon, len(self.parameters)))
        variances = self.variances
        for day in range(horizon):
            expected[day] = variances
            variances = omega + (alpha + beta) * variances
        return expected


def garch_variances(parameters: GarchParameters, changes: Reals, initial: float) -> Reals:
    """Return the variances (days + 1,) before each of the days (days,) and after the last.

    Row t uses nothing of day t; row 0 is `initial`.

    Raises:
        InvalidInput: the changes have more than one dimension, or a number is not finite.
        HistoryTooShort: there is no day.
        ModelNotApplicable: the prices never moved.
    """
    check_changes(changes, subject="GARCH(1,1)", needed=1)
    news = parameters.omega + parameters.alpha * (changes - parameters.mu) ** 2
    start = np.array([parameters.beta * initial])
    rest, _ = lfilter([1.0], [1.0, -parameters.beta], news, zi=start)
    return np.concatenate([[initial], rest])


@lru_cache(maxsize=256)
def _columns(parameters: tuple[GarchParameters, ...]) -> tuple[Reals, Reals, Reals, Reals]:
    values = np.array([(one.mu, one.omega, one.alpha, one.beta) for one in parameters])
    mu, omega, alpha, beta = values.T
    return mu, omega, alpha, beta
