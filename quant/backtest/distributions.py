"""Own the distributions that models forecast for many days at once: normal, and of samples."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from core.errors import ModelNotApplicable
from quant.forecast.scores.crps import crps_normal, crps_sample

Reals = NDArray[np.float64]

_AT_ONCE = 256


class Distributions(Protocol):
    """Tell of the distributions of a number of days."""

    def quantiles(self, levels: Reals) -> Reals:
        """Return quantiles (days, levels)."""
        ...

    def crps(self, actual: Reals) -> Reals:
        """Return the score of each day's distribution at what came (days,), nan where unknown."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Normal:
    """Hold normal distributions with mean 0 and `deviations` (days,).

    Raises:
        ModelNotApplicable: a deviation is not above 0, so that nothing is uncertain.
    """

    deviations: Reals

    def __post_init__(self) -> None:
        if not (self.deviations > 0.0).all():
            reason = "the prices it learned from never moved, so that it expects no change at all"
            raise ModelNotApplicable(model="normal distribution", reason=reason)

    def quantiles(self, levels: Reals) -> Reals:
        """Return quantiles (days, levels)."""
        return np.outer(self.deviations, ndtri(levels))

    def crps(self, actual: Reals) -> Reals:
        """Return the score of each day's distribution at what came (days,), nan where unknown."""
        known = np.isfinite(actual)
        scores = np.full(actual.shape, np.nan)
        deviations = self.deviations[known]
        scores[known] = crps_normal(np.zeros_like(deviations), deviations, actual[known])
        return scores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """Hold empirical distributions of `samples` (days, draws), each draw as likely as the others.

    It may be a view in which days share their draws.
    """

    samples: Reals

    def quantiles(self, levels: Reals) -> Reals:
        """Return quantiles (days, levels), linear between draws.

        That of 1 % is at the rank 1 + (n−1)/100 (Hyndman and Fan 1996, definition 7).
        """
        parts = [np.quantile(part, levels, axis=1).T for part in self._parts()]
        return np.concatenate(parts)

    def crps(self, actual: Reals) -> Reals:
        """Return the score of each day's distribution at what came (days,), nan where unknown."""
        scores = np.full(actual.shape, np.nan)
        for start, part in zip(range(0, len(actual), _AT_ONCE), self._parts(), strict=True):
            came = actual[start : start + _AT_ONCE]
            known = np.isfinite(came)
            if known.any():
                scores[start : start + _AT_ONCE][known] = crps_sample(part[known], came[known])
        return scores

    def _parts(self) -> list[Reals]:
        return [
            self.samples[start : start + _AT_ONCE]
            for start in range(0, len(self.samples), _AT_ONCE)
        ]
