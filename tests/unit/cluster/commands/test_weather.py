"""Check `heliostat weather`."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

AT = "2026-11-18T14:00:00Z"
SKY = {
    "temp_c": -3.4,
    "feels_like_c": -9,
    "pressure_hpa": 1009,
    "humidity_percent": 87,
    "cloud_cover_percent": 100,
    "wind_speed_m_per_s": 4.6,
    "condition": "light snow",
}
OBSERVATION = {**SKY, "observed_at": AT, "received_at": AT}
STATION = {
    "code": "KORD",
    "name": "Chicago O'Hare",
    "latitude_deg": 41.98,
    "longitude_deg": -87.9,
    "time_zone": "America/Chicago",
    "is_polled": True,
}


def hours(step_h: int, count: int) -> list[dict[str, Any]]:
    return [
        {
            **SKY,
            "valid_at": f"2026-11-{18 + n * step_h // 24}T{n * step_h % 24:02d}:00:00Z",
            "step_h": step_h,
            "temp_c": n,
            "precipitation_probability": 0,
        }
        for n in range(count)
    ]


def answer_for_chicago(api: "FakeApi", step_h: int = 1, count: int = 48) -> None:
    said = {"station": "KORD", "source": "sandbox"}
    days = [
        {
            "day": f"2026-11-{18 + n}",
            "min_c": -5 - n,
            "max_c": 5,
            "precipitation_probability": 0.35,
            "condition": "snow",
        }
        for n in range(8)
    ]
    degree_day = {
        "day": "2026-11-18",
        "basis": "forecast",
        "min_c": -5,
        "max_c": 5,
        "mean_f": 32,
        "hdd_f": 33,
        "cdd_f": 0,
    }
    sums = {"base_f": 65, "missing": [], "total_hdd_f": 33, "total_cdd_f": 0}
    path = "/v1/weather/KORD"
    api.on("GET", f"{path}/current", 200, {**said, "observation": OBSERVATION})
    issue = {**said, "issued_at": AT}
    api.on("GET", f"{path}/hourly", 200, {**issue, "items": hours(step_h, count)})
    api.on("GET", f"{path}/daily", 200, {**issue, "items": days})
    api.on("GET", f"{path}/degree-days", 200, {**said, **sums, "items": [degree_day]})


def test_stations_are_a_table_that_names_each_source(api: "FakeApi") -> None:
    fresh = {**STATION, "source": "sandbox", "last_update": AT, "latest": OBSERVATION}
    silent = {**STATION, "code": "KLGA", "name": "New York LaGuardia"}
    spare = {**STATION, "code": "KBOS", "name": "Boston", "is_polled": False}
    api.on("GET", "/v1/weather/stations", 200, {"items": [fresh, silent, spare]})
    result = api.run("weather")
    assert result.exit_code == 0, result.output
    _, chicago, new_york, boston = result.stdout.splitlines()
    for word in ("KORD", "-3.4", "4.6", "87", "light snow", "2026-11-18 14:00 UTC", "sandbox"):
        assert word in chicago
    assert "nothing yet" in new_york
    assert "not followed" in boston


def test_a_station_has_its_days_its_degree_days_and_a_chart(api: "FakeApi") -> None:
    answer_for_chicago(api)
    result = api.run("weather", "kord")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "KORD  -3.4 °C, feels like -9.0 °C, light snow  2026-11-18 14:00 UTC  source sandbox"
    )
    first = next(line for line in lines if line.startswith("2026-11-18"))
    assert first.split() == ["2026-11-18", "-5.0", "5.0", "35", "33.0", "0.0", "forecast", "snow"]
    later = next(line for line in lines if line.startswith("2026-11-19"))
    assert later.split() == ["2026-11-19", "-6.0", "5.0", "35", "snow"]
    assert sum(line.count("●") for line in lines) == 16
    assert "Wed 00h" in lines[-1]
    asked = [dict(request.url.params) for request in api.requests]
    assert asked == [{}, *[{"source": "sandbox"}] * 3]


def test_three_hourly_steps_make_a_chart_of_two_days_as_well(api: "FakeApi") -> None:
    answer_for_chicago(api, step_h=3, count=40)
    lines = api.run("weather", "KORD").stdout.splitlines()
    assert sum(line.count("●") for line in lines) == 16
    assert any(line.startswith("15.00 ┤") for line in lines)


def test_json_holds_every_part(api: "FakeApi") -> None:
    answer_for_chicago(api)
    result = api.run("weather", "KORD", "--source", "sandbox", "--json")
    document = json.loads(result.stdout)
    assert list(document) == ["current", "hourly", "daily", "degree_days"]
    assert document["current"]["source"] == "sandbox"
    assert len(document["hourly"]["items"]) == 48
    api.on("GET", "/v1/weather/stations", 200, {"items": [STATION]})
    assert json.loads(api.run("weather", "--json").stdout)["items"][0]["code"] == "KORD"


def test_an_unknown_station_is_one_line_and_its_own_exit_code(api: "FakeApi") -> None:
    api.on_problem("GET", "/v1/weather/XXXX/current", 404, "not-found", "No station XXXX.")
    result = api.run("weather", "XXXX")
    assert (result.exit_code, result.stderr.strip()) == (5, "heliostat: No station XXXX.")
