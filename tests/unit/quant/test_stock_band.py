"""Hold the band of weekly stocks against the averages that EIA printed, and against a slow loop."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HistoryTooShort, InvalidInput
from quant.stock_band import stock_band

SharedData = Callable[[str], Path]


def weekly(path: Path, series: str) -> tuple[list[date], np.ndarray]:
    with path.open(newline="") as file:
        rows = sorted(
            (row["date"], float(row["value"]))
            for row in csv.DictReader(file)
            if row["series"] == series
        )
    return [date.fromisoformat(day) for day, _ in rows], np.array([value for _, value in rows])


def fridays(first: date, weeks: int) -> list[date]:
    return [first + timedelta(days=7 * n) for n in range(weeks)]


@pytest.mark.parametrize(
    ("ending", "stocks", "average"),
    [
        # Printed in EIA's Weekly Natural Gas Storage Report of each week, bcf.
        (date(2018, 12, 7), 2914, 3637),
        (date(2020, 1, 3), 3148, 3074),
        (date(2021, 12, 17), 3362, 3328),
        (date(2024, 1, 5), 3336, 2988),
        (date(2024, 11, 15), 3969, 3730),
    ],
)
def test_five_year_averages_of_gas_are_those_printed(
    ending: date, stocks: int, average: int, shared_data: SharedData
) -> None:
    weeks, values = weekly(shared_data("eia_weekly_stocks.csv"), "NGLower48")
    band = stock_band(weeks, values, ending)
    assert (band.week_ending, band.value) == (ending, stocks)
    assert round(band.mean) == average
    assert band.years == tuple(range(ending.year - 5, ending.year))


def test_the_last_week_of_2024_is_as_printed(shared_data: SharedData) -> None:
    # 3,413 bcf, 4.7 % above the five-year average and within the five-year range.
    weeks, values = weekly(shared_data("eia_weekly_stocks.csv"), "NGLower48")
    band = stock_band(weeks, values, date(2024, 12, 31))
    assert (band.week_ending, band.value) == (date(2024, 12, 27), 3413)
    assert band.deviation_percent == pytest.approx(4.7, abs=0.05)
    assert band.is_within
    assert 2024 not in band.years


@given(st.integers(0, 2**32 - 1), st.integers(0, 400), st.integers(1, 5))
def test_bands_equal_a_day_by_day_version(seed: int, row: int, years: int) -> None:
    values = np.random.default_rng(seed).uniform(0.0, 4000.0, 420).tolist()
    weeks = fridays(date(2016, 1, 1), 420)
    by_day: dict[date, float] = {}
    for week, (left, right) in enumerate(pairwise(values)):
        for n in range(7):
            by_day[weeks[week] + timedelta(days=n)] = left + (right - left) * n / 7
    ending = weeks[row]
    same = []
    for year in range(ending.year - years, ending.year):
        is_leap_day = (ending.month, ending.day) == (2, 29)
        same.append(date(year, ending.month, 28 if is_leap_day else ending.day))
    if same[0] < weeks[0]:
        with pytest.raises(HistoryTooShort):
            stock_band(weeks, np.array(values), ending, years=years)
        return
    band = stock_band(weeks, np.array(values), ending, years=years)
    assert band.earlier == pytest.approx([by_day[day] for day in same])
    assert (band.minimum, band.maximum) == (min(band.earlier), max(band.earlier))
    assert band.value == values[row]
    assert band.deviation == pytest.approx(band.value - sum(band.earlier) / years)


def test_a_leap_day_meets_leap_days_and_the_28th() -> None:
    weeks = fridays(date(2019, 1, 4), 300)  # 2024-02-29 is made a week's end below
    shifted = [day - timedelta(days=1) for day in weeks]
    values = np.array([float(day.toordinal()) for day in shifted])
    band = stock_band(shifted, values, date(2024, 2, 29))
    assert band.week_ending == date(2024, 2, 29)
    expected = [date(2020, 2, 29) if year == 2020 else date(year, 2, 28) for year in band.years]
    assert band.earlier == pytest.approx([day.toordinal() for day in expected])


def test_nothing_later_changes_a_band(shared_data: SharedData) -> None:
    weeks, values = weekly(shared_data("eia_weekly_stocks.csv"), "CrudeCushing")
    on = date(2019, 6, 30)
    corrupted = np.where([day > on for day in weeks], -1.0, values)
    assert stock_band(weeks, corrupted, on) == stock_band(weeks, values, on)


def test_a_gap_in_an_earlier_year_is_refused_by_name() -> None:
    weeks = fridays(date(2019, 1, 4), 300)
    gone = {date(2021, 6, 4), date(2021, 6, 11)}
    kept = [day for day in weeks if day not in gone]
    with pytest.raises(HistoryTooShort, match="5-year band of the week ending 2024-06-07"):
        stock_band(kept, np.ones(len(kept)), date(2024, 6, 7))


def test_what_is_unknown_or_improper_is_refused() -> None:
    weeks = fridays(date(2019, 1, 4), 10)
    with pytest.raises(HistoryTooShort, match="stocks on 2019-01-03"):
        stock_band(weeks, np.ones(10), date(2019, 1, 3))
    for changed in ({"values": np.ones(9)}, {"values": np.full(10, np.nan)}, {"years": 0}):
        arguments: dict[str, object] = {"weeks_ending": weeks, "values": np.ones(10)}
        with pytest.raises(InvalidInput):
            stock_band(**(arguments | changed), on=weeks[-1])  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="rising"):
        stock_band(weeks[::-1], np.ones(10), weeks[-1])


def test_no_percent_of_a_mean_of_zero() -> None:
    weeks = fridays(date(2019, 1, 4), 300)
    band = stock_band(weeks, np.zeros(300), date(2024, 6, 7))
    assert band.deviation_percent is None
