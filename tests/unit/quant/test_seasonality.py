"""Hold seasonal profiles against plain means over years, and STL against a known season."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.seasonality import Deviation, Season, decompose, seasonal_profile

SharedData = Callable[[str], Path]

FIRST = date(2015, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range((date(2022, 12, 31) - FIRST).days + 1)]


def seasonal_values(seed: int = 1) -> np.ndarray:
    turn = np.array([2 * np.pi * day.timetuple().tm_yday / 365.25 for day in DAYS])
    level = np.array([50.0 + 3.0 * (day.year - 2015) for day in DAYS])
    return level + 10.0 * np.cos(turn) + np.random.default_rng(seed).normal(size=len(DAYS))


@pytest.mark.parametrize("deviation", Deviation)
def test_months_are_means_over_years_of_departures_from_the_year(deviation: Deviation) -> None:
    values = seasonal_values()
    found = seasonal_profile(DAYS, values, deviation=deviation)
    rows = []
    for year in range(2015, 2023):
        months = [
            np.mean(
                [v for d, v in zip(DAYS, values, strict=True) if (d.year, d.month) == (year, m)]
            )
            for m in range(1, 13)
        ]
        whole = np.mean(months)
        rows.append(
            [m - whole for m in months]
            if deviation is Deviation.DIFFERENCE
            else [m / whole for m in months]
        )
    assert found.years == tuple(range(2015, 2023))
    np.testing.assert_allclose(found.mean, np.mean(rows, axis=0))
    np.testing.assert_allclose(found.standard_error, np.std(rows, axis=0, ddof=1) / np.sqrt(8))
    # Student's t of 7 degrees of freedom covers 95 % within 2.3646 (any table of it).
    np.testing.assert_allclose(found.high - found.mean, 2.3646 * found.standard_error, rtol=1e-4)
    np.testing.assert_allclose(found.mean - found.low, found.high - found.mean)


def test_a_level_that_moves_between_years_is_no_season() -> None:
    values = seasonal_values()
    level = np.array([3.0 * (day.year - 2015) for day in DAYS])
    found, without = seasonal_profile(DAYS, values), seasonal_profile(DAYS, values - level)
    np.testing.assert_allclose(found.mean, without.mean, atol=1e-10)
    np.testing.assert_allclose(found.standard_error, without.standard_error, atol=1e-10)
    assert found.mean.sum() == pytest.approx(0.0, abs=1e-9)
    assert int(found.mean.argmin()) == 6


def test_days_are_means_over_years_and_the_leap_day_lies_between() -> None:
    values = seasonal_values()
    found = seasonal_profile(DAYS, values, season=Season.DAY)
    by_day = dict(zip(DAYS, values.tolist(), strict=True))
    rows = []
    for year in range(2015, 2023):
        row = []
        for place in range(366):
            on = date(2000, 1, 1) + timedelta(days=place)
            if (on.month, on.day) == (2, 29) and year % 4:
                row.append((by_day[date(year, 2, 28)] + by_day[date(year, 3, 1)]) / 2)
            else:
                row.append(by_day[on.replace(year=year)])
        rows.append(np.array(row) - np.mean(row))
    np.testing.assert_allclose(found.mean, np.mean(rows, axis=0))
    assert len(found.mean) == 366


def test_settlements_of_weekdays_make_days_by_a_window() -> None:
    values = seasonal_values() - np.array([3.0 * (day.year - 2015) for day in DAYS])
    weekdays = [n for n, day in enumerate(DAYS) if day.weekday() < 5]
    days = [DAYS[n] for n in weekdays]
    with pytest.raises(HistoryTooShort, match="by day, in whole years, needs 2"):
        seasonal_profile(days, values[weekdays], season=Season.DAY)
    found = seasonal_profile(days, values[weekdays], season=Season.DAY, half_window_days=3)
    turn = 2 * np.pi * np.arange(1, 367) / 366
    np.testing.assert_allclose(found.mean, 10.0 * np.cos(turn), atol=1.0)


def test_years_that_lack_a_month_are_left_out() -> None:
    values = seasonal_values()
    gone = np.array([day.year == 2018 and day.month == 3 for day in DAYS])
    found = seasonal_profile(DAYS, np.where(gone, np.nan, values))
    assert found.years == (2015, 2016, 2017, 2019, 2020, 2021, 2022)
    assert np.isfinite(found.mean).all()


def test_decomposition_finds_the_season_that_was_put_in() -> None:
    weeks = np.arange(52 * 8)
    season = 10.0 * np.sin(2 * np.pi * weeks / 52)
    values = 50.0 + 0.05 * weeks + season + 0.3 * np.random.default_rng(4).normal(size=len(weeks))
    found = decompose(values, 52)
    np.testing.assert_allclose(found.trend + found.seasonal + found.remainder, values)
    assert np.abs(found.seasonal - season).max() < 1.0
    assert found.strength > 0.99
    noise = np.random.default_rng(5).normal(size=52 * 8)
    assert decompose(noise, 52, robust=False).strength < found.strength
    assert decompose(np.full(104, 3.0), 52).strength == 0.0


def test_real_gas_stocks_are_lowest_in_march_and_highest_in_autumn(
    shared_data: SharedData,
) -> None:
    with shared_data("eia_weekly_stocks.csv").open(newline="") as file:
        rows = sorted(
            (row["date"], float(row["value"]))
            for row in csv.DictReader(file)
            if row["series"] == "NGLower48"
        )
    days = [date.fromisoformat(day) for day, _ in rows]
    values = np.array([value for _, value in rows])
    found = seasonal_profile(days, values)
    assert int(found.mean.argmin()) + 1 == 3
    assert int(found.mean.argmax()) + 1 == 11
    assert found.high[2] < 0.0 < found.low[10]
    assert decompose(values, 52).strength > 0.9


def test_what_has_no_answer_is_refused_by_name() -> None:
    values = seasonal_values()
    with pytest.raises(ModelNotApplicable, match="use the difference"):
        seasonal_profile(DAYS, values - 100.0, deviation=Deviation.RATIO)
    with pytest.raises(HistoryTooShort, match="needs 2 observations; there are 1"):
        seasonal_profile(DAYS[:400], values[:400])
    with pytest.raises(HistoryTooShort):
        seasonal_profile([], np.zeros(0))
    with pytest.raises(HistoryTooShort, match="periods of 52 needs 104"):
        decompose(np.ones(103), 52)
    for changed in (
        {"values": values[:-1]},
        {"values": np.full(len(DAYS), np.inf)},
        {"dates": DAYS[::-1]},
        {"coverage": 1.0},
        {"coverage": 0.9999999999999999},
        {"half_window_days": 1},
        {"half_window_days": -1, "season": Season.DAY},
    ):
        arguments: dict[str, object] = {"dates": DAYS, "values": values}
        with pytest.raises(InvalidInput):
            seasonal_profile(**(arguments | changed))  # type: ignore[arg-type]
    for bad in (np.full(200, np.nan), np.ones((2, 100))):
        with pytest.raises(InvalidInput, match="values"):
            decompose(bad, 52)
    with pytest.raises(InvalidInput, match="period"):
        decompose(np.ones(200), 1)
