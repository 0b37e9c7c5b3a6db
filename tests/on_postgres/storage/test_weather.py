"""Check that weather is stored once, read back exactly, and never mixed of two sources."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from core.clock import ns_from_utc
from core.runs import DEFAULT_ORG
from core.weather import (
    STATIONS,
    DailyForecast,
    DayBasis,
    HourlyForecast,
    WeatherObservation,
)
from storage import weather
from storage.pool import Pools
from storage.weather import CallCount, StoredCounts

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 18, 14, tzinfo=UTC)
NOW_NS = ns_from_utc(NOW)
HOUR_NS = 3_600_000_000_000
CHICAGO = STATIONS["KORD"]
DAY = date(2026, 11, 18)
OBSERVATION = WeatherObservation(
    station="KORD",
    source="sandbox",
    observed_ns=NOW_NS,
    received_ns=NOW_NS + 123_456_789,
    temp_c=-3.41,
    feels_like_c=-9.0,
    dew_point_c=None,
    pressure_hpa=1009.0,
    humidity_percent=87.0,
    cloud_cover_percent=100.0,
    visibility_m=8047.0,
    wind_speed_m_per_s=4.6,
    wind_direction_deg=250.0,
    wind_gust_m_per_s=None,
    rain_mm=None,
    snow_mm=0.13,
    condition="light snow",
)
HOURLY = HourlyForecast(
    station="KORD",
    source="sandbox",
    issued_ns=NOW_NS,
    valid_ns=NOW_NS + HOUR_NS,
    step_h=3,
    received_ns=NOW_NS + 1,
    temp_c=0.1,
    feels_like_c=-2.0,
    pressure_hpa=1010.0,
    humidity_percent=80.0,
    cloud_cover_percent=4.0,
    wind_speed_m_per_s=1.0,
    wind_direction_deg=None,
    precipitation_probability=0.35,
    rain_mm=0.2,
    snow_mm=None,
    condition="rain",
)
DAILY = DailyForecast(
    station="KORD",
    source="sandbox",
    issued_ns=NOW_NS,
    day=DAY,
    received_ns=NOW_NS + 1,
    min_c=-5.0,
    max_c=1.5,
    precipitation_probability=1.0,
    rain_mm=None,
    snow_mm=3.0,
    condition="snow",
)


async def store(pools: Pools, *rows: WeatherObservation | HourlyForecast | DailyForecast) -> int:
    async with pools.system() as connection:
        counts = await weather.append(
            connection,
            [row for row in rows if isinstance(row, WeatherObservation)],
            [row for row in rows if isinstance(row, HourlyForecast)],
            [row for row in rows if isinstance(row, DailyForecast)],
        )
    return counts.total


async def test_what_is_stored_is_read_back_exactly_and_stored_once(pools: Pools) -> None:
    rows = ([OBSERVATION, OBSERVATION], [HOURLY, HOURLY], [DAILY, DAILY])
    async with pools.system() as connection:
        first = await weather.append(connection, *rows)
        again = await weather.append(connection, *rows)
    assert first == StoredCounts(observations=1, hourly=1, daily=1)
    assert again == StoredCounts(observations=0, hourly=0, daily=0)
    async with pools.read(DEFAULT_ORG) as connection:
        assert await weather.latest_observation(connection, "KORD", "sandbox") == OBSERVATION
        assert await weather.hourly_forecasts(connection, "KORD", "sandbox") == [HOURLY]
        assert await weather.daily_forecasts(connection, "KORD", "sandbox") == [DAILY]
        assert await weather.latest_observation(connection, "KLGA", "sandbox") is None
        assert await weather.latest_observation(connection, "KORD", "openweather") is None


async def test_a_range_of_observations_is_in_order_and_half_open(pools: Pools) -> None:
    rows = [replace(OBSERVATION, observed_ns=NOW_NS + n * HOUR_NS) for n in (3, 1, 0, 2)]
    await store(pools, *rows)
    async with pools.read(DEFAULT_ORG) as connection:
        end = NOW + timedelta(hours=3)
        found = await weather.observations(connection, "KORD", "sandbox", NOW, end, 10)
        few = await weather.observations(connection, "KORD", "sandbox", NOW, end, 2)
    assert [one.observed_ns - NOW_NS for one in found] == [0, HOUR_NS, 2 * HOUR_NS]
    assert few == found[:2]


async def test_every_issue_of_a_forecast_is_kept(pools: Pools) -> None:
    later = replace(HOURLY, issued_ns=NOW_NS + HOUR_NS, temp_c=9.0)
    later_day = replace(DAILY, issued_ns=NOW_NS + HOUR_NS, max_c=9.0)
    await store(pools, HOURLY, later, DAILY, later_day)
    async with pools.read(DEFAULT_ORG) as connection:
        assert await weather.hourly_forecasts(connection, "KORD", "sandbox") == [later]
        assert await weather.daily_forecasts(connection, "KORD", "sandbox") == [later_day]
        for before, expected in ((NOW + timedelta(hours=1), True), (NOW, False)):
            hours = await weather.hourly_forecasts(connection, "KORD", "sandbox", before)
            days = await weather.daily_forecasts(connection, "KORD", "sandbox", before)
            assert hours == ([HOURLY] if expected else [])
            assert days == ([DAILY] if expected else [])


async def test_the_source_that_spoke_last_is_the_newest(pools: Pools) -> None:
    async with pools.read(DEFAULT_ORG) as connection:
        assert await weather.newest_source(connection, "KORD") is None
    await store(pools, OBSERVATION)
    real = replace(OBSERVATION, source="openweather", received_ns=NOW_NS + HOUR_NS)
    await store(pools, real)
    async with pools.read(DEFAULT_ORG) as connection:
        assert await weather.newest_source(connection, "KORD") == "openweather"
        assert await weather.latest_observation(connection, "KORD", "sandbox") == OBSERVATION


def hours_of_day(day: date, hours: range) -> list[WeatherObservation]:
    """Make an observation an hour of a Chicago day of winter, as warm as the hour's number."""
    midnight_ns = ns_from_utc(datetime(day.year, day.month, day.day, 6, tzinfo=UTC))
    return [
        replace(OBSERVATION, observed_ns=midnight_ns + n * HOUR_NS, temp_c=float(n)) for n in hours
    ]


async def test_days_are_observed_if_enough_hours_were_else_as_forecast_last(pools: Pools) -> None:
    before, forecast_only = DAY - timedelta(days=1), DAY + timedelta(days=1)
    await store(pools, *hours_of_day(before, range(24)), *hours_of_day(DAY, range(24)))
    few = hours_of_day(before - timedelta(days=1), range(weather.HOURS_OF_A_DAY - 1))
    await store(pools, *few)
    for day in (before, DAY, forecast_only):
        older = replace(DAILY, day=day, issued_ns=NOW_NS - HOUR_NS, max_c=99.0)
        await store(pools, replace(DAILY, day=day), older)
    async with pools.read(DEFAULT_ORG) as connection:
        found = await weather.day_ranges(
            connection, CHICAGO, "sandbox", DAY - timedelta(days=5), DAY + timedelta(days=5), DAY
        )
        assert not await weather.day_ranges(connection, CHICAGO, "openweather", DAY, DAY, DAY)
    assert [(one.day, one.basis, one.min_c, one.max_c, one.issued_ns) for one in found] == [
        (before, DayBasis.OBSERVED, 0.0, 23.0, None),
        (DAY, DayBasis.FORECAST, -5.0, 1.5, NOW_NS),
        (forecast_only, DayBasis.FORECAST, -5.0, 1.5, NOW_NS),
    ]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25)])
async def test_a_day_of_a_clock_change_is_the_local_one(
    pools: Pools, day: date, hours: int
) -> None:
    midnight = datetime(day.year, day.month, day.day, 6 if hours == 23 else 5, tzinfo=UTC)
    first_ns = ns_from_utc(midnight)
    rows = [
        replace(OBSERVATION, observed_ns=first_ns + n * HOUR_NS, temp_c=float(n))
        for n in range(-1, hours + 1)
    ]
    await store(pools, *rows)
    async with pools.read(DEFAULT_ORG) as connection:
        (found,) = await weather.day_ranges(
            connection, CHICAGO, "sandbox", day, day, day + timedelta(days=1)
        )
    assert (found.min_c, found.max_c) == (0.0, float(hours - 1))


async def reserve(pools: Pools, calls: int, per_day: int, plan: str = "one_call") -> CallCount:
    async with pools.system() as connection:
        return await weather.reserve_calls(
            connection, source="sandbox", plan=plan, day=DAY, calls=calls, per_day=per_day
        )


async def test_calls_are_counted_and_never_granted_beyond_the_day(pools: Pools) -> None:
    assert await reserve(pools, 30, 70) == CallCount(counted=30, granted=30)
    assert await reserve(pools, 30, 70) == CallCount(counted=60, granted=30)
    assert await reserve(pools, 30, 70) == CallCount(counted=70, granted=10)
    assert await reserve(pools, 30, 70) == CallCount(counted=70, granted=0)
    assert await reserve(pools, 30, 50) == CallCount(counted=70, granted=0)
    assert await reserve(pools, 5, 70, plan="free") == CallCount(counted=5, granted=5)


async def test_two_processes_share_one_days_calls(pools: Pools) -> None:
    counts = await asyncio.gather(*(reserve(pools, 3, 10) for _ in range(8)))
    assert sum(count.granted for count in counts) == 10
    assert max(count.counted for count in counts) == 10


async def test_the_app_may_read_and_not_write(pools: Pools) -> None:
    await store(pools, OBSERVATION)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.write(DEFAULT_ORG) as connection:
            await weather.append(connection, [replace(OBSERVATION, station="KLGA")], [], [])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.system() as connection:
            await connection.execute("DELETE FROM weather_observations")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.system() as connection:
            await connection.execute("UPDATE weather_hourly SET temp_c = 0")
