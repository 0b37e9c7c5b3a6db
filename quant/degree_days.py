"""Own heating and cooling degree days, the measure that gas and power demand is traded on.

The day's mean is that of its lowest and highest temperature, the base 65 °F, as the National
Weather Service publishes them.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.weather import DayRange, DegreeDays

BASE_F = 65.0

Floats = npt.NDArray[np.float64]


def fahrenheit_from_celsius(temp_c: npt.ArrayLike) -> Floats:
    """Convert temperatures from °C to °F."""
    return np.asarray(temp_c, dtype=np.float64) * 1.8 + 32.0


def daily_mean_f(min_f: npt.ArrayLike, max_f: npt.ArrayLike) -> Floats:
    """Return the mean of lowest and highest temperature of each day, in °F."""
    return (np.asarray(min_f, dtype=np.float64) + np.asarray(max_f, dtype=np.float64)) / 2.0


def heating_degree_days(mean_f: npt.ArrayLike, base_f: float = BASE_F) -> Floats:
    """Return max(0, base - mean) of each day, in °F; a missing mean (NaN) stays missing."""
    return np.maximum(0.0, base_f - np.asarray(mean_f, dtype=np.float64))


def cooling_degree_days(mean_f: npt.ArrayLike, base_f: float = BASE_F) -> Floats:
    """Return max(0, mean - base) of each day, in °F; a missing mean (NaN) stays missing."""
    return np.maximum(0.0, np.asarray(mean_f, dtype=np.float64) - base_f)


def degree_days_of(ranges: Sequence[DayRange]) -> list[DegreeDays]:
    """Return the degree days of each day, in the same order."""
    mean_f = daily_mean_f(
        fahrenheit_from_celsius([one.min_c for one in ranges]),
        fahrenheit_from_celsius([one.max_c for one in ranges]),
    )
    heating, cooling = heating_degree_days(mean_f), cooling_degree_days(mean_f)
    return [
        DegreeDays(range=one, mean_f=float(mean), hdd_f=float(hdd), cdd_f=float(cdd))
        for one, mean, hdd, cdd in zip(ranges, mean_f, heating, cooling, strict=True)
    ]
