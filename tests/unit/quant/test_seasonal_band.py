"""Check the band of the same calendar day of earlier years."""

from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.seasonal_band import seasonal_band


def test_a_band_holds_the_same_day_of_the_years_before() -> None:
    dates = [date(year, 3, 4) for year in (2017, 2018, 2019, 2020)]
    band = seasonal_band(dates, np.array([1.0, -3.0, 5.0, 99.0]), since=date(2020, 1, 1))
    assert band.dates == (date(2020, 3, 4),)
    assert (band.years[0], band.minimum[0], band.mean[0], band.maximum[0]) == (3, -3.0, 1.0, 5.0)


def test_years_too_far_back_are_not_in_it() -> None:
    dates = [date(year, 3, 4) for year in (2017, 2018, 2019, 2020)]
    values = np.array([100.0, 2.0, 4.0, 0.0])
    band = seasonal_band(dates, values, since=date(2020, 1, 1), years=2)
    assert (band.years[0], band.minimum[0], band.maximum[0]) == (2, 2.0, 4.0)


def test_a_weekend_takes_the_settlement_before_never_the_one_after() -> None:
    # 4 March 2018 was a Sunday.
    dates = [date(2018, 3, 2), date(2018, 3, 5), date(2019, 3, 4)]
    band = seasonal_band(dates, np.array([7.0, 8.0, 9.0]), since=date(2019, 1, 1))
    assert band.mean.tolist() == [7.0]


def test_a_value_older_than_a_week_is_another_season() -> None:
    dates = [date(2018, 2, 24), date(2019, 3, 3), date(2019, 3, 4)]
    band = seasonal_band(dates, np.array([7.0, 1.0, 1.0]), since=date(2019, 1, 1))
    assert band.years.tolist() == [1, 0]
    assert np.isnan(band.mean).tolist() == [False, True]
    assert np.isnan(band.minimum[1])
    assert np.isnan(band.maximum[1])


def test_leap_day_is_compared_with_the_day_before() -> None:
    dates = [date(2019, 2, 28), date(2019, 3, 1), date(2020, 2, 29)]
    band = seasonal_band(dates, np.array([7.0, 8.0, 9.0]), since=date(2020, 1, 1))
    assert band.mean.tolist() == [7.0]


def test_what_comes_later_changes_nothing() -> None:
    start = date(2015, 1, 1)
    dates = [start + timedelta(days=n) for n in range(5 * 365)]
    values = np.random.default_rng(7).normal(size=len(dates))
    asked = date(2018, 6, 1)
    known = dates.index(asked) + 1
    whole = seasonal_band(dates, values, since=asked)
    part = seasonal_band(dates[:known], values[:known], since=asked)
    assert (whole.mean[0], whole.minimum[0]) == (part.mean[0], part.minimum[0])


def test_nothing_asked_is_nothing_found() -> None:
    assert seasonal_band([], np.array([]), since=date(2020, 1, 1)).dates == ()


@pytest.mark.parametrize(
    ("field", "dates", "values", "years"),
    [
        ("values", [date(2020, 1, 2)], [1.0, 2.0], 5),
        ("values", [date(2020, 1, 2)], [np.nan], 5),
        ("dates", [date(2020, 1, 2), date(2020, 1, 2)], [1.0, 2.0], 5),
        ("years", [date(2020, 1, 2)], [1.0], 0),
    ],
)
def test_bad_input_is_named(field: str, dates: list[date], values: list[float], years: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        seasonal_band(dates, np.array(values), since=date(2020, 1, 1), years=years)
    assert caught.value.context["field"] == field
