"""Own the heterogeneous autoregression: tomorrow from the last day, week and month."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.volatility.changes import check_changes, check_of_series
from quant.volatility.har_kernels import look_ahead

Reals = NDArray[np.float64]

LAGS = (1, 5, 22)
MONTH = LAGS[-1]
_NEEDED = 100
_LEAST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class HarParameters:
    """Hold vₜ₊₁ = c + b₁vₜ + b₅v̄ₜ⁽⁵⁾ + b₂₂v̄ₜ⁽²²⁾, v̄⁽ⁿ⁾ the mean of the last n (Corsi 2009, eq. 8).

    v is a measure of a day's volatility: a realised variance, or where there are only settlements
    the absolute or squared change. `standard_errors` are those of ordinary least squares, in the
    order constant, day, week, month; nan where nothing was fitted.
    """

    constant: float
    day: float
    week: float
    month: float
    standard_errors: tuple[float, float, float, float] = (np.nan,) * 4

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as JSON-ready values; standard errors are null if not fitted."""
        errors = [None if np.isnan(error) else error for error in self.standard_errors]
        return {
            "constant": self.constant,
            "day": self.day,
            "week": self.week,
            "month": self.month,
            "standard_errors": errors,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the parameters that `to_json` was called on."""
        errors = (np.nan if error is None else error for error in values["standard_errors"])
        constant, day, week, month = errors
        return cls(**{**values, "standard_errors": (constant, day, week, month)})

    @property
    def coefficients(self) -> Reals:
        return np.array([self.constant, self.day, self.week, self.month])

    @property
    def weights(self) -> Reals:
        """Return what each of the last 22 days counts, the newest last."""
        weights = np.zeros(MONTH)
        for coefficient, lag in zip(self.coefficients[1:], LAGS, strict=True):
            weights[-lag:] += coefficient / lag
        return weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HarState:
    """Hold the last 22 measures (22, series), the newest last, one set of parameters a series.

    Raises:
        InvalidInput: shapes disagree, or a measure is negative or not finite.
    """

    parameters: tuple[HarParameters, ...]
    measures: Reals

    def __post_init__(self) -> None:
        expected = (MONTH, len(self.parameters))
        if self.measures.shape != expected:
            reason = f"expected shape {expected}, was {self.measures.shape}"
            raise InvalidInput(field="measures", reason=reason)
        if not (np.isfinite(self.measures).all() and (self.measures >= 0.0).all()):
            raise InvalidInput(field="measures", reason="expected finite numbers of at least 0")

    def update(self, measures: Reals) -> "HarState":
        """Return the state after one day's measures (series,).

        Raises:
            InvalidInput: shapes disagree, or a number is not finite.
        """
        check_of_series(measures, len(self.parameters))
        later = np.concatenate([self.measures[1:], measures[None]])
        return HarState(parameters=self.parameters, measures=later)

    def forecasts(self, horizon: int) -> Reals:
        """Return the expected measure of each of the next days, shape (horizon, series).

        Expectations stand in for days that have not been. None is below a tenth of the month's
        mean, so that negative coefficients never make a volatility vanish.
        """
        known = np.concatenate([self.measures, np.empty((horizon, len(self.parameters)))])
        look_ahead(*_weights(self.parameters), _LEAST, known)
        return known[MONTH:]


def fit_har(measures: Reals) -> HarParameters:
    """Fit the parameters to daily measures (days,) by ordinary least squares.

    Raises:
        InvalidInput: there is more than one dimension, or a number is not finite.
        HistoryTooShort: there are fewer than 100 days.
        ModelNotApplicable: all measures are zero.
    """
    check_changes(measures, subject="HAR", needed=_NEEDED)
    design = _regressors(measures)[:-1]
    found, *_ = np.linalg.lstsq(design, measures[MONTH:], rcond=None)
    residuals = measures[MONTH:] - design @ found
    noise = float(residuals @ residuals) / (len(design) - len(found))
    errors = np.sqrt(noise * np.diagonal(np.linalg.pinv(design.T @ design)))
    constant, day, week, month = (float(value) for value in found)
    return HarParameters(
        constant=constant,
        day=day,
        week=week,
        month=month,
        standard_errors=(float(errors[0]), float(errors[1]), float(errors[2]), float(errors[3])),
    )


def har_forecasts(parameters: HarParameters, measures: Reals) -> Reals:
    """Return the measures (days − 21,) expected for the day after each from the 22nd on.

    Raises:
        InvalidInput: there is more than one dimension, or a number is not finite.
        HistoryTooShort: there are fewer than 22 days.
        ModelNotApplicable: all measures are zero.
    """
    check_changes(measures, subject="HAR", needed=MONTH)
    regressors = _regressors(measures)
    return np.maximum(regressors @ parameters.coefficients, _LEAST * regressors[:, -1])


def _regressors(measures: Reals) -> Reals:
    """Return a constant and the means of the last day, week and month, (days − 21, 4)."""
    windows = np.lib.stride_tricks.sliding_window_view(measures, MONTH)
    means = [windows[:, -lag:].mean(axis=1) for lag in LAGS]
    return np.column_stack([np.ones(len(windows)), *means])


@lru_cache(maxsize=256)
def _weights(parameters: tuple[HarParameters, ...]) -> tuple[Reals, Reals]:
    constants = np.array([one.constant for one in parameters])
    return constants, np.ascontiguousarray(np.array([one.weights for one in parameters]).T)
