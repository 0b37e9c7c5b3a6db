"""Own what a density forecast is: quantiles, probabilities, and what they were made from."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]

LEVELS = np.arange(1, 100) / 100.0
LEVELS.setflags(write=False)

# Tails like a Student's t with five degrees of freedom, as standardised changes have had.
_TAIL_INDEX = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPart:
    """Name a part of a combined variance, its weight, and the variance that it expects.

    `variance` is that of the whole horizon, in price units squared.
    """

    name: str
    weight: float
    variance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Vintage:
    """Name the data that a forecast has seen: its first and last day, and how many between.

    `filled` counts changes of any position that were missing and taken from a neighbour,
    `fitted_through` is the last day that parameters were fitted to, None if they never were, and
    `fallbacks` names the parts whose fit failed.
    """

    first_day: date
    as_of: date
    observations: int
    filled: int
    fitted_through: date | None
    fallbacks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityForecast:
    """Hold the distribution of a position's change over the next `horizon` business days.

    `quantiles` (99,) are those at 1…99 %, in price units, never falling. Between them the
    distribution is linear; beyond them it falls like a power, 1/5 a factor of the quantile.

    Raises:
        InvalidInput: there are not 99 quantiles, they fall, or one is not finite.
    """

    product: str
    position: int
    horizon: int
    vintage: Vintage
    parts: tuple[ForecastPart, ...]
    quantiles: Reals

    def __post_init__(self) -> None:
        if self.quantiles.shape != LEVELS.shape or not np.isfinite(self.quantiles).all():
            reason = f"expected {len(LEVELS)} finite numbers, was shape {self.quantiles.shape}"
            raise InvalidInput(field="quantiles", reason=reason)
        if (self.quantiles[1:] < self.quantiles[:-1]).any():
            raise InvalidInput(field="quantiles", reason="expected rising numbers")

    def quantile(self, level: float) -> float:
        """Return the change that is exceeded with probability 1 − `level`.

        Below 1 % it is q(1 %) (level / 1 %)^(−1/5), a power law of tail index 5 (Embrechts,
        Klüppelberg and Mikosch 1997, equation 6.29 without a threshold); above 99 % alike.

        Raises:
            InvalidInput: `level` is not between 0 and 1.
        """
        if not 0.0 < level < 1.0:
            raise InvalidInput(field="level", reason=f"expected 0 to 1, was {level}")
        lowest, highest = float(self.quantiles[0]), float(self.quantiles[-1])
        if level < LEVELS[0] and lowest < 0.0:
            return float(lowest * (level / LEVELS[0]) ** -_TAIL_INDEX)
        if level > LEVELS[-1] and highest > 0.0:
            return float(highest * ((1.0 - level) / (1.0 - LEVELS[-1])) ** -_TAIL_INDEX)
        return float(np.interp(level, LEVELS, self.quantiles))

    def cdf(self, change: float) -> float:
        """Return the probability that the change is `change` or less; `quantile` undone.

        Raises:
            InvalidInput: `change` is not finite.
        """
        if not np.isfinite(change):
            raise InvalidInput(field="change", reason=f"expected a finite number, was {change}")
        lowest, highest = float(self.quantiles[0]), float(self.quantiles[-1])
        power = -1.0 / _TAIL_INDEX
        if change < lowest:
            return float(LEVELS[0]) * (change / lowest) ** power if lowest < 0.0 else 0.0
        if change > highest:
            beyond = (change / highest) ** power if highest > 0.0 else 0.0
            return 1.0 - float(1.0 - LEVELS[-1]) * beyond
        return float(np.interp(change, self.quantiles, LEVELS))

    def value_at_risk(self, confidence: float) -> float:
        """Return the loss of a long position, as a positive number, exceeded with 1 − confidence.

        Raises:
            InvalidInput: `confidence` is not between 0 and 1.
        """
        return -self.quantile(1.0 - confidence)

    @property
    def variance(self) -> float:
        """Return the variance that the parts together expect, in price units squared."""
        return sum(part.weight * part.variance for part in self.parts)
