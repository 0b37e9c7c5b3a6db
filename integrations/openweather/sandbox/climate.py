"""Own the sandbox's weather: season, day and night, passing fronts; forecasts that err with lead.

Simulated: means and seasons follow from the latitude alone, by lines drawn through the eastern
United States. A pure function of seed, place and time.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from math import cos, exp, floor, log, pi, sqrt

from core.clock import NANOSECONDS_PER_SECOND

HOUR_S = 3600
DAY_S = 24 * HOUR_S
_ISSUE_S = 3 * HOUR_S
_COLDEST_DAY = 20
_WARMEST_HOUR = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Name where and in which simulated world the weather is."""

    seed: int
    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Hold the weather of one moment; rain or snow is by temperature."""

    temp_c: float
    humidity_percent: float
    pressure_hpa: float
    cloud_percent: float
    wind_m_per_s: float
    wind_deg: float
    fall_mm_per_h: float

    @property
    def is_snow(self) -> bool:
        return self.temp_c < 0.5

    @property
    def dew_point_c(self) -> float:
        """Return the dew point by the Magnus formula."""
        gamma = log(self.humidity_percent / 100) + 17.62 * self.temp_c / (243.12 + self.temp_c)
        return 243.12 * gamma / (17.62 - gamma)

    @property
    def feels_like_c(self) -> float:
        """Return the apparent temperature of Steadman: air + 0.33 vapour - 0.70 wind - 4.00."""
        saturated_hpa = 6.105 * exp(17.27 * self.temp_c / (237.7 + self.temp_c))
        vapour_hpa = self.humidity_percent / 100 * saturated_hpa
        return self.temp_c + 0.33 * vapour_hpa - 0.70 * self.wind_m_per_s - 4.00


def conditions(place: Place, time_s: int) -> Conditions:
    """Return the weather at a place and a moment (seconds since 1970, UTC)."""
    cloud = _between(55.0 + 70.0 * _wave(place, "cloud", time_s, 17 * HOUR_S), 0.0, 100.0)
    wet = _wave(place, "fall", time_s, 9 * HOUR_S) - 0.45
    humidity = 62.0 + 0.2 * (cloud - 50.0) - 12.0 * _daily(place, time_s)
    humidity += 15.0 * _wave(place, "humidity", time_s, 13 * HOUR_S)
    return Conditions(
        temp_c=_temperature(place, time_s, cloud),
        humidity_percent=_between(humidity + (20.0 if wet > 0 else 0.0), 12.0, 100.0),
        pressure_hpa=1015.0 + 14.0 * _wave(place, "pressure", time_s, 41 * HOUR_S),
        cloud_percent=cloud,
        wind_m_per_s=max(0.2, 4.6 + 5.0 * _wave(place, "wind", time_s, 7 * HOUR_S)),
        wind_deg=(180.0 + 360.0 * _wave(place, "direction", time_s, 31 * HOUR_S)) % 360.0,
        fall_mm_per_h=8.0 * wet if wet > 0 and cloud > 60.0 else 0.0,
    )


def forecast(place: Place, issued_s: int, valid_s: int) -> Conditions:
    """Return what is expected at a moment; what is past is known.

    The error of the temperature grows with the root of the lead and changes every three hours.
    """
    truth = conditions(place, valid_s)
    lead_h = max(0, valid_s - issued_s) / HOUR_S
    issue = issued_s // _ISSUE_S
    error = _wave(place, f"error {issue}", valid_s, 8 * HOUR_S) * min(8.0, 0.9 * sqrt(lead_h))
    return replace(truth, temp_c=truth.temp_c + error)


def _temperature(place: Place, time_s: int, cloud_percent: float) -> float:
    north_deg = abs(place.latitude_deg) - 30.0
    mean = 21.0 - 0.85 * north_deg
    season = max(2.0, 8.5 + 0.40 * north_deg)
    day = datetime.fromtimestamp(time_s, tz=UTC).timetuple().tm_yday
    fronts = 9.0 * _wave(place, "front", time_s, 3 * DAY_S)
    fronts += 5.0 * _wave(place, "shower", time_s, 29 * HOUR_S)
    swing = 5.5 * (1.0 - 0.006 * cloud_percent)
    cold = cos(2 * pi * (day - _COLDEST_DAY) / 365.25)
    return mean - season * cold + fronts + swing * _daily(place, time_s)


def _daily(place: Place, time_s: int) -> float:
    solar_hour = time_s % DAY_S / HOUR_S + place.longitude_deg / 15.0
    return cos(2 * pi * (solar_hour - _WARMEST_HOUR) / 24.0)


def _between(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


def _wave(place: Place, name: str, time_s: int, period_s: int) -> float:
    """Return a smooth random course between -1 and 1 with a knot every `period_s`."""
    knot, phase = floor(time_s / period_s), time_s % period_s / period_s
    weight = (1.0 - cos(pi * phase)) / 2.0
    before, after = _knot(place, name, knot), _knot(place, name, knot + 1)
    return before * (1.0 - weight) + after * weight


@lru_cache(maxsize=4096)
def _knot(place: Place, name: str, index: int) -> float:
    key = f"{place.seed} {place.latitude_deg:.3f} {place.longitude_deg:.3f} {name} {index}"
    number = int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
    return number / 2.0**63 - 1.0


def seconds(time_ns: int) -> int:
    """Return whole seconds of nanoseconds since 1970."""
    return time_ns // NANOSECONDS_PER_SECOND
