"""Own OpenWeatherMap's wire format: bodies of JSON to core values.

Pure: sees no socket and no clock; the moment of receipt is a parameter. Answers are asked for with
`units=metric`. What breaks the form, or cannot be weather, is a BadFrame that names the member.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import NoReturn, TypeVar

import msgspec

from core.clock import NANOSECONDS_PER_SECOND
from core.errors import BadFrame
from core.weather import DailyForecast, HourlyForecast, Station, WeatherObservation
from integrations.openweather.wire import (
    Condition,
    Current,
    Entry,
    Failure,
    Fall,
    Forecast,
    Moment,
    OneCall,
)

VENUE = "openweather"
REFRESH_S = 600

ASSUMPTIONS = {
    "issued": "no answer says when its forecast was made; the moment of its current weather is "
    "taken, for the 2.5 forecast the time of receipt down to a whole refresh of 10 minutes",
    "message": "a 401 whose message holds the word subscription refuses the plan, not the key",
    "quota day": "the 1,000 calls are counted from midnight UTC",
    "lat, lon": "repeated from the request, or of the city nearby: at most half a degree away",
    "daily of 2.5": "a local day's lowest and highest are those of its eight 3-hourly entries; "
    "days with fewer are left out",
}
"""Hold what the public documents leave open, with what is assumed."""

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MAX_DISTANCE_DEG = 0.5
_STEPS_PER_DAY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """Hold the forecasts of one answer, each in the order of time."""

    hourly: tuple[HourlyForecast, ...]
    daily: tuple[DailyForecast, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Hold what an answer that is no success says; `names_subscription` tells of a 401's plan."""

    status: int
    message: str

    @property
    def names_subscription(self) -> bool:
        return self.status == 401 and "subscription" in self.message.lower()


def decode_one_call(
    content: bytes, *, station: Station, source: str, received_ns: int
) -> tuple[WeatherObservation, Forecasts]:
    """Decode the answer of One Call 3.0.

    Raises:
        BadFrame: it has another form, or is of another place.
    """
    answer = _decode(content, OneCall)
    _check_place(answer.lat, answer.lon, station)
    issued_ns = answer.current.dt * NANOSECONDS_PER_SECOND
    hourly = tuple(
        _hourly_of_moment(moment, station, source, issued_ns, received_ns)
        for moment in answer.hourly
    )
    daily = tuple(
        DailyForecast(
            station=station.code,
            source=source,
            issued_ns=issued_ns,
            day=_local_day(day.dt, answer.timezone_offset),
            received_ns=received_ns,
            min_c=day.temp.min,
            max_c=day.temp.max,
            precipitation_probability=day.pop,
            rain_mm=day.rain,
            snow_mm=day.snow,
            condition=_words(day.weather),
        )
        for day in answer.daily
    )
    _check_days(daily)
    observation = _observation_of_moment(answer.current, station, source, received_ns)
    return observation, Forecasts(hourly=hourly, daily=daily)


def decode_current(
    content: bytes, *, station: Station, source: str, received_ns: int
) -> WeatherObservation:
    """Decode the answer of the 2.5 current weather.

    Raises:
        BadFrame: it has another form, or is of another place.
    """
    answer = _decode(content, Current)
    _check_place(answer.coord.lat, answer.coord.lon, station)
    return WeatherObservation(
        station=station.code,
        source=source,
        observed_ns=answer.dt * NANOSECONDS_PER_SECOND,
        received_ns=received_ns,
        temp_c=answer.main.temp,
        feels_like_c=answer.main.feels_like,
        dew_point_c=None,
        pressure_hpa=answer.main.pressure,
        humidity_percent=answer.main.humidity,
        cloud_cover_percent=answer.clouds.all,
        visibility_m=answer.visibility,
        wind_speed_m_per_s=answer.wind.speed,
        wind_direction_deg=answer.wind.deg,
        wind_gust_m_per_s=answer.wind.gust,
        rain_mm=_fallen(answer.rain, 1),
        snow_mm=_fallen(answer.snow, 1),
        condition=_words(answer.weather),
    )


def decode_forecast(
    content: bytes, *, station: Station, source: str, received_ns: int
) -> Forecasts:
    """Decode the answer of the 2.5 forecast: 3-hourly entries, and the whole days they make.

    Raises:
        BadFrame: it has another form, or is of another place.
    """
    answer = _decode(content, Forecast)
    _check_place(answer.city.coord.lat, answer.city.coord.lon, station)
    refresh_ns = REFRESH_S * NANOSECONDS_PER_SECOND
    issued_ns = received_ns - received_ns % refresh_ns
    hourly = tuple(
        _hourly_of_entry(entry, station, source, issued_ns, received_ns) for entry in answer.list
    )
    daily = tuple(
        _day_of_entries(day, entries, station, source, issued_ns, received_ns)
        for day, entries in _whole_days(answer.list, answer.city.timezone)
    )
    _check_days(daily)
    return Forecasts(hourly=hourly, daily=daily)


def decode_refusal(content: bytes, status: int) -> Refusal:
    """Read what an answer that is no success says; a body of any other form says nothing."""
    try:
        failure = msgspec.json.decode(content, type=Failure)
    except _UNREADABLE:
        return Refusal(status=status, message="")
    message = "" if failure.message is None else str(failure.message)
    message = "".join(letter if letter.isprintable() else " " for letter in message)
    return Refusal(status=status, message=" ".join(message.split())[:300])


_Answer = TypeVar("_Answer", OneCall, Current, Forecast)


def _decode(content: bytes, form: type[_Answer]) -> _Answer:
    try:
        return msgspec.json.decode(content, type=form)
    except _UNREADABLE as error:
        raise BadFrame(venue=VENUE, reason=str(error)) from error


def _bad(reason: str) -> NoReturn:
    raise BadFrame(venue=VENUE, reason=reason)


def _check_place(lat_deg: float, lon_deg: float, station: Station) -> None:
    distance_deg = max(abs(lat_deg - station.latitude_deg), abs(lon_deg - station.longitude_deg))
    if not distance_deg <= _MAX_DISTANCE_DEG:
        _bad(f"expected weather of {station.code}, was of {lat_deg}, {lon_deg}")


def _check_days(days: Sequence[DailyForecast]) -> None:
    for day in days:
        if day.min_c > day.max_c:
            _bad(f"lowest of {day.day} is {day.min_c}, above its highest {day.max_c}")


def _words(conditions: list[Condition]) -> str:
    text = ", ".join(condition.description for condition in conditions)
    return "".join(letter for letter in text if letter.isprintable())[:200]


def _fallen(fall: Fall | float | None, hours: int) -> float | None:
    if isinstance(fall, Fall):
        return fall.one_hour if hours == 1 else fall.three_hours
    return fall


def _local_day(unix_s: int, offset_s: int) -> date:
    return (datetime.fromtimestamp(unix_s, tz=UTC) + timedelta(seconds=offset_s)).date()


def _observation_of_moment(
    moment: Moment, station: Station, source: str, received_ns: int
) -> WeatherObservation:
    return WeatherObservation(
        station=station.code,
        source=source,
        observed_ns=moment.dt * NANOSECONDS_PER_SECOND,
        received_ns=received_ns,
        temp_c=moment.temp,
        feels_like_c=moment.feels_like,
        dew_point_c=moment.dew_point,
        pressure_hpa=moment.pressure,
        humidity_percent=moment.humidity,
        cloud_cover_percent=moment.clouds,
        visibility_m=moment.visibility,
        wind_speed_m_per_s=moment.wind_speed,
        wind_direction_deg=moment.wind_deg,
        wind_gust_m_per_s=moment.wind_gust,
        rain_mm=_fallen(moment.rain, 1),
        snow_mm=_fallen(moment.snow, 1),
        condition=_words(moment.weather),
    )


def _hourly_of_moment(
    moment: Moment, station: Station, source: str, issued_ns: int, received_ns: int
) -> HourlyForecast:
    return HourlyForecast(
        station=station.code,
        source=source,
        issued_ns=issued_ns,
        valid_ns=moment.dt * NANOSECONDS_PER_SECOND,
        step_h=1,
        received_ns=received_ns,
        temp_c=moment.temp,
        feels_like_c=moment.feels_like,
        pressure_hpa=moment.pressure,
        humidity_percent=moment.humidity,
        cloud_cover_percent=moment.clouds,
        wind_speed_m_per_s=moment.wind_speed,
        wind_direction_deg=moment.wind_deg,
        precipitation_probability=moment.pop,
        rain_mm=_fallen(moment.rain, 1),
        snow_mm=_fallen(moment.snow, 1),
        condition=_words(moment.weather),
    )


def _hourly_of_entry(
    entry: Entry, station: Station, source: str, issued_ns: int, received_ns: int
) -> HourlyForecast:
    return HourlyForecast(
        station=station.code,
        source=source,
        issued_ns=issued_ns,
        valid_ns=entry.dt * NANOSECONDS_PER_SECOND,
        step_h=3,
        received_ns=received_ns,
        temp_c=entry.main.temp,
        feels_like_c=entry.main.feels_like,
        pressure_hpa=entry.main.pressure,
        humidity_percent=entry.main.humidity,
        cloud_cover_percent=entry.clouds.all,
        wind_speed_m_per_s=entry.wind.speed,
        wind_direction_deg=entry.wind.deg,
        precipitation_probability=entry.pop,
        rain_mm=_fallen(entry.rain, 3),
        snow_mm=_fallen(entry.snow, 3),
        condition=_words(entry.weather),
    )


def _whole_days(entries: list[Entry], offset_s: int) -> Iterator[tuple[date, list[Entry]]]:
    ordered = sorted(entries, key=lambda entry: entry.dt)
    for day, group in groupby(ordered, key=lambda entry: _local_day(entry.dt, offset_s)):
        found = list(group)
        if len({entry.dt for entry in found}) >= _STEPS_PER_DAY:
            yield day, found


def _day_of_entries(
    day: date,
    entries: list[Entry],
    station: Station,
    source: str,
    issued_ns: int,
    received_ns: int,
) -> DailyForecast:
    def total(falls: list[float | None]) -> float | None:
        known = [fall for fall in falls if fall is not None]
        return round(sum(known), 2) if known else None

    wettest = max(entries, key=lambda entry: entry.pop)
    return DailyForecast(
        station=station.code,
        source=source,
        issued_ns=issued_ns,
        day=day,
        received_ns=received_ns,
        min_c=min(entry.main.temp_min for entry in entries),
        max_c=max(entry.main.temp_max for entry in entries),
        precipitation_probability=wettest.pop,
        rain_mm=total([_fallen(entry.rain, 3) for entry in entries]),
        snow_mm=total([_fallen(entry.snow, 3) for entry in entries]),
        condition=_words(wettest.weather),
    )
