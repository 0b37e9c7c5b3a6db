"""Check the questions about the weather, as both clients put them."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

AT = "2026-11-18T14:00:00Z"
OBSERVATION = {
    "observed_at": AT,
    "received_at": AT,
    "temp_c": -3.4,
    "feels_like_c": -9,
    "pressure_hpa": 1009,
    "humidity_percent": 87,
    "cloud_cover_percent": 100,
    "wind_speed_m_per_s": 4.6,
    "condition": "light snow",
    "a_member_of_tomorrow": 1,
}
HOUR = {
    "valid_at": AT,
    "step_h": 3,
    "temp_c": 1,
    "feels_like_c": 0,
    "pressure_hpa": 1009,
    "humidity_percent": 87,
    "cloud_cover_percent": 100,
    "wind_speed_m_per_s": 4.6,
    "precipitation_probability": 0.35,
    "condition": "rain",
}
DAY = {
    "day": "2026-11-18",
    "min_c": -5,
    "max_c": 5,
    "precipitation_probability": 1,
    "condition": "snow",
}
DEGREE_DAY = {
    "day": "2026-11-18",
    "basis": "observed",
    "min_c": -5,
    "max_c": 5,
    "mean_f": 32,
    "hdd_f": 33,
    "cdd_f": 0,
}


class Answer:
    """Give one answer and remember the question."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.path = ""
        self.query: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.path, self.query = request.url.path, dict(request.url.params)
        return httpx.Response(200, json=self.body)


def of_station(**more: Any) -> Answer:
    return Answer({"station": "KORD", "source": "sandbox", **more})


def test_stations_may_have_nothing_yet(ask: "Ask") -> None:
    station = {
        "code": "KORD",
        "name": "Chicago O'Hare",
        "latitude_deg": 41.98,
        "longitude_deg": -87.9,
        "time_zone": "America/Chicago",
        "is_polled": True,
    }
    fresh = {**station, "source": "sandbox", "last_update": AT, "latest": OBSERVATION}
    answer = Answer({"items": [station, fresh]})
    without, with_one = ask(answer, "weather_stations")
    assert answer.path == "/v1/weather/stations"
    assert (without.source, without.last_update, without.latest) == (None, None, None)
    assert with_one.latest.temp_c == -3.4
    assert with_one.last_update == datetime(2026, 11, 18, 14, tzinfo=UTC)


def test_the_current_weather(ask: "Ask") -> None:
    answer = of_station(observation=OBSERVATION)
    found = ask(answer, "weather", "KORD", source="sandbox")
    assert (answer.path, answer.query) == ("/v1/weather/KORD/current", {"source": "sandbox"})
    assert (found.source, found.observation.condition) == ("sandbox", "light snow")


@pytest.mark.parametrize(
    ("method", "noun", "item"),
    [("hourly_forecast", "hourly", HOUR), ("daily_forecast", "daily", DAY)],
)
def test_forecasts_by_issue(ask: "Ask", method: str, noun: str, item: dict[str, Any]) -> None:
    answer = of_station(issued_at=AT, items=[item])
    moment = datetime(2026, 11, 18, 14, tzinfo=UTC)
    found = ask(answer, method, "KORD", issued_before=moment)
    assert answer.path == f"/v1/weather/KORD/{noun}"
    assert answer.query == {"issued_before": "2026-11-18T14:00:00+00:00"}
    assert (found.issued_at, len(found.items)) == (moment, 1)
    assert found.items[0].condition == item["condition"]


def test_degree_days_name_their_basis(ask: "Ask") -> None:
    answer = of_station(
        base_f=65, items=[DEGREE_DAY], missing=["2026-11-19"], total_hdd_f=33, total_cdd_f=0
    )
    found = ask(answer, "degree_days", "KORD", date(2026, 11, 18), "2026-11-19")
    assert answer.path == "/v1/weather/KORD/degree-days"
    assert answer.query == {"from": "2026-11-18", "to": "2026-11-19"}
    assert (found.items[0].basis, found.total_hdd_f) == ("observed", 33)
    assert found.missing == (date(2026, 11, 19),)


def test_a_station_cannot_leave_its_place_in_the_address(ask: "Ask") -> None:
    answer = of_station(observation=OBSERVATION)
    ask(answer, "weather", "../runs?x=")
    assert answer.path == "/v1/weather/../runs?x=/current"
    assert answer.query == {}


def test_an_unknown_station_is_not_found(ask: "Ask") -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        body = {"type": "https://heliostat.dev/problems/not-found", "detail": "no such station"}
        headers = {"content-type": "application/problem+json"}
        return httpx.Response(404, json=body, headers=headers)

    with pytest.raises(heliostat.NotFound, match="no such station"):
        ask(refuse, "weather", "XXXX")
