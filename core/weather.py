"""Own the weather's value types and the registry of stations."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.errors import InvalidInput, NotFound

OPENWEATHER_SOURCE = "openweather"
SOURCES = (OPENWEATHER_SOURCE, "sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Name a place whose weather moves energy prices; its days are those of `time_zone`.

    One that `is_polled` is followed unless the settings name others.
    """

    code: str
    name: str
    latitude_deg: float
    longitude_deg: float
    time_zone: str
    is_polled: bool = True


def _row(
    code: str,
    name: str,
    latitude_deg: float,
    longitude_deg: float,
    time_zone: str,
    *,
    is_polled: bool = True,
) -> Station:
    return Station(
        code=code,
        name=name,
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        time_zone=time_zone,
        is_polled=is_polled,
    )


STATIONS: dict[str, Station] = {
    station.code: station
    for station in (
        _row("KORD", "Chicago O'Hare", 41.9786, -87.9048, "America/Chicago"),
        _row("KLGA", "New York LaGuardia", 40.7772, -73.8726, "America/New_York"),
        _row("KIAH", "Houston Bush", 29.9844, -95.3414, "America/Chicago"),
        _row("KDFW", "Dallas/Fort Worth", 32.8968, -97.0380, "America/Chicago"),
        _row("KPHL", "Philadelphia", 39.8733, -75.2268, "America/New_York"),
        _row("KBOS", "Boston", 42.3606, -71.0097, "America/New_York", is_polled=False),
    )
}

POLLED_STATIONS = tuple(station.code for station in STATIONS.values() if station.is_polled)


def station(code: str) -> Station:
    """Return the station of this code.

    Raises:
        NotFound: the code is not in the registry.
    """
    try:
        return STATIONS[code]
    except KeyError:
        raise NotFound(what="Station", name=code) from None


def validate_weather_source(source: str) -> str:
    """Return `source` if it is `openweather` or `sandbox`.

    Raises:
        InvalidInput: it is neither.
    """
    if source not in SOURCES:
        reason = f"expected {' or '.join(SOURCES)}, was {source!r}"
        raise InvalidInput(field="source", reason=reason)
    return source


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherObservation:
    """Hold the weather at a station at one moment. Key: station, source, observed_ns.

    `rain_mm` and `snow_mm` fell within the last hour; None means that none was reported.
    """

    station: str
    source: str
    observed_ns: int
    received_ns: int
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyForecast:
    """Hold what is expected at one hour. Key: station, source, issued_ns, valid_ns.

    `rain_mm` and `snow_mm` fall within `step_h` hours; the probability is 0 to 1.
    """

    station: str
    source: str
    issued_ns: int
    valid_ns: int
    step_h: int
    received_ns: int
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyForecast:
    """Hold what is expected of one local day. Key: station, source, issued_ns, day."""

    station: str
    source: str
    issued_ns: int
    day: date
    received_ns: int
    min_c: float
    max_c: float
    precipitation_probability: float
    rain_mm: float | None
    snow_mm: float | None
    condition: str


class DayBasis(StrEnum):
    """Say where the lowest and highest temperature of a day come from."""

    OBSERVED = "observed"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRange:
    """Hold the lowest and highest temperature of one local day of a station.

    `issued_ns` is when a forecast was issued; None for what was observed.
    """

    station: str
    source: str
    day: date
    basis: DayBasis
    min_c: float
    max_c: float
    issued_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DegreeDays:
    """Hold how much one day asked for heating and cooling, in Fahrenheit degree days."""

    range: DayRange
    mean_f: float
    hdd_f: float
    cdd_f: float
