"""Own seasonal profiles, each with its uncertainty, and the split of a series by STL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable

Reals = NDArray[np.float64]

MONTHS_PER_YEAR = 12
DAYS_PER_LEAP_YEAR = 366
_LEAP_DAY = 59  # the place of 29 February, counted from 0
_FEWEST_YEARS = 2
_ROUNDING = 1e-12


class Season(StrEnum):
    """Say what a profile has a value for: each month, or each day of a leap year."""

    MONTH = "month"
    DAY = "day"


class Deviation(StrEnum):
    """Say how a value departs from the mean of its year: by a difference or by a ratio."""

    DIFFERENCE = "difference"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeasonalProfile:
    """Hold how far each season is from its year, arrays (seasons,), January first.

    `standard_error` is that of the mean over `years`; `low` to `high` covers the mean with the
    coverage asked for, if years are independent and normal.
    """

    season: Season
    deviation: Deviation
    mean: Reals
    standard_error: Reals
    low: Reals
    high: Reals
    years: tuple[int, ...]


def seasonal_profile(
    dates: Sequence[date],
    values: Reals,
    *,
    season: Season = Season.MONTH,
    deviation: Deviation = Deviation.DIFFERENCE,
    half_window_days: int = 0,
    coverage: float = 0.95,
) -> SeasonalProfile:
    """Return the mean departure of each month or day from the mean of its calendar year.

    Values (dates,) are averaged within each season of a year first, so that a year counts once;
    nan is missing. A day is the mean of all values at most `half_window_days` away: settlements
    need 2 or more, since they pause at weekends. In common years 29 February is the mean of the
    days beside it. Years that lack a season are left out: their mean would lean to one side. What
    moves between years is no season, but a trend within them is taken for one: `decompose` first.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, a value is infinite, the window is
            negative or asked of months, or the coverage is not within (0, 1).
        HistoryTooShort: fewer than two years are whole.
        ModelNotApplicable: by ratio, and the mean of a year is not positive.
    """
    _validate(dates, values, coverage)
    if half_window_days < 0 or (half_window_days and season is Season.MONTH):
        reason = f"expected 0, or more for days, was {half_window_days}"
        raise InvalidInput(field="half_window_days", reason=reason)
    years, table = _whole_years(dates, values, season, half_window_days)
    departures = _departures(table, deviation)
    mean = departures.mean(axis=0)
    error = departures.std(axis=0, ddof=1) / np.sqrt(len(years))
    reach = float(student_t.ppf(0.5 + coverage / 2.0, len(years) - 1)) * error
    return SeasonalProfile(
        season=season,
        deviation=deviation,
        mean=mean,
        standard_error=error,
        low=mean - reach,
        high=mean + reach,
        years=years,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decomposition:
    """Hold a series (n,) as the sum of trend, seasonal and remainder, each (n,).

    `strength` is 1 − Var(remainder)/Var(seasonal + remainder), at least 0 (Hyndman and
    Athanasopoulos, Forecasting, 3rd edition, section 4.3): 0 without season, 1 without noise.
    """

    trend: Reals
    seasonal: Reals
    remainder: Reals
    strength: float


def decompose(values: Reals, period: int, *, robust: bool = True) -> Decomposition:
    """Split an evenly spaced series (n,) by STL (Cleveland and others 1990).

    `robust` takes the weight off outliers.

    Raises:
        InvalidInput: a value is missing or infinite, or the period is below 2.
        HistoryTooShort: there are fewer than two whole periods.
    """
    if period < 2:
        raise InvalidInput(field="period", reason=f"expected at least 2, was {period}")
    if values.ndim != 1 or not np.isfinite(values).all():
        raise InvalidInput(field="values", reason="expected one row of finite numbers")
    if len(values) < 2 * period:
        subject = f"a decomposition by periods of {period}"
        raise HistoryTooShort(subject=subject, needed=2 * period, found=len(values))
    # Seconds to import, and no profile needs it.
    from statsmodels.tsa.seasonal import STL

    result = STL(values, period=period, robust=robust).fit()
    seasonal, remainder = np.asarray(result.seasonal), np.asarray(result.resid)
    moving = float(np.var(seasonal + remainder))
    is_moving = moving > (_ROUNDING * float(np.abs(values).max())) ** 2
    strength = 1.0 - float(np.var(remainder)) / moving if is_moving else 0.0
    return Decomposition(
        trend=np.asarray(result.trend),
        seasonal=seasonal,
        remainder=remainder,
        strength=max(0.0, strength),
    )


def _validate(dates: Sequence[date], values: Reals, coverage: float) -> None:
    if values.shape != (len(dates),):
        reason = f"expected shape ({len(dates)},), was {values.shape}"
        raise InvalidInput(field="values", reason=reason)
    if any(later <= earlier for earlier, later in pairwise(dates)):
        raise InvalidInput(field="dates", reason="expected rising dates")
    if np.isinf(values).any():
        raise InvalidInput(field="values", reason="expected finite numbers, nan where missing")
    # So near to 1 that its half rounds up, a coverage would reach to infinity.
    if not (coverage > 0.0 and 0.5 + coverage / 2.0 < 1.0):
        raise InvalidInput(field="coverage", reason=f"expected within (0, 1), was {coverage}")


def _departures(table: Reals, deviation: Deviation) -> Reals:
    yearly = table.mean(axis=1, keepdims=True)
    if deviation is Deviation.DIFFERENCE:
        return np.asarray(table - yearly, dtype=np.float64)
    if (yearly <= 0.0).any():
        raise ModelNotApplicable(
            model="seasonal profile by ratio",
            reason="the mean of a year is not positive; use the difference",
        )
    return np.asarray(table / yearly, dtype=np.float64)


def _whole_years(
    dates: Sequence[date], values: Reals, season: Season, half_window_days: int
) -> tuple[tuple[int, ...], Reals]:
    """Return the years that have every season, and the mean of each, shape (years, seasons)."""
    years: list[int] = []
    rows: list[Reals] = []
    for year in range(dates[0].year, dates[-1].year + 1) if dates else ():
        if season is Season.MONTH:
            row = _months(dates, values, year)
        else:
            row = _days(dates, values, year, half_window_days)
        if np.isfinite(row).all():
            years.append(year)
            rows.append(row)
    if len(years) < _FEWEST_YEARS:
        subject = f"the seasonal profile by {season}, in whole years,"
        raise HistoryTooShort(subject=subject, needed=_FEWEST_YEARS, found=len(years))
    return tuple(years), np.stack(rows)


def _months(dates: Sequence[date], values: Reals, year: int) -> Reals:
    month = np.array([day.month if day.year == year else 0 for day in dates])
    return np.array([_mean(values[month == one]) for one in range(1, MONTHS_PER_YEAR + 1)])


def _days(dates: Sequence[date], values: Reals, year: int, half_window_days: int) -> Reals:
    at = np.array([day.toordinal() for day in dates])
    first, end = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    row = np.array(
        [
            _mean(values[slice(*np.searchsorted(at, (low, low + 2 * half_window_days + 1)))])
            for low in range(first - half_window_days, end - half_window_days)
        ]
    )
    if len(row) < DAYS_PER_LEAP_YEAR:
        row = np.insert(row, _LEAP_DAY, row[_LEAP_DAY - 1 : _LEAP_DAY + 1].mean())
    return row


def _mean(values: Reals) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan
