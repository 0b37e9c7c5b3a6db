"""Own degree-day normals: what each day of the year asks for on average, over thirty years.

29 February has too few years of its own. It is left out of the means, and its normal is the mean of
those of 28 February and 1 March.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.degree_days import BASE_F, cooling_degree_days, heating_degree_days

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

NORMAL_YEARS = 30
# The World Meteorological Organization asks for four fifths of the years (WMO-No. 1203, 2017).
_NEEDED_SHARE = 0.8
_LEAP_YEAR = 2000
_DAYS = 366
_LEAP_DAY = 59  # the place of 29 February, counted from 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DegreeDayNormals:
    """Hold the normal heating and cooling of each day of a leap year (366,), in °F degree days.

    The deviations are those of single days over the years, the years (366,) how many each day has.
    """

    first_year: int
    last_year: int
    base_f: float
    heating: Reals
    cooling: Reals
    heating_deviation: Reals
    cooling_deviation: Reals
    years: Integers

    def heating_on(self, day: date) -> float:
        """Return the normal heating degree days of one day."""
        return float(self.heating[_place(day)])

    def cooling_on(self, day: date) -> float:
        """Return the normal cooling degree days of one day."""
        return float(self.cooling[_place(day)])

    def sums_between(self, first: date, last: date) -> tuple[float, float]:
        """Return the normal heating and cooling from `first` to `last`, both included.

        Raises:
            InvalidInput: the period ends before it begins.
        """
        if last < first:
            reason = f"ends on {last}, before it begins on {first}"
            raise InvalidInput(field="period", reason=reason)
        days = (last - first).days + 1
        at = [_place(first + timedelta(days=n)) for n in range(days)]
        return float(self.heating[at].sum()), float(self.cooling[at].sum())


def degree_day_normals(
    dates: Sequence[date],
    mean_f: Reals,
    *,
    last_year: int,
    years: int = NORMAL_YEARS,
    base_f: float = BASE_F,
    half_window_days: int = 0,
) -> DegreeDayNormals:
    """Average the degree days of `years` years to `last_year`, from daily means (dates,) in °F.

    nan is missing. Degree days are taken of each day before averaging, not of averaged
    temperatures. `half_window_days` smooths the normals by a centred mean over days, around the
    turn of the year as well, which keeps their sum over a common year.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, a temperature is infinite, the base
            not finite, `years` is below 2, or the window is negative or longer than the year.
        HistoryTooShort: a day has fewer than four fifths of the years.
    """
    _validate(dates, mean_f, years, half_window_days)
    if not np.isfinite(base_f):
        raise InvalidInput(field="base_f", reason=f"expected a finite number, was {base_f}")
    table = _by_year(dates, mean_f, last_year - years + 1, last_year)
    counts = np.isfinite(table).sum(axis=0)
    needed = int(np.ceil(_NEEDED_SHARE * years))
    if counts.min() < needed:
        day = date(_LEAP_YEAR + 1, 1, 1) + timedelta(days=int(counts.argmin()))
        subject = f"the {years}-year normal of {day:%d %B}"
        raise HistoryTooShort(subject=subject, needed=needed, found=int(counts.min()))
    heating, cooling = heating_degree_days(table, base_f), cooling_degree_days(table, base_f)
    return DegreeDayNormals(
        first_year=last_year - years + 1,
        last_year=last_year,
        base_f=base_f,
        heating=_with_leap_day(_smoothed(np.nanmean(heating, axis=0), half_window_days)),
        cooling=_with_leap_day(_smoothed(np.nanmean(cooling, axis=0), half_window_days)),
        heating_deviation=_with_leap_day(np.nanstd(heating, axis=0, ddof=1)),
        cooling_deviation=_with_leap_day(np.nanstd(cooling, axis=0, ddof=1)),
        years=np.insert(counts, _LEAP_DAY, counts[_LEAP_DAY - 1 : _LEAP_DAY + 1].min()),
    )


def _validate(dates: Sequence[date], mean_f: Reals, years: int, half_window_days: int) -> None:
    if mean_f.shape != (len(dates),):
        reason = f"expected shape ({len(dates)},), was {mean_f.shape}"
        raise InvalidInput(field="mean_f", reason=reason)
    if any(later <= earlier for earlier, later in pairwise(dates)):
        raise InvalidInput(field="dates", reason="expected rising dates")
    if np.isinf(mean_f).any():
        raise InvalidInput(field="mean_f", reason="expected finite numbers, nan where missing")
    if years < 2:
        raise InvalidInput(field="years", reason=f"expected at least 2, was {years}")
    if not 0 <= 2 * half_window_days < _DAYS - 1:
        reason = f"expected 0 to {(_DAYS - 2) // 2}, was {half_window_days}"
        raise InvalidInput(field="half_window_days", reason=reason)


def _place(day: date) -> int:
    """Return the place of a day in a leap year, 0 to 365."""
    return day.replace(year=_LEAP_YEAR).timetuple().tm_yday - 1


def _by_year(dates: Sequence[date], mean_f: Reals, first_year: int, last_year: int) -> Reals:
    """Return the temperatures as (years, 366) less 29 February; nan where missing."""
    table = np.full((last_year - first_year + 1, _DAYS), np.nan)
    for day, value in zip(dates, mean_f, strict=True):
        if first_year <= day.year <= last_year:
            table[day.year - first_year, _place(day)] = value
    return np.delete(table, _LEAP_DAY, axis=1)


def _smoothed(normals: Reals, half_window_days: int) -> Reals:
    shifts = range(-half_window_days, half_window_days + 1)
    smoothed: Reals = np.mean([np.roll(normals, shift) for shift in shifts], axis=0)
    return smoothed


def _with_leap_day(normals: Reals) -> Reals:
    between = normals[_LEAP_DAY - 1 : _LEAP_DAY + 1].mean()
    return np.insert(normals, _LEAP_DAY, between)
