"""Check that the simulated weather is a pure function, plausible, and known better the nearer."""

import itertools
import statistics
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weather import STATIONS
from integrations.openweather.sandbox.answers import current_weather, one_call, three_hourly
from integrations.openweather.sandbox.climate import (
    DAY_S,
    HOUR_S,
    Place,
    conditions,
    forecast,
)

NEW_YEAR_S = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
NOTHING: frozenset[str] = frozenset()


def place(code: str, seed: int = 7) -> Place:
    station = STATIONS[code]
    return Place(seed=seed, latitude_deg=station.latitude_deg, longitude_deg=station.longitude_deg)


def mean_c(code: str, first_day: int, days: int, hour: int | None = None) -> float:
    hours = range(24) if hour is None else (hour,)
    return statistics.fmean(
        conditions(place(code), NEW_YEAR_S + (first_day + day) * DAY_S + one * HOUR_S).temp_c
        for day in range(days)
        for one in hours
    )


@given(
    st.integers(0, 10**6), st.floats(-90, 90), st.floats(-180, 180), st.integers(0, 4_000_000_000)
)
def test_conditions_are_plausible_everywhere(
    seed: int, latitude_deg: float, longitude_deg: float, time_s: int
) -> None:
    where = Place(seed=seed, latitude_deg=latitude_deg, longitude_deg=longitude_deg)
    sky = conditions(where, time_s)
    assert sky == conditions(where, time_s)
    assert -95 < sky.temp_c < 60
    assert 12 <= sky.humidity_percent <= 100
    assert 990 < sky.pressure_hpa < 1040
    assert 0 <= sky.cloud_percent <= 100
    assert 0 < sky.wind_m_per_s < 12
    assert 0 <= sky.wind_deg < 360
    assert 0 <= sky.fall_mm_per_h < 5
    assert sky.dew_point_c <= sky.temp_c + 1e-9


def test_summers_and_afternoons_are_warmer_and_the_south_is() -> None:
    for code in STATIONS:
        assert mean_c(code, 182, 40) > mean_c(code, 0, 40) + 10
        # 21:00 and 11:00 UTC are afternoon and morning from Boston to Dallas.
        assert mean_c(code, 150, 60, hour=21) > mean_c(code, 150, 60, hour=11) + 3
    years = {code: mean_c(code, 0, 365) for code in ("KORD", "KPHL", "KDFW", "KIAH")}
    assert list(years) == sorted(years, key=years.__getitem__)


def test_seeds_and_stations_have_weather_of_their_own() -> None:
    skies = {
        conditions(place(code, seed), NEW_YEAR_S).temp_c for code in STATIONS for seed in range(5)
    }
    assert len(skies) == 5 * len(STATIONS)


def test_weather_has_no_jumps() -> None:
    temperatures = [
        conditions(place("KORD"), NEW_YEAR_S + 600 * n).temp_c for n in range(6 * 24 * 14)
    ]
    steps = [abs(b - a) for a, b in itertools.pairwise(temperatures)]
    assert max(steps) < 1.0


def error_c(lead_h: int) -> float:
    errors = []
    for n in range(200):
        valid_s = NEW_YEAR_S + n * 7 * HOUR_S
        expected = forecast(place("KLGA"), valid_s - lead_h * HOUR_S, valid_s)
        errors.append(abs(expected.temp_c - conditions(place("KLGA"), valid_s).temp_c))
    return statistics.fmean(errors)


def test_forecasts_err_more_the_longer_they_look_ahead() -> None:
    assert error_c(0) == 0
    errors = [error_c(lead_h) for lead_h in (3, 24, 120)]
    assert errors == sorted(errors)
    assert 0 < errors[0] < 1.5
    assert errors[2] < 6
    past = forecast(place("KLGA"), NEW_YEAR_S, NEW_YEAR_S - HOUR_S)
    assert past == conditions(place("KLGA"), NEW_YEAR_S - HOUR_S)


def test_another_issue_of_a_forecast_differs() -> None:
    valid_s = NEW_YEAR_S + 2 * DAY_S
    issues = {forecast(place("KORD"), NEW_YEAR_S + n * DAY_S, valid_s).temp_c for n in range(3)}
    assert len(issues) == 3


def test_answers_have_the_vendors_sizes_and_inconsistencies() -> None:
    now_s = NEW_YEAR_S + 1234
    body = one_call(place("KORD"), now_s, NOTHING)
    sizes = {name: len(body[name]) for name in ("minutely", "hourly", "daily")}
    assert sizes == {"minutely": 60, "hourly": 48, "daily": 8}
    assert body["current"]["dt"] == NEW_YEAR_S + 1200
    assert body["timezone_offset"] == -6 * HOUR_S
    assert "hourly" not in one_call(place("KORD"), now_s, frozenset({"hourly"}))
    current, listed = current_weather(place("KORD"), now_s), three_hourly(place("KORD"), now_s)
    assert (current["cod"], listed["cod"], len(listed["list"])) == (200, "200", 40)
    assert current["main"]["temp"] == body["current"]["temp"]
    assert current["sys"]["sunrise"] < current["sys"]["sunset"]


def test_rain_is_an_object_by_the_hour_and_a_number_by_the_day() -> None:
    kinds: dict[str, set[type]] = {"hourly": set(), "daily": set()}
    for day in range(0, 60, 8):
        body = one_call(place("KIAH"), NEW_YEAR_S + day * DAY_S, NOTHING)
        for name, found in kinds.items():
            found |= {type(one["rain"]) for one in body[name] if "rain" in one}
    assert kinds == {"hourly": {dict}, "daily": {float}}


@pytest.mark.parametrize("code", STATIONS)
def test_the_sun_stands_highest_at_solar_noon(code: str) -> None:
    sun = one_call(place(code), NEW_YEAR_S + 180 * DAY_S, NOTHING)["current"]
    length_h = (sun["sunset"] - sun["sunrise"]) / HOUR_S
    assert 13.5 < length_h < 15.5
    noon_h = (sun["sunset"] + sun["sunrise"]) / 2 % DAY_S / HOUR_S
    assert noon_h == pytest.approx(12 - STATIONS[code].longitude_deg / 15, abs=0.01)
