"""Own the correction of quantiles by how often they were exceeded of late."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Booleans = NDArray[np.bool_]

TRACKED_LEVELS = np.array([0.01, 0.05, 0.95, 0.99])
TRACKED_LEVELS.setflags(write=False)

_LIMIT = 1.0
_IS_LOWER = TRACKED_LEVELS < 0.5
_PROBABILITIES = np.where(_IS_LOWER, TRACKED_LEVELS, 1.0 - TRACKED_LEVELS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantileTracker:
    """Hold the logarithms (levels, series) of what quantiles at `TRACKED_LEVELS` are times.

    θ ← (1−leak)·θ + gain·(1[exceeded] − p), p the probability of that: adaptive conformal inference
    on the logarithm of the scale (Gibbs and Candès 2021, equation 2; Angelopoulos, Candès and
    Tibshirani 2023, section 2.1, for tracking quantiles rather than levels), with a leak. Without
    a leak the share of exceedances tends to p whatever the prices do; the leak trades this
    for forgetting corrections that are no longer needed.
    """

    gains: tuple[float, float]
    leak: float
    corrections: Reals

    @property
    def multipliers(self) -> Reals:
        """Return what quantiles (levels, series) are times: exp(θ)."""
        return np.exp(self.corrections)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values."""
        return {
            "gains": list(self.gains),
            "leak": self.leak,
            "corrections": self.corrections.tolist(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` was called on."""
        outer, inner = values["gains"]
        return cls(
            gains=(outer, inner),
            leak=values["leak"],
            corrections=np.array(values["corrections"], dtype=np.float64),
        )

    def update(self, exceeded: Booleans) -> "QuantileTracker":
        """Return the state after a day on which quantiles (levels, series) were exceeded or not.

        A change below a lower quantile exceeds it, and one above an upper.
        """
        outer, inner = self.gains
        gains = np.array([outer, inner, inner, outer])[:, None]
        moved = (1.0 - self.leak) * self.corrections + gains * (exceeded - _PROBABILITIES[:, None])
        return replace(self, corrections=np.clip(moved, -_LIMIT, _LIMIT))


def exceedances(standardised: Reals, thresholds: Reals) -> Booleans:
    """Tell which thresholds (levels, series) the standardised changes (series,) lie beyond."""
    return np.where(
        _IS_LOWER[:, None], standardised < thresholds, standardised > thresholds
    ).astype(np.bool_)
