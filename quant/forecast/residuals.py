"""Own the standardised changes of the past as a distribution in which recent days count more."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.forecast import residual_kernels
from quant.forecast.json_arrays import packed, unpacked

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandardisedChanges:
    """Hold the distribution of a day's change in standard deviations, for each series.

    `in_order` (series, days) rises, `probabilities` are those of a change below each, and `ages`
    how many days before the newest it happened.
    """

    in_order: Reals
    probabilities: Reals
    ages: Indices

    def quantiles(self, levels: Reals) -> Reals:
        """Return quantiles (levels, series), linear between changes and flat beyond the last."""
        return np.array(
            [
                np.interp(levels, below, values)
                for below, values in zip(self.probabilities, self.in_order, strict=True)
            ]
        ).T

    def by_day(self) -> Reals:
        """Return the changes (series, days) as they came, the newest last."""
        return _by_day(self.in_order, self.ages)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residuals:
    """Hold the last `window` changes (series, days) in standard deviations, sorted, with ages.

    A day counts half as much as one `half_life` days after it.
    """

    window: int
    half_life: float
    values: Reals
    ages: Indices

    @classmethod
    def begin(cls, residuals: Reals, window: int, half_life: float) -> Self:
        """Return the state after the first days (series, days), the newest last.

        Raises:
            InvalidInput: there are more days than the window holds.
        """
        days = residuals.shape[1]
        if days > window:
            raise InvalidInput(field="window", reason=f"expected at least {days}, was {window}")
        order = np.argsort(residuals, axis=1, kind="stable")  # as `update` puts equal ones
        return cls(
            window=window,
            half_life=half_life,
            values=np.take_along_axis(residuals, order, axis=1),
            ages=days - 1 - order,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values."""
        return {
            "window": self.window,
            "half_life": self.half_life,
            "by_day": packed(_by_day(self.values, self.ages)),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` was called on."""
        return cls.begin(unpacked(values["by_day"]), values["window"], values["half_life"])

    @property
    def days(self) -> int:
        return int(self.values.shape[1])

    def update(self, newest: Reals) -> "Residuals":
        """Return the state after a day's changes (series,)."""
        shape = (len(self.values), min(self.days + 1, self.window))
        values, ages = np.empty(shape), np.empty(shape, dtype=np.int64)
        residual_kernels.insert(self.values, self.ages, newest, values, ages)
        return replace(self, values=values, ages=ages)

    def standardised(self, levels: Reals, multipliers: Reals) -> StandardisedChanges:
        """Return the next day's distribution: without a mean, and times `multipliers`.

        The mean of a year's changes says next to nothing about the next, so that a forecast has no
        drift. Multipliers (levels, series) hold at `levels`; in between they are linear, through
        1 at the median. The probability below a change is the weight up to it over all weights and
        one more of the newest, for the day that is forecast: quantiles then cover as they should
        where days are exchangeable (Vovk and others 2005), and nearly so where they drift slowly
        (Barber and others 2023, theorem 2).
        """
        in_order, probabilities = np.empty_like(self.values), np.empty_like(self.values)
        residual_kernels.spread(
            self.values,
            self.ages,
            weights_by_age(self.days, self.half_life),
            levels,
            multipliers,
            in_order,
            probabilities,
        )
        return StandardisedChanges(in_order=in_order, probabilities=probabilities, ages=self.ages)


def _by_day(values: Reals, ages: Indices) -> Reals:
    days = np.empty_like(values)
    np.put_along_axis(days, ages.shape[1] - 1 - ages, values, axis=1)
    return days


@lru_cache(maxsize=2_048)
def weights_by_age(days: int, half_life: float) -> Reals:
    """Return weights (days,), 1 for the newest, which halve every `half_life` days back."""
    weights = 0.5 ** (np.arange(days) / half_life)
    weights.setflags(write=False)
    return weights
