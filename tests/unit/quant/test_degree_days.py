"""Check degree days against exact cases, a plain loop, and published yearly sums."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weather import DayBasis, DayRange
from quant.degree_days import (
    cooling_degree_days,
    daily_mean_f,
    degree_days_of,
    fahrenheit_from_celsius,
    heating_degree_days,
)

TEMPERATURES = st.floats(-80, 130)


@pytest.mark.parametrize(
    ("low_f", "high_f", "heating", "cooling"),
    [(30, 50, 25, 0), (60, 70, 0, 0), (70, 95, 0, 17.5), (-20, 0, 75, 0), (64, 65, 0.5, 0)],
)
def test_simple_days(low_f: float, high_f: float, heating: float, cooling: float) -> None:
    mean = daily_mean_f([low_f], [high_f])
    assert heating_degree_days(mean).tolist() == [heating]
    assert cooling_degree_days(mean).tolist() == [cooling]


def test_a_missing_day_stays_missing() -> None:
    mean = daily_mean_f([30, np.nan], [50, 60])
    assert np.isnan(heating_degree_days(mean)).tolist() == [False, True]
    assert np.isnan(cooling_degree_days(mean)).tolist() == [False, True]


def test_fixed_points_of_the_scales() -> None:
    found = fahrenheit_from_celsius([-40, 0, 37, 100]).tolist()
    assert found == pytest.approx([-40, 32, 98.6, 212])


@given(st.lists(st.tuples(TEMPERATURES, TEMPERATURES), min_size=1))
def test_arrays_equal_a_plain_loop(days: list[tuple[float, float]]) -> None:
    lows, highs = [min(day) for day in days], [max(day) for day in days]
    mean = daily_mean_f(lows, highs)
    heating = [max(0.0, 65 - (low + high) / 2) for low, high in zip(lows, highs, strict=True)]
    cooling = [max(0.0, (low + high) / 2 - 65) for low, high in zip(lows, highs, strict=True)]
    assert heating_degree_days(mean).tolist() == pytest.approx(heating)
    assert cooling_degree_days(mean).tolist() == pytest.approx(cooling)


def test_days_of_a_station_are_converted_from_celsius() -> None:
    one = DayRange(
        station="KORD",
        source="sandbox",
        day=date(2026, 1, 2),
        basis=DayBasis.OBSERVED,
        min_c=-10.0,
        max_c=0.0,
        issued_ns=None,
    )
    (found,) = degree_days_of([one])
    assert (found.range, found.mean_f, found.hdd_f, found.cdd_f) == (one, 23.0, 42.0, 0.0)
    assert degree_days_of([]) == []


@pytest.mark.parametrize(
    ("year", "heating", "cooling"),
    [
        (1940, 3445.83, 1571.73),
        (1980, 3658.83, 1830.75),
        (2010, 3416.13, 2174.10),
        (2020, 2630.55, 1753.14),
    ],
)
def test_years_of_clemson_equal_the_published_sums(
    year: int, heating: float, cooling: float, shared_data: Callable[[str], Path]
) -> None:
    # Columns date, tmin, tmax in °F; days without one of them are not counted.
    with shared_data("clemson_daily_temperatures.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["date"].startswith(str(year))]
    mean = daily_mean_f(
        [float(row["tmin"] or "nan") for row in rows],
        [float(row["tmax"] or "nan") for row in rows],
    )
    assert np.nansum(heating_degree_days(mean)) == pytest.approx(heating, abs=0.005)
    assert np.nansum(cooling_degree_days(mean)) == pytest.approx(cooling, abs=0.005)
