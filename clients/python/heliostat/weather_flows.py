"""Own the conversations about the weather."""

from dataclasses import dataclass
from datetime import date, datetime

from heliostat.answers import query, segment
from heliostat.conversation import Conversation
from heliostat.effects import Call, Flow
from heliostat.weather import (
    CurrentWeather,
    DailyForecast,
    DegreeDays,
    HourlyForecast,
    WeatherStation,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherFlows(Conversation):
    """Make the flows about the weather."""

    def weather_stations(self) -> Flow[tuple[WeatherStation, ...]]:
        call = Call(method="GET", path="/v1/weather/stations")
        return self._items(WeatherStation, call)

    def weather(self, station: str, source: str | None) -> Flow[CurrentWeather]:
        return self._fetch(CurrentWeather, _of_station(station, "current", source=source))

    def hourly_forecast(
        self, station: str, source: str | None, issued_before: datetime | str | None
    ) -> Flow[HourlyForecast]:
        call = _of_station(station, "hourly", source=source, issued_before=_text(issued_before))
        return self._fetch(HourlyForecast, call)

    def daily_forecast(
        self, station: str, source: str | None, issued_before: datetime | str | None
    ) -> Flow[DailyForecast]:
        call = _of_station(station, "daily", source=source, issued_before=_text(issued_before))
        return self._fetch(DailyForecast, call)

    def degree_days(
        self,
        station: str,
        first: date | str | None,
        last: date | str | None,
        source: str | None,
    ) -> Flow[DegreeDays]:
        asked = {"from": first, "to": last, "source": source}
        return self._fetch(DegreeDays, _of_station(station, "degree-days", **asked))


def _of_station(station: str, noun: str, **asked: object) -> Call:
    path = f"/v1/weather/{segment(station)}/{noun}"
    return Call(method="GET", path=path, params=query(**asked))


def _text(moment: datetime | str | None) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment
