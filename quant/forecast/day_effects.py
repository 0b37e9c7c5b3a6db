"""Own how much livelier some days are than others: weekdays, after long breaks, holidays abroad.

Weekdays carry the weekly reports: crude and products on Wednesday, natural gas on Thursday.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from quant.calendars import calendar_of, is_business_day, previous_business_day
from quant.holidays import Calendar
from quant.volatility.ewma import decay_of

Reals = NDArray[np.float64]

_LONG_BREAK = 5
_HOLIDAY_ABROAD = 6
CLASSES = 7

_LIMIT = 4.0  # standard deviations; one day must not decide what its weekday is like
_WEEKEND_DAYS = 3
_MONDAY = 0


@lru_cache(maxsize=65_536)
def class_of(product: str, day: date) -> int:
    """Return the class of a business day: 0…4 Monday to Friday, 5 long break, 6 holiday abroad.

    A long break is any other than the night and the ordinary weekend. A holiday abroad is a day
    on which New York is closed and the product's own exchange is not.

    Raises:
        UnknownProduct: the product is not in the registry.
    """
    calendar = calendar_of(product)
    if calendar is not Calendar.NYMEX and not is_business_day(day, Calendar.NYMEX):
        return _HOLIDAY_ABROAD
    closed = (day - previous_business_day(day, calendar)).days
    usual = _WEEKEND_DAYS if day.weekday() == _MONDAY else 1
    return day.weekday() if closed == usual else _LONG_BREAK


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayEffects:
    """Hold, by class of days, discounted sums of absolute standardised changes and their counts."""

    product: str
    half_life: float
    prior_days: float
    sums: Reals
    counts: Reals

    @classmethod
    def begin(cls, product: str, half_life: float, prior_days: float) -> Self:
        """Return the state before any day: every effect is 1."""
        return cls(
            product=product,
            half_life=half_life,
            prior_days=prior_days,
            sums=np.zeros(CLASSES),
            counts=np.zeros(CLASSES),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values."""
        return {
            "product": self.product,
            "half_life": self.half_life,
            "prior_days": self.prior_days,
            "sums": self.sums.tolist(),
            "counts": self.counts.tolist(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` was called on."""
        arrays = {name: np.array(values[name], dtype=np.float64) for name in ("sums", "counts")}
        return cls(**{**values, **arrays})

    def update(self, day: date, size: float) -> "DayEffects":
        """Return the state after a day whose absolute change was `size` standard deviations."""
        decay = decay_of(self.half_life)
        sums, counts = decay * self.sums, decay * self.counts
        found = class_of(self.product, day)
        sums[found] += min(size, _LIMIT)
        counts[found] += 1.0
        return replace(self, sums=sums, counts=counts)

    def factors(self, days: Sequence[date]) -> Reals:
        """Return what a standard deviation of each day is multiplied by, shape (days,).

        The mean size of the class over that of all days, drawn towards 1 by `prior_days`.
        """
        total = float(self.sums.sum())
        if total == 0.0:
            return np.ones(len(days))
        mean = total / float(self.counts.sum())
        by_class = (self.sums / mean + self.prior_days) / (self.counts + self.prior_days)
        return by_class[[class_of(self.product, day) for day in days]]
