"""Own weekly stocks against the band of the same day in the years before, as EIA draws it."""

from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput

Reals = NDArray[np.float64]

BAND_YEARS = 5
# A week late is still the same season; a longer gap is not to be drawn through.
_LONGEST_GAP_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class StockBand:
    """Hold the stocks of one week, and those of the same day in each of `years`.

    All are in the unit of the values given.
    """

    week_ending: date
    value: float
    years: tuple[int, ...]
    earlier: tuple[float, ...]

    @property
    def minimum(self) -> float:
        return min(self.earlier)

    @property
    def maximum(self) -> float:
        return max(self.earlier)

    @property
    def mean(self) -> float:
        return sum(self.earlier) / len(self.earlier)

    @property
    def deviation(self) -> float:
        """Return how far the stocks are above the mean of the band."""
        return self.value - self.mean

    @property
    def deviation_percent(self) -> float | None:
        """Return the deviation in percent of the mean; None where that is 0."""
        return None if self.mean == 0.0 else 100.0 * self.deviation / self.mean

    @property
    def is_within(self) -> bool:
        return self.minimum <= self.value <= self.maximum


def stock_band(
    weeks_ending: Sequence[date], values: Reals, on: date, *, years: int = BAND_YEARS
) -> StockBand:
    """Return the latest weekly stocks at or before `on`, and the band of the `years` before.

    A year's stocks on a day lie on the line between the weeks around it, and years are compared on
    the same calendar day: the U.S. Energy Information Administration's method since 2005 (Weekly
    Natural Gas Storage Report, Methodology), which needs no rule for years of 53 weeks. For 29
    February, common years give 28 February. The year of the week is never part of its own band,
    and nothing after `on` is looked at.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, a value is not finite, or `years` is
            below 1.
        HistoryTooShort: nothing is known at or before `on`, or an earlier year has no two weeks
            within 14 days of each other around the day.
    """
    _validate(weeks_ending, values, years)
    known = sum(ending <= on for ending in weeks_ending)
    if not known:
        raise HistoryTooShort(subject=f"stocks on {on}", needed=1, found=0)
    ending = weeks_ending[known - 1]
    at = np.array([day.toordinal() for day in weeks_ending[:known]])
    before = range(ending.year - years, ending.year)
    earlier = [_on_day(at, values[:known], _same_day(ending, year)) for year in before]
    found = tuple(one for one in earlier if one is not None)
    if len(found) < years:
        subject = f"the {years}-year band of the week ending {ending}"
        raise HistoryTooShort(subject=subject, needed=years, found=len(found))
    return StockBand(
        week_ending=ending, value=float(values[known - 1]), years=tuple(before), earlier=found
    )


def _same_day(day: date, year: int) -> date:
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return day.replace(year=year)


def _on_day(at: NDArray[np.int64], values: Reals, day: date) -> float | None:
    wanted = day.toordinal()
    right = int(np.searchsorted(at, wanted))
    if right < len(at) and at[right] == wanted:
        return float(values[right])
    if right in {0, len(at)} or at[right] - at[right - 1] > _LONGEST_GAP_DAYS:
        return None
    return float(np.interp(wanted, at[right - 1 : right + 1], values[right - 1 : right + 1]))


def _validate(weeks_ending: Sequence[date], values: Reals, years: int) -> None:
    if values.shape != (len(weeks_ending),):
        reason = f"expected shape ({len(weeks_ending)},), was {values.shape}"
        raise InvalidInput(field="values", reason=reason)
    if not np.isfinite(values).all():
        raise InvalidInput(field="values", reason="expected finite numbers only")
    if any(later <= earlier for earlier, later in pairwise(weeks_ending)):
        raise InvalidInput(field="weeks_ending", reason="expected rising dates")
    if years < 1:
        raise InvalidInput(field="years", reason=f"expected at least 1, was {years}")
