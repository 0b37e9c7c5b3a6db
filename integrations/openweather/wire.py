"""Own the forms of OpenWeatherMap's bodies, with the bounds of what can be weather.

Members are named as on the wire; those not named here are ignored.
"""

from typing import Annotated

import msgspec

Celsius = Annotated[float, msgspec.Meta(ge=-95.0, le=65.0)]
"""Bound air temperatures a little beyond every record, so that kelvins never pass for them."""
FeltCelsius = Annotated[float, msgspec.Meta(ge=-150.0, le=100.0)]
Percent = Annotated[float, msgspec.Meta(ge=0.0, le=100.0)]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Hectopascal = Annotated[float, msgspec.Meta(ge=300.0, le=1200.0)]
MetresPerSecond = Annotated[float, msgspec.Meta(ge=0.0, le=150.0)]
Degrees = Annotated[float, msgspec.Meta(ge=0.0, le=360.0)]
Millimetres = Annotated[float, msgspec.Meta(ge=0.0, le=2000.0)]
Metres = Annotated[float, msgspec.Meta(ge=0.0, le=1_000_000.0)]
UnixSeconds = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800)]  # 1970 to 2099
OffsetSeconds = Annotated[int, msgspec.Meta(ge=-86_400, le=86_400)]


class Condition(msgspec.Struct):
    """Name one kind of weather at a moment."""

    description: str


class Fall(msgspec.Struct):
    """Hold how much rain or snow fell, in mm."""

    one_hour: Millimetres | None = msgspec.field(default=None, name="1h")
    three_hours: Millimetres | None = msgspec.field(default=None, name="3h")


class Moment(msgspec.Struct):
    """Hold the current weather, or one hour, of One Call."""

    dt: UnixSeconds
    temp: Celsius
    feels_like: FeltCelsius
    pressure: Hectopascal
    humidity: Percent
    clouds: Percent
    wind_speed: MetresPerSecond
    weather: list[Condition] = []
    dew_point: FeltCelsius | None = None
    visibility: Metres | None = None
    wind_deg: Degrees | None = None
    wind_gust: MetresPerSecond | None = None
    pop: Probability = 0.0
    rain: Fall | Millimetres | None = None
    snow: Fall | Millimetres | None = None


class Range(msgspec.Struct):
    """Hold the lowest and highest temperature of a day."""

    min: Celsius
    max: Celsius


class Day(msgspec.Struct):
    """Hold one day of One Call."""

    dt: UnixSeconds
    temp: Range
    weather: list[Condition] = []
    pop: Probability = 0.0
    rain: Millimetres | None = None
    snow: Millimetres | None = None


class OneCall(msgspec.Struct):
    """Hold the answer of One Call."""

    lat: float
    lon: float
    timezone_offset: OffsetSeconds
    current: Moment
    hourly: list[Moment] = []
    daily: list[Day] = []


class Main(msgspec.Struct):
    """Hold the main readings of a 2.5 entry."""

    temp: Celsius
    feels_like: FeltCelsius
    temp_min: Celsius
    temp_max: Celsius
    pressure: Hectopascal
    humidity: Percent


class Wind(msgspec.Struct):
    """Hold the wind of a 2.5 entry."""

    speed: MetresPerSecond
    deg: Degrees | None = None
    gust: MetresPerSecond | None = None


class Clouds(msgspec.Struct):
    """Hold the cloud cover of a 2.5 entry."""

    all: Percent


class Coordinates(msgspec.Struct):
    """Hold a place."""

    lat: float
    lon: float


class Entry(msgspec.Struct):
    """Hold the weather at one moment, as 2.5 tells it."""

    dt: UnixSeconds
    main: Main
    wind: Wind
    clouds: Clouds
    weather: list[Condition] = []
    visibility: Metres | None = None
    pop: Probability = 0.0
    rain: Fall | Millimetres | None = None
    snow: Fall | Millimetres | None = None


class Current(Entry, kw_only=True):
    """Hold the 2.5 current weather."""

    coord: Coordinates


class City(msgspec.Struct):
    """Hold the place of a 2.5 forecast; `timezone` is its offset in seconds."""

    coord: Coordinates
    timezone: OffsetSeconds


class Forecast(msgspec.Struct):
    """Hold the 2.5 forecast."""

    list: list[Entry]
    city: City


class Failure(msgspec.Struct):
    """Hold the body of a refusal."""

    # An integer in most bodies, a string of digits in some.
    cod: int | str | None = None
    message: str | float | None = None
