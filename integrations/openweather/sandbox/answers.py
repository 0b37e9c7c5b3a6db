"""Own the bodies that the sandbox sends, in the vendor's own forms and inconsistencies."""

from datetime import UTC, datetime, timedelta
from math import acos, pi, radians, sin, tan
from typing import Any
from zoneinfo import ZoneInfo

from core.weather import STATIONS
from integrations.openweather.codec import REFRESH_S
from integrations.openweather.sandbox.climate import (
    DAY_S,
    HOUR_S,
    Conditions,
    Place,
    conditions,
    forecast,
)

_HOURS = 48
_DAYS = 8
_STEP_S = 3 * HOUR_S
_STEPS = 40
_MOON_S = 2_551_443
_NEW_MOON_S = 947_182_440  # 2000-01-06 18:14 UTC
_NEAR_DEG = 0.5


def one_call(place: Place, now_s: int, excluded: frozenset[str]) -> dict[str, Any]:
    """Return the body of One Call 3.0."""
    issued_s = now_s - now_s % REFRESH_S
    zone_name, offset_s = _zone(place, now_s)
    first_hour_s = now_s - now_s % HOUR_S
    first_day_s = _local_midnight(now_s, offset_s)
    parts: dict[str, Any] = {
        "current": {
            **_moment(conditions(place, issued_s), issued_s),
            **_sun(place, first_day_s),
        },
        "minutely": [
            {
                "dt": now_s - now_s % 60 + 60 * n,
                "precipitation": round(conditions(place, now_s + 60 * n).fall_mm_per_h, 2),
            }
            for n in range(60)
        ],
        "hourly": [_hour(place, issued_s, first_hour_s + n * HOUR_S) for n in range(_HOURS)],
        "daily": [_day(place, issued_s, first_day_s + n * DAY_S) for n in range(_DAYS)],
    }
    return {
        "lat": round(place.latitude_deg, 4),
        "lon": round(place.longitude_deg, 4),
        "timezone": zone_name,
        "timezone_offset": offset_s,
        **{name: part for name, part in parts.items() if name not in excluded},
    }


def current_weather(place: Place, now_s: int) -> dict[str, Any]:
    """Return the body of the 2.5 current weather, whose `cod` is an integer."""
    issued_s = now_s - now_s % REFRESH_S
    _, offset_s = _zone(place, now_s)
    sky = conditions(place, issued_s)
    return {
        "coord": _coordinates(place),
        "base": "stations",
        **_entry(sky, issued_s, 1),
        "sys": {"country": "US", **_sun(place, _local_midnight(now_s, offset_s))},
        "timezone": offset_s,
        "id": _city_id(place),
        "name": _city_name(place),
        "cod": 200,
    }


def three_hourly(place: Place, now_s: int) -> dict[str, Any]:
    """Return the body of the 2.5 forecast, whose `cod` is a string."""
    issued_s = now_s - now_s % REFRESH_S
    _, offset_s = _zone(place, now_s)
    first_s = now_s - now_s % _STEP_S + _STEP_S
    entries = []
    for n in range(_STEPS):
        valid_s = first_s + n * _STEP_S
        sky = forecast(place, issued_s, valid_s)
        is_day = 6 <= (valid_s + offset_s) % DAY_S // HOUR_S < 18
        entries.append(
            {
                **_entry(sky, valid_s, 3),
                "pop": _probability(sky),
                "sys": {"pod": "d" if is_day else "n"},
                "dt_txt": datetime.fromtimestamp(valid_s, tz=UTC).strftime("%Y-%m-%d %H:%M:%S"),
            }
        )
    sun = _sun(place, _local_midnight(now_s, offset_s))
    city = {
        "id": _city_id(place),
        "name": _city_name(place),
        "coord": _coordinates(place),
        "country": "US",
        "population": 0,
        "timezone": offset_s,
        **sun,
    }
    return {"cod": "200", "message": 0, "cnt": len(entries), "list": entries, "city": city}


def _moment(sky: Conditions, time_s: int) -> dict[str, Any]:
    return {
        "dt": time_s,
        "temp": round(sky.temp_c, 2),
        "feels_like": round(sky.feels_like_c, 2),
        "pressure": round(sky.pressure_hpa),
        "humidity": round(sky.humidity_percent),
        "dew_point": round(sky.dew_point_c, 2),
        "uvi": 0,
        "clouds": round(sky.cloud_percent),
        "visibility": _visibility(sky),
        **_wind(sky, "wind_speed", "wind_deg", "wind_gust"),
        **_fall(sky, 1),
        "weather": _weather(sky),
    }


def _hour(place: Place, issued_s: int, valid_s: int) -> dict[str, Any]:
    sky = forecast(place, issued_s, valid_s)
    return {**_moment(sky, valid_s), "pop": _probability(sky)}


def _day(place: Place, issued_s: int, midnight_s: int) -> dict[str, Any]:
    skies = [forecast(place, issued_s, midnight_s + n * HOUR_S) for n in range(24)]
    noon = skies[12]
    wettest = max(skies, key=lambda sky: sky.fall_mm_per_h)
    parts = {"morn": skies[6], "day": noon, "eve": skies[18], "night": skies[23]}
    temperatures = [sky.temp_c for sky in skies]
    answer = {
        "dt": midnight_s + 12 * HOUR_S,
        **_sun(place, midnight_s),
        "moon_phase": round((midnight_s - _NEW_MOON_S) % _MOON_S / _MOON_S, 2),
        "summary": f"Expect a day of {_weather(wettest)[0]['description']}",
        "temp": {
            "min": round(min(temperatures), 2),
            "max": round(max(temperatures), 2),
            **{name: round(sky.temp_c, 2) for name, sky in parts.items()},
        },
        "feels_like": {name: round(sky.feels_like_c, 2) for name, sky in parts.items()},
        "pressure": round(noon.pressure_hpa),
        "humidity": round(noon.humidity_percent),
        "dew_point": round(noon.dew_point_c, 2),
        **_wind(noon, "wind_speed", "wind_deg", "wind_gust"),
        "weather": _weather(wettest),
        "clouds": round(noon.cloud_percent),
        "pop": _probability(wettest),
        "uvi": 0,
    }
    # Plain numbers here, although objects everywhere else.
    for name, is_snow in (("rain", False), ("snow", True)):
        fallen = sum(sky.fall_mm_per_h for sky in skies if sky.is_snow is is_snow)
        if fallen > 0:
            answer[name] = round(fallen, 2)
    return answer


def _entry(sky: Conditions, time_s: int, hours: int) -> dict[str, Any]:
    temperature = round(sky.temp_c, 2)
    return {
        "dt": time_s,
        "main": {
            "temp": temperature,
            "feels_like": round(sky.feels_like_c, 2),
            "temp_min": temperature,
            "temp_max": temperature,
            "pressure": round(sky.pressure_hpa),
            "humidity": round(sky.humidity_percent),
        },
        "visibility": _visibility(sky),
        "wind": _wind(sky, "speed", "deg", "gust"),
        "clouds": {"all": round(sky.cloud_percent)},
        **_fall(sky, hours),
        "weather": _weather(sky),
    }


def _wind(sky: Conditions, speed: str, direction: str, gust: str) -> dict[str, Any]:
    wind: dict[str, Any] = {
        speed: round(sky.wind_m_per_s, 2),
        direction: round(sky.wind_deg) % 360,
    }
    if sky.wind_m_per_s > 6.0:
        wind[gust] = round(1.6 * sky.wind_m_per_s, 2)
    return wind


def _fall(sky: Conditions, hours: int) -> dict[str, Any]:
    fallen = round(sky.fall_mm_per_h * hours, 2)
    return {"snow" if sky.is_snow else "rain": {f"{hours}h": fallen}} if fallen > 0 else {}


def _visibility(sky: Conditions) -> int:
    return round(10_000 / (1.0 + sky.fall_mm_per_h))


def _probability(sky: Conditions) -> float:
    return round(min(1.0, 0.2 + sky.fall_mm_per_h / 2), 2) if sky.fall_mm_per_h > 0 else 0


def _weather(sky: Conditions) -> list[dict[str, Any]]:
    number, main, description, icon = _kind(sky)
    return [{"id": number, "main": main, "description": description, "icon": icon}]


def _kind(sky: Conditions) -> tuple[int, str, str, str]:
    if sky.fall_mm_per_h > 0:
        return (600, "Snow", "snow", "13d") if sky.is_snow else (500, "Rain", "rain", "10d")
    if sky.cloud_percent < 11:
        return 800, "Clear", "clear sky", "01d"
    if sky.cloud_percent < 51:
        return 802, "Clouds", "scattered clouds", "03d"
    return 804, "Clouds", "overcast clouds", "04d"


def _sun(place: Place, midnight_s: int) -> dict[str, int]:
    day = datetime.fromtimestamp(midnight_s, tz=UTC).timetuple().tm_yday
    declination = radians(-23.44) * sin(2 * pi * (day + 101) / 365.25)
    height = max(-1.0, min(1.0, -tan(radians(place.latitude_deg)) * tan(declination)))
    half_s = acos(height) / (2 * pi) * DAY_S
    noon_s = midnight_s - midnight_s % DAY_S + DAY_S / 2 - place.longitude_deg / 360 * DAY_S
    return {"sunrise": round(noon_s - half_s), "sunset": round(noon_s + half_s)}


def _near_station(place: Place) -> str | None:
    for station in STATIONS.values():
        north = abs(station.latitude_deg - place.latitude_deg)
        east = abs(station.longitude_deg - place.longitude_deg)
        if max(north, east) <= _NEAR_DEG:
            return station.code
    return None


def _zone(place: Place, now_s: int) -> tuple[str, int]:
    code = _near_station(place)
    if code is None:
        hours = round(place.longitude_deg / 15)
        return f"Etc/GMT{-hours:+d}", hours * HOUR_S
    name = STATIONS[code].time_zone
    offset = datetime.fromtimestamp(now_s, tz=ZoneInfo(name)).utcoffset() or timedelta()
    return name, round(offset.total_seconds())


def _local_midnight(now_s: int, offset_s: int) -> int:
    return now_s - (now_s + offset_s) % DAY_S


def _coordinates(place: Place) -> dict[str, float]:
    return {"lon": round(place.longitude_deg, 4), "lat": round(place.latitude_deg, 4)}


def _city_name(place: Place) -> str:
    code = _near_station(place)
    return "" if code is None else STATIONS[code].name


def _city_id(place: Place) -> int:
    return round((place.latitude_deg + 90) * 100) * 100_000 + round(place.longitude_deg * 100)
