"""Own how the weather looks over HTTP, and how stored values become that."""

from datetime import date, datetime

from pydantic import BaseModel

from core.clock import utc_from_ns
from core.weather import (
    DailyForecast,
    DayBasis,
    DegreeDays,
    HourlyForecast,
    Station,
    WeatherObservation,
)


class ObservationView(BaseModel):
    """Hold the weather at one moment; what fell, fell within the hour before."""

    observed_at: datetime
    received_at: datetime
    temp_c: float
    feels_like_c: float
    dew_point_c: float | None
    pressure_hpa: float
    humidity_percent: float
    cloud_cover_percent: float
    visibility_m: float | None
    wind_speed_m_per_s: float
    wind_direction_deg: float | None
    wind_gust_m_per_s: float | None
    rain_mm: float | None
    snow_mm: float | None
    condition: str


class StationView(BaseModel):
    """Describe a station; `source` and `last_update` are of what came last, None if nothing."""

    code: str
    name: str
    latitude_deg: float
    longitude_deg: float
    time_zone: str
    is_polled: bool
    source: str | None
    last_update: datetime | None
    latest: ObservationView | None


class StationList(BaseModel):
    """List every station of the registry."""

    items: list[StationView]


class CurrentView(BaseModel):
    """Hold the latest observation of a station."""

    station: str
    source: str
    observation: ObservationView


class HourView(BaseModel):
    """Hold what is expected at one hour; what falls, falls within `step_h` hours."""

    valid_at: datetime
    step_h: int
    temp_c: float
    feels_like_c: float
    pressure_hpa: float
    humidity_percent: float
    cloud_cover_percent: float
    wind_speed_m_per_s: float
    wind_direction_deg: float | None
    precipitation_probability: float
    rain_mm: float | None
    snow_mm: float | None
    condition: str


class HourlyView(BaseModel):
    """Hold one issue of the hourly forecast."""

    station: str
    source: str
    issued_at: datetime
    items: list[HourView]


class DayView(BaseModel):
    """Hold what is expected of one local day."""

    day: date
    min_c: float
    max_c: float
    precipitation_probability: float
    rain_mm: float | None
    snow_mm: float | None
    condition: str


class DailyView(BaseModel):
    """Hold one issue of the daily forecast."""

    station: str
    source: str
    issued_at: datetime
    items: list[DayView]


class DegreeDayView(BaseModel):
    """Hold the degree days of one local day; `issued_at` is of the forecast, if it is one."""

    day: date
    basis: DayBasis
    issued_at: datetime | None
    min_c: float
    max_c: float
    mean_f: float
    hdd_f: float
    cdd_f: float


class DegreeDayList(BaseModel):
    """Hold the degree days of a range of days and their sums, in °F days.

    Days of which nothing is known stand in `missing` and in no sum.
    """

    station: str
    source: str
    base_f: float
    items: list[DegreeDayView]
    missing: list[date]
    total_hdd_f: float
    total_cdd_f: float


def station_view(one: Station, latest: WeatherObservation | None) -> StationView:
    """Return the view of a station."""
    return StationView(
        code=one.code,
        name=one.name,
        latitude_deg=one.latitude_deg,
        longitude_deg=one.longitude_deg,
        time_zone=one.time_zone,
        is_polled=one.is_polled,
        source=None if latest is None else latest.source,
        last_update=None if latest is None else utc_from_ns(latest.received_ns),
        latest=None if latest is None else observation_view(latest),
    )


def observation_view(one: WeatherObservation) -> ObservationView:
    """Return the view of an observation."""
    return ObservationView(
        observed_at=utc_from_ns(one.observed_ns),
        received_at=utc_from_ns(one.received_ns),
        temp_c=one.temp_c,
        feels_like_c=one.feels_like_c,
        dew_point_c=one.dew_point_c,
        pressure_hpa=one.pressure_hpa,
        humidity_percent=one.humidity_percent,
        cloud_cover_percent=one.cloud_cover_percent,
        visibility_m=one.visibility_m,
        wind_speed_m_per_s=one.wind_speed_m_per_s,
        wind_direction_deg=one.wind_direction_deg,
        wind_gust_m_per_s=one.wind_gust_m_per_s,
        rain_mm=one.rain_mm,
        snow_mm=one.snow_mm,
        condition=one.condition,
    )


def hour_view(one: HourlyForecast) -> HourView:
    """Return the view of an hour."""
    return HourView(
        valid_at=utc_from_ns(one.valid_ns),
        step_h=one.step_h,
        temp_c=one.temp_c,
        feels_like_c=one.feels_like_c,
        pressure_hpa=one.pressure_hpa,
        humidity_percent=one.humidity_percent,
        cloud_cover_percent=one.cloud_cover_percent,
        wind_speed_m_per_s=one.wind_speed_m_per_s,
        wind_direction_deg=one.wind_direction_deg,
        precipitation_probability=one.precipitation_probability,
        rain_mm=one.rain_mm,
        snow_mm=one.snow_mm,
        condition=one.condition,
    )


def day_view(one: DailyForecast) -> DayView:
    """Return the view of a day."""
    return DayView(
        day=one.day,
        min_c=one.min_c,
        max_c=one.max_c,
        precipitation_probability=one.precipitation_probability,
        rain_mm=one.rain_mm,
        snow_mm=one.snow_mm,
        condition=one.condition,
    )


def degree_day_view(one: DegreeDays) -> DegreeDayView:
    """Return the view of a day's degree days."""
    issued_ns = one.range.issued_ns
    return DegreeDayView(
        day=one.range.day,
        basis=one.range.basis,
        issued_at=None if issued_ns is None else utc_from_ns(issued_ns),
        min_c=one.range.min_c,
        max_c=one.range.max_c,
        mean_f=one.mean_f,
        hdd_f=one.hdd_f,
        cdd_f=one.cdd_f,
    )
