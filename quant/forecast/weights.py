"""Own how much each part of a combined variance counts: by how likely it made what happened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import lgamma, log, pi
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from quant.volatility.ewma import decay_of

Reals = NDArray[np.float64]

_DEGREES_OF_FREEDOM = 6.0  # of daily changes of energy prices, as of WTI from 1986 to 2019


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartWeights:
    """Hold the discounted log scores (parts, series) of the parts of a variance."""

    half_life: float
    learning_rate: float
    scores: Reals

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values."""
        return {
            "half_life": self.half_life,
            "learning_rate": self.learning_rate,
            "scores": self.scores.tolist(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` was called on."""
        scores = np.array(values["scores"], dtype=np.float64)
        return cls(**{**values, "scores": scores})

    def update(self, changes: Reals, variances: Reals) -> "PartWeights":
        """Return the state after changes (series,) that parts gave these variances (parts, series).

        The score is the log density of Student's t with six degrees of freedom.
        """
        scores = decay_of(self.half_life) * self.scores + student_log_density(changes, variances)
        return replace(self, scores=scores)

    def weights(self) -> Reals:
        """Return the weights (parts, series), which are above 0 and add up to 1 for each series.

        They are exp(learning rate x score), scaled: Bayesian model averaging at a rate of 1
        without forgetting, equal weights at 0 (Raftery, Kárný and Ettler 2010, equation 13, for
        the forgetting).
        """
        powers = self.learning_rate * (self.scores - self.scores.max(axis=0))
        raised = np.exp(powers)
        weights: Reals = raised / raised.sum(axis=0)
        return weights


def student_log_density(changes: Reals, variances: Reals) -> Reals:
    """Return the log density of changes under a scaled Student's t of these variances."""
    nu = _DEGREES_OF_FREEDOM
    constant = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * log(pi * (nu - 2))
    tails = np.log1p(changes**2 / (variances * (nu - 2)))
    density: Reals = constant - 0.5 * np.log(variances) - (nu + 1) / 2 * tails
    return density
