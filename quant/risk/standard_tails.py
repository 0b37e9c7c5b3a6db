"""Own value at risk and expected shortfall of the standard normal and Student's t."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit
from scipy.stats import norm, t

from core.errors import InvalidInput

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardTail:
    """Describe losses of variance 1: normal, or Student's t with `degrees_of_freedom`.

    Raises:
        InvalidInput: there are 2 degrees of freedom or fewer, where there is no variance.
    """

    degrees_of_freedom: float | None = None

    def __post_init__(self) -> None:
        freedom = self.degrees_of_freedom
        if freedom is not None and not (np.isfinite(freedom) and freedom > 2.0):
            reason = f"expected above 2, where there is a variance, was {freedom}"
            raise InvalidInput(field="degrees_of_freedom", reason=reason)

    @property
    def _scale(self) -> float:
        freedom = self.degrees_of_freedom
        return 1.0 if freedom is None else sqrt((freedom - 2.0) / freedom)

    def quantiles(self, probabilities: Reals) -> Reals:
        """Return the quantiles at probabilities in (0, 1)."""
        freedom = self.degrees_of_freedom
        found: Reals = ndtri(probabilities) if freedom is None else stdtrit(freedom, probabilities)
        return found * self._scale

    def value_at_risk(self, level: float) -> float:
        """Return the loss exceeded with probability 1 − level: 2.3263 at 99 % of the normal.

        Raises:
            InvalidInput: `level` is not between 0 and 1.
        """
        check_level(level)
        return -float(self.quantiles(np.array(1.0 - level)))

    def expected_shortfall(self, level: float) -> float:
        """Return the mean of losses from the value at risk on.

        Normal: φ(z)/α. Student's t: s (ν + q²)/(ν − 1) f(q)/α, with s the scale that makes the
        variance 1 (McNeil, Frey and Embrechts 2015, examples 2.14 and 2.15).

        Raises:
            InvalidInput: `level` is not between 0 and 1.
        """
        check_level(level)
        freedom, alpha = self.degrees_of_freedom, 1.0 - level
        if freedom is None:
            return float(norm.pdf(norm.ppf(alpha)) / alpha)
        quantile = t.ppf(alpha, freedom)
        spread = (freedom + quantile**2) / (freedom - 1.0)
        return float(self._scale * spread * t.pdf(quantile, freedom) / alpha)


def check_level(level: float) -> None:
    """Refuse a confidence level that is not between 0 and 1.

    Raises:
        InvalidInput: it is not.
    """
    if not 0.0 < level < 1.0:
        raise InvalidInput(field="level", reason=f"expected 0 to 1, as 0.99, was {level}")
