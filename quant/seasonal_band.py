"""Own the band of a daily series: what it was on the same calendar day of the years before."""

from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

# Exchanges pause for four days at most, but for a day or two now and then.
_OLDEST_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeasonalBand:
    """Hold the band on each of `dates`, arrays (dates,) in the unit of the series.

    `years` counts the earlier years that are in it; where it is 0, the others are nan, which is
    missing.
    """

    dates: tuple[date, ...]
    years: Integers
    minimum: Reals
    mean: Reals
    maximum: Reals


def seasonal_band(
    dates: Sequence[date], values: Reals, *, since: date, years: int = 5
) -> SeasonalBand:
    """Return minimum, mean and maximum of the `years` before, for each date from `since` on.

    Of a year it takes the latest value at or before the same calendar day, at most seven days old,
    so that nothing after the day is looked at. For 29 February, common years give 28 February.
    Years without such a value are left out and not counted.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, a value is not finite, or `years` is
            below 1.
    """
    if values.shape != (len(dates),) or not np.isfinite(values).all():
        reason = f"expected {len(dates)} finite numbers"
        raise InvalidInput(field="values", reason=reason)
    if any(later <= earlier for earlier, later in pairwise(dates)):
        raise InvalidInput(field="dates", reason="expected rising dates")
    if years < 1:
        raise InvalidInput(field="years", reason=f"expected at least 1, was {years}")
    at = np.array([day.toordinal() for day in dates], dtype=np.int64)
    asked = tuple(day for day in dates if day >= since)
    earlier = np.stack(
        [
            _on_days(at, values, [_same_day(day, day.year - back) for day in asked])
            for back in range(1, years + 1)
        ]
    )
    known = np.isfinite(earlier)
    count = known.sum(axis=0)
    none = count == 0
    total = np.where(known, earlier, 0.0).sum(axis=0)
    return SeasonalBand(
        dates=asked,
        years=count.astype(np.int64),
        minimum=np.where(none, np.nan, np.where(known, earlier, np.inf).min(axis=0)),
        mean=np.where(none, np.nan, total / np.maximum(count, 1)),
        maximum=np.where(none, np.nan, np.where(known, earlier, -np.inf).max(axis=0)),
    )


def _same_day(day: date, year: int) -> date:
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return day.replace(year=year)


def _on_days(at: Integers, values: Reals, days: Sequence[date]) -> Reals:
    wanted = np.array([day.toordinal() for day in days], dtype=np.int64)
    place = np.searchsorted(at, wanted, side="right") - 1
    is_near = (place >= 0) & (wanted - at[place] <= _OLDEST_DAYS)
    return np.asarray(np.where(is_near, values[place], np.nan), dtype=np.float64)
