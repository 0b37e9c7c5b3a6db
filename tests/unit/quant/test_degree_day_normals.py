"""Hold degree-day normals against plain loops over days and years."""

from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import HistoryTooShort, InvalidInput
from quant.degree_day_normals import DegreeDayNormals, degree_day_normals

FIRST, LAST = date(1991, 1, 1), date(2020, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def temperatures(seed: int = 1) -> np.ndarray:
    turn = np.array([2 * np.pi * day.timetuple().tm_yday / 365.25 for day in DAYS])
    return 55.0 - 25.0 * np.cos(turn) + 8.0 * np.random.default_rng(seed).normal(size=len(DAYS))


def normals_of(mean_f: np.ndarray, **changed: int) -> DegreeDayNormals:
    return degree_day_normals(DAYS, mean_f, **({"last_year": 2020} | changed))


def test_normals_are_the_means_of_thirty_years() -> None:
    mean_f = temperatures()
    found = normals_of(mean_f)
    by_day: dict[tuple[int, int], list[float]] = {}
    for day, mean in zip(DAYS, mean_f.tolist(), strict=True):
        by_day.setdefault((day.month, day.day), []).append(mean)
    for (month, number), means in by_day.items():
        if (month, number) == (2, 29):
            continue
        day = date(2023, month, number)
        heating = [max(0.0, 65.0 - mean) for mean in means]
        cooling = [max(0.0, mean - 65.0) for mean in means]
        assert len(means) == 30
        assert found.heating_on(day) == pytest.approx(sum(heating) / 30)
        assert found.cooling_on(day) == pytest.approx(sum(cooling) / 30)
        place = date(2000, month, number).timetuple().tm_yday - 1
        assert found.heating_deviation[place] == pytest.approx(np.std(heating, ddof=1))
        assert found.cooling_deviation[place] == pytest.approx(np.std(cooling, ddof=1))
    assert (found.first_year, found.last_year) == (1991, 2020)
    assert (len(found.heating), set(found.years.tolist())) == (366, {30})


def test_a_leap_day_is_the_mean_of_its_neighbours() -> None:
    mean_f = temperatures()
    changed = np.where([(day.month, day.day) == (2, 29) for day in DAYS], -400.0, mean_f)
    found = normals_of(changed)
    between = (found.heating_on(date(2024, 2, 28)) + found.heating_on(date(2024, 3, 1))) / 2
    assert found.heating_on(date(2024, 2, 29)) == pytest.approx(between)
    assert found.heating_on(date(2024, 12, 31)) == found.heating[365]


def test_sums_of_a_year_know_its_leap_day() -> None:
    found = normals_of(temperatures())
    common = found.sums_between(date(2023, 1, 1), date(2023, 12, 31))
    leap = found.sums_between(date(2024, 1, 1), date(2024, 12, 31))
    assert leap[0] - common[0] == pytest.approx(found.heating_on(date(2024, 2, 29)))
    # The sum of normals is the mean of the years' own sums, leap days aside.
    mean_f, kept = temperatures(), np.array([(day.month, day.day) != (2, 29) for day in DAYS])
    assert common[0] == pytest.approx(np.maximum(0.0, 65.0 - mean_f[kept]).sum() / 30)
    assert common[1] == pytest.approx(np.maximum(0.0, mean_f[kept] - 65.0).sum() / 30)
    winter = found.sums_between(date(2023, 12, 30), date(2024, 1, 2))
    assert winter[0] == pytest.approx(
        sum(found.heating_on(date(2024, *at)) for at in ((12, 30), (12, 31), (1, 1), (1, 2)))
    )


def test_smoothing_keeps_the_sum_of_a_common_year() -> None:
    mean_f = temperatures()
    rough, smooth = normals_of(mean_f), normals_of(mean_f, half_window_days=7)
    period = (date(2023, 1, 1), date(2023, 12, 31))
    assert smooth.sums_between(*period) == pytest.approx(rough.sums_between(*period))
    around = [date(2022, 12, 25) + timedelta(days=n) for n in range(15)]
    expected = np.mean([rough.heating_on(day) for day in around])
    assert smooth.heating_on(date(2023, 1, 1)) == pytest.approx(expected)


def test_other_years_and_bases_are_taken_as_asked() -> None:
    mean_f = temperatures()
    found = degree_day_normals(DAYS, mean_f, last_year=2010, years=10, base_f=50.0)
    tenth = [
        max(0.0, 50.0 - mean)
        for day, mean in zip(DAYS, mean_f.tolist(), strict=True)
        if 2001 <= day.year <= 2010 and (day.month, day.day) == (3, 10)
    ]
    assert found.heating_on(date(2024, 3, 10)) == pytest.approx(sum(tenth) / 10)


def test_a_fifth_of_the_years_may_be_missing_and_no_more() -> None:
    mean_f = temperatures()
    tenths = [n for n, day in enumerate(DAYS) if (day.month, day.day) == (7, 10)]
    mean_f[tenths[:6]] = np.nan
    found = normals_of(mean_f)
    assert found.years[date(2000, 7, 10).timetuple().tm_yday - 1] == 24
    assert np.isfinite(found.cooling).all()
    mean_f[tenths[6]] = np.nan
    with pytest.raises(HistoryTooShort, match="30-year normal of 10 July needs 24"):
        normals_of(mean_f)


def test_improper_input_is_refused_by_name() -> None:
    mean_f = temperatures()
    with pytest.raises(InvalidInput, match="mean_f"):
        normals_of(mean_f[:-1])
    with pytest.raises(InvalidInput, match="mean_f"):
        normals_of(np.full(len(DAYS), np.inf))
    with pytest.raises(InvalidInput, match="rising"):
        degree_day_normals(DAYS[::-1], mean_f, last_year=2020)
    with pytest.raises(InvalidInput, match="years"):
        normals_of(mean_f, years=1)
    for base in (np.nan, np.inf):
        with pytest.raises(InvalidInput, match="base_f"):
            normals_of(mean_f, base_f=base)
    for half_window in (-1, 183):
        with pytest.raises(InvalidInput, match="half_window_days"):
            normals_of(mean_f, half_window_days=half_window)
    with pytest.raises(InvalidInput, match="period"):
        normals_of(mean_f).sums_between(date(2024, 1, 2), date(2024, 1, 1))
