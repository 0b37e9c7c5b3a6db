"""Own the typed answers about the weather: °C, hPa, m/s and mm, as the names say."""

from datetime import date, datetime

from heliostat.models import Model


class WeatherObservation(Model):
    """Hold the weather at one moment; what fell, fell within the hour before."""

    observed_at: datetime
    received_at: datetime
    temp_c: float
    feels_like_c: float
    dew_point_c: float | None = None
    pressure_hpa: float
    humidity_percent: float
    cloud_cover_percent: float
    visibility_m: float | None = None
    wind_speed_m_per_s: float
    wind_direction_deg: float | None = None
    wind_gust_m_per_s: float | None = None
    rain_mm: float | None = None
    snow_mm: float | None = None
    condition: str


class WeatherStation(Model):
    """Describe a station; `source` and `last_update` are of what came last, None if nothing."""

    code: str
    name: str
    latitude_deg: float
    longitude_deg: float
    time_zone: str
    is_polled: bool
    source: str | None = None
    last_update: datetime | None = None
    latest: WeatherObservation | None = None


class CurrentWeather(Model):
    """Hold the latest observation of a station."""

    station: str
    source: str
    observation: WeatherObservation


class ForecastHour(Model):
    """Hold what is expected at one hour; what falls, falls within `step_h` hours."""

    valid_at: datetime
    step_h: int
    temp_c: float
    feels_like_c: float
    pressure_hpa: float
    humidity_percent: float
    cloud_cover_percent: float
    wind_speed_m_per_s: float
    wind_direction_deg: float | None = None
    precipitation_probability: float
    rain_mm: float | None = None
    snow_mm: float | None = None
    condition: str


class HourlyForecast(Model):
    """Hold one issue of the hourly forecast of a station."""

    station: str
    source: str
    issued_at: datetime
    items: tuple[ForecastHour, ...]


class ForecastDay(Model):
    """Hold what is expected of one local day."""

    day: date
    min_c: float
    max_c: float
    precipitation_probability: float
    rain_mm: float | None = None
    snow_mm: float | None = None
    condition: str


class DailyForecast(Model):
    """Hold one issue of the daily forecast of a station."""

    station: str
    source: str
    issued_at: datetime
    items: tuple[ForecastDay, ...]


class DegreeDay(Model):
    """Hold the degree days of one local day; `basis` is observed or forecast."""

    day: date
    basis: str
    issued_at: datetime | None = None
    min_c: float
    max_c: float
    mean_f: float
    hdd_f: float
    cdd_f: float


class DegreeDays(Model):
    """Hold the degree days of a range and their sums; days in `missing` are in no sum."""

    station: str
    source: str
    base_f: float
    items: tuple[DegreeDay, ...]
    missing: tuple[date, ...] = ()
    total_hdd_f: float
    total_cdd_f: float
