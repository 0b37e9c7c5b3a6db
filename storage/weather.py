"""Own the stored weather: observations, forecasts by issue, and the calls counted for them.

Rows are never changed: what has a stored natural key is ignored. Nothing is mixed of two sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from core.clock import ns_from_utc, utc_from_ns
from core.weather import (
    SOURCES,
    DailyForecast,
    DayBasis,
    DayRange,
    HourlyForecast,
    Station,
    WeatherObservation,
)
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("weather")

HOURS_OF_A_DAY = 20
"""Call a day observed from this many of its hours on; fewer may miss its lowest or highest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCounts:
    """Count the rows that were new."""

    observations: int
    hourly: int
    daily: int

    @property
    def total(self) -> int:
        return self.observations + self.hourly + self.daily


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCount:
    """Tell how many calls a day holds now, and how many of them were granted just now."""

    counted: int
    granted: int


async def append(
    conn: "WriteConn",
    observations: Sequence[WeatherObservation],
    hourly: Sequence[HourlyForecast],
    daily: Sequence[DailyForecast],
) -> StoredCounts:
    """Store what is new of each. Needs the system role."""
    return StoredCounts(
        observations=await _insert(
            conn, "insert_observations", [_observation_row(one) for one in observations]
        ),
        hourly=await _insert(conn, "insert_hourly", [_hourly_row(one) for one in hourly]),
        daily=await _insert(conn, "insert_daily", [_daily_row(one) for one in daily]),
    )


async def reserve_calls(
    conn: "WriteConn", *, source: str, plan: str, day: date, calls: int, per_day: int
) -> CallCount:
    """Count up to `calls` more calls of a day, never beyond `per_day`. Needs the system role."""
    await conn.execute(_SQL["open_calls"], source, plan, day)
    row = await conn.fetchrow(_SQL["reserve_calls"], source, plan, day, calls, per_day)
    assert row is not None  # noqa: S101 - the statement before made it
    return CallCount(counted=row["calls"], granted=row["granted"])


async def newest_source(conn: "ReadConn", station: str) -> str | None:
    """Return the source whose latest observation of a station came last, None without any."""
    source: str | None = await conn.fetchval(_SQL["newest_source"], station, list(SOURCES))
    return source


async def latest_observation(
    conn: "ReadConn", station: str, source: str
) -> WeatherObservation | None:
    """Return the latest observation of a station from a source."""
    row = await conn.fetchrow(_SQL["latest_observation"], station, source)
    return None if row is None else _observation(row)


async def observations(
    conn: "ReadConn", station: str, source: str, start: datetime, end: datetime, limit: int
) -> list[WeatherObservation]:
    """Return the observations from `start` to before `end`, in the order of time."""
    rows = await conn.fetch(_SQL["observations"], station, source, start, end, limit)
    return [_observation(row) for row in rows]


async def hourly_forecasts(
    conn: "ReadConn", station: str, source: str, issued_before: datetime | None = None
) -> list[HourlyForecast]:
    """Return the hours of the latest issue, or of the latest one before a moment."""
    rows = await conn.fetch(_SQL["hourly"], station, source, issued_before)
    return [_hourly(row) for row in rows]


async def daily_forecasts(
    conn: "ReadConn", station: str, source: str, issued_before: datetime | None = None
) -> list[DailyForecast]:
    """Return the days of the latest issue, or of the latest one before a moment."""
    rows = await conn.fetch(_SQL["daily"], station, source, issued_before)
    return [_daily(row) for row in rows]


async def day_ranges(
    conn: "ReadConn", station: Station, source: str, first: date, last: date, today: date
) -> list[DayRange]:
    """Return the temperature range of each day that is known, `first` to `last`, in order.

    A day before `today` (of the station) of which HOURS_OF_A_DAY hours were observed counts as
    observed; any other is as its latest forecast says.
    """
    arguments = (station.code, source)
    observed = await conn.fetch(
        _SQL["observed_days"], *arguments, station.time_zone, first, last, HOURS_OF_A_DAY
    )
    expected = await conn.fetch(_SQL["forecast_days"], *arguments, first, last)
    found = {
        row["day"]: _range(row, station, source, DayBasis.FORECAST, ns_from_utc(row["issued_at"]))
        for row in expected
    }
    found |= {
        row["day"]: _range(row, station, source, DayBasis.OBSERVED, None)
        for row in observed
        if row["day"] < today
    }
    return [found[day] for day in sorted(found)]


async def _insert(conn: "WriteConn", statement: str, rows: list[tuple[Any, ...]]) -> int:
    if not rows:
        return 0
    columns = (list(column) for column in zip(*rows, strict=True))
    status = await conn.execute(_SQL[statement], *columns)
    return int(status.rpartition(" ")[2])


def _observation_row(one: WeatherObservation) -> tuple[Any, ...]:
    return (
        one.station,
        one.source,
        utc_from_ns(one.observed_ns),
        one.received_ns,
        one.temp_c,
        one.feels_like_c,
        one.dew_point_c,
        one.pressure_hpa,
        one.humidity_percent,
        one.cloud_cover_percent,
        one.visibility_m,
        one.wind_speed_m_per_s,
        one.wind_direction_deg,
        one.wind_gust_m_per_s,
        one.rain_mm,
        one.snow_mm,
        one.condition,
    )


def _hourly_row(one: HourlyForecast) -> tuple[Any, ...]:
    return (
        one.station,
        one.source,
        utc_from_ns(one.issued_ns),
        utc_from_ns(one.valid_ns),
        one.step_h,
        one.received_ns,
        one.temp_c,
        one.feels_like_c,
        one.pressure_hpa,
        one.humidity_percent,
        one.cloud_cover_percent,
        one.wind_speed_m_per_s,
        one.wind_direction_deg,
        one.precipitation_probability,
        one.rain_mm,
        one.snow_mm,
        one.condition,
    )


def _daily_row(one: DailyForecast) -> tuple[Any, ...]:
    return (
        one.station,
        one.source,
        utc_from_ns(one.issued_ns),
        one.day,
        one.received_ns,
        one.min_c,
        one.max_c,
        one.precipitation_probability,
        one.rain_mm,
        one.snow_mm,
        one.condition,
    )


def _observation(row: "asyncpg.Record") -> WeatherObservation:
    values = dict(row)
    return WeatherObservation(observed_ns=ns_from_utc(values.pop("observed_at")), **values)


def _hourly(row: "asyncpg.Record") -> HourlyForecast:
    values = dict(row)
    return HourlyForecast(
        issued_ns=ns_from_utc(values.pop("issued_at")),
        valid_ns=ns_from_utc(values.pop("valid_at")),
        **values,
    )


def _daily(row: "asyncpg.Record") -> DailyForecast:
    values = dict(row)
    return DailyForecast(issued_ns=ns_from_utc(values.pop("issued_at")), **values)


def _range(
    row: "asyncpg.Record", station: Station, source: str, basis: DayBasis, issued_ns: int | None
) -> DayRange:
    return DayRange(
        station=station.code,
        source=source,
        day=row["day"],
        basis=basis,
        min_c=row["min_c"],
        max_c=row["max_c"],
        issued_ns=issued_ns,
    )
