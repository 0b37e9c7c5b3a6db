"""Check the codec on payloads with provenance, and that no bytes make it fail otherwise."""

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ns_from_utc
from core.errors import BadFrame
from core.weather import STATIONS
from integrations.openweather.codec import (
    Forecasts,
    decode_current,
    decode_forecast,
    decode_one_call,
    decode_refusal,
)
from integrations.openweather.sandbox.answers import one_call
from integrations.openweather.sandbox.climate import Place, seconds

DATA = Path(__file__).parents[3] / "data" / "openweather"
METADATA = json.loads((DATA / "metadata.json").read_text())
CHICAGO = STATIONS["KORD"]
RECEIVED_NS = ns_from_utc(datetime(2026, 11, 18, 14, 7, 30, tzinfo=UTC))
DECODERS = {
    "one_call": decode_one_call,
    "current": decode_current,
    "forecast": decode_forecast,
}


def payload(name: str) -> bytes:
    return (DATA / f"{name}.json").read_bytes()


def changed(name: str, *path: str | int, value: Any) -> bytes:
    document = json.loads(payload(name))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return json.dumps(document).encode()


def decode(name: str, content: bytes) -> Any:
    return DECODERS[name](content, station=CHICAGO, source="openweather", received_ns=RECEIVED_NS)


def ns(text: str) -> int:
    return ns_from_utc(datetime.fromisoformat(text))


def test_every_payload_is_listed_with_its_origin_and_sum() -> None:
    listed = {row["file"]: row for row in METADATA}
    assert set(listed) == {path.name for path in DATA.iterdir()} - {"metadata.json"}
    for name, row in listed.items():
        assert row["sha256"] == sha256((DATA / name).read_bytes()).hexdigest(), name
        assert row["origin"]


def test_one_call_brings_the_observation_and_both_forecasts() -> None:
    observation, forecasts = decode("one_call", payload("one_call"))
    assert observation.station == "KORD"
    assert observation.source == "openweather"
    assert observation.observed_ns == ns("2026-11-18T14:04:00Z")
    assert observation.received_ns == RECEIVED_NS
    assert (observation.temp_c, observation.dew_point_c) == (3.41, 1.44)
    assert (observation.rain_mm, observation.snow_mm) == (0.51, None)
    assert observation.wind_gust_m_per_s == 9.26
    assert observation.condition == "light rain, mist"
    hours = forecasts.hourly
    assert [one.temp_c for one in hours] == [3.4, 3.1, 2.8, 2.5]
    assert [(one.rain_mm, one.snow_mm) for one in hours] == [
        (0.42, None),
        (None, 0.13),
        (None, None),
        (None, None),
    ]
    assert [one.precipitation_probability for one in hours] == [1, 0.8, 0.35, 0]
    assert {one.step_h for one in hours} == {1}
    assert {one.issued_ns for one in (*hours, *forecasts.daily)} == {observation.observed_ns}
    assert hours[3].valid_ns == ns("2026-11-18T17:00:00Z")
    days = forecasts.daily
    assert [(one.day, one.min_c, one.max_c) for one in days] == [
        (date(2026, 11, 18), -2.3, 5.02),
        (date(2026, 11, 19), -3.3, pytest.approx(4.02)),
    ]
    assert [(one.rain_mm, one.snow_mm) for one in days] == [(1.63, 0.24), (None, None)]


def test_the_current_weather_of_2_5() -> None:
    observation = decode("current", payload("current"))
    assert observation.observed_ns == ns("2026-11-18T14:04:00Z")
    assert (observation.temp_c, observation.feels_like_c) == (3.41, -0.62)
    assert (observation.rain_mm, observation.snow_mm) == (None, 0.13)
    assert (observation.dew_point_c, observation.wind_gust_m_per_s) == (None, None)
    assert observation.condition == "overcast clouds"


def test_the_forecast_of_2_5_makes_days_of_eight_entries() -> None:
    forecasts = decode("forecast", payload("forecast"))
    assert len(forecasts.hourly) == 14
    assert {one.step_h for one in forecasts.hourly} == {3}
    assert {one.issued_ns for one in forecasts.hourly} == {ns("2026-11-18T14:00:00Z")}
    entries = json.loads(payload("forecast"))["list"]
    local = [datetime.fromtimestamp(entry["dt"] - 21_600, tz=UTC).date() for entry in entries]
    whole = [entry for entry, day in zip(entries, local, strict=True) if local.count(day) == 8]
    (day,) = forecasts.daily
    assert day.day == date(2026, 11, 19)
    assert day.min_c == min(entry["main"]["temp_min"] for entry in whole)
    assert day.max_c == max(entry["main"]["temp_max"] for entry in whole)
    assert (day.rain_mm, day.snow_mm, day.precipitation_probability) == (0.77, None, 0.4)


def test_the_sandbox_still_sends_what_was_captured_of_it() -> None:
    houston = STATIONS["KIAH"]
    place = Place(seed=7, latitude_deg=houston.latitude_deg, longitude_deg=houston.longitude_deg)
    now_s = seconds(ns("2026-11-18T14:20:34Z"))
    captured = json.loads(payload("sandbox_one_call"))
    assert one_call(place, now_s, frozenset({"minutely"})) == captured


@pytest.mark.parametrize(
    ("file", "status", "says", "names_subscription"),
    [
        ("refused_key", 401, "Invalid API key.", False),
        ("refused_plan", 401, "separate subscription", True),
        ("refused_plan", 403, "separate subscription", False),
        ("refused_quota", 429, "temporary blocked", False),
        ("refused_query", 404, "city not found", False),
    ],
)
def test_refusals(file: str, status: int, says: str, names_subscription: bool) -> None:
    refusal = decode_refusal(payload(file), status)
    assert says in refusal.message
    assert refusal.names_subscription is names_subscription


@pytest.mark.parametrize("cod", [404, "404", None])
def test_the_code_of_a_refusal_may_be_of_either_type(cod: object) -> None:
    content = json.dumps({"cod": cod, "message": "x\ny"}).encode()
    assert decode_refusal(content, 404).message == "x y"


def test_a_fall_may_be_a_number_or_an_object() -> None:
    observation, _ = decode("one_call", changed("one_call", "current", "rain", value=1.5))
    assert observation.rain_mm == 1.5
    observation, _ = decode("one_call", changed("one_call", "current", "rain", value={}))
    assert observation.rain_mm is None


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("one_call", ("current", "temp"), 276.56),  # kelvins
        ("one_call", ("current", "temp"), "3.4"),
        ("one_call", ("current", "humidity"), 101),
        ("one_call", ("hourly", 2, "temp"), None),
        ("one_call", ("hourly", 2, "pop"), 35),
        ("one_call", ("daily", 0, "temp", "min"), 5.03),
        ("one_call", ("current", "dt"), -1),
        ("one_call", ("current", "dt"), 10**30),
        ("one_call", ("lat",), 40.7772),
        ("current", ("coord", "lon"), 87.9048),
        ("current", ("main", "pressure"), 29.8),
        ("forecast", ("list", 0, "main", "temp"), 300),
        ("forecast", ("city", "coord", "lat"), 0),
        ("forecast", ("city", "timezone"), 10**9),
    ],
)
def test_what_cannot_be_weather_of_the_station_is_refused(
    name: str, path: tuple[str | int, ...], value: Any
) -> None:
    with pytest.raises(BadFrame):
        decode(name, changed(name, *path, value=value))


def test_text_is_kept_storable() -> None:
    path = ("current", "weather", 0, "description")
    observation, _ = decode("one_call", changed("one_call", *path, value="ra\x00in\n" + "x" * 500))
    assert observation.condition.startswith("rainxxx")
    assert len(observation.condition) == 200


@pytest.mark.parametrize("name", DECODERS)
def test_every_truncation_is_a_bad_frame(name: str) -> None:
    whole = payload(name).rstrip()
    for end in range(0, len(whole), 7):
        with pytest.raises(BadFrame):
            decode(name, whole[:end])


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_a_bad_frame(depth: int) -> None:
    for name in DECODERS:
        with pytest.raises(BadFrame):
            decode(name, b'{"lat":' + b"[" * depth + b"]" * depth + b"}")


def assert_decodes_or_refuses(content: bytes) -> None:
    for name in DECODERS:
        try:
            found = decode(name, content)
        except BadFrame:
            continue
        parts = found if isinstance(found, tuple) else (found,)
        for part in parts:
            rows = (*part.hourly, *part.daily) if isinstance(part, Forecasts) else (part,)
            assert all(row.station == "KORD" for row in rows)
    assert decode_refusal(content, 500).status == 500


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(content: bytes) -> None:
    assert_decodes_or_refuses(content)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    keys: Any = range(len(value)) if isinstance(value, list) else value
    if not isinstance(value, list | dict):
        return [path]
    inner = [found for key in keys for found in places(value[key], (*path, key))]
    return [path, *inner] if path else inner


PLACES = {name: places(json.loads(payload(name))) for name in DECODERS}


@given(st.data())
def test_any_json_in_any_place_decodes_or_is_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DECODERS)))
    path = data.draw(st.sampled_from(PLACES[name]))
    value = data.draw(ANY_JSON)
    assert_decodes_or_refuses(changed(name, *path, value=value))


@given(st.data())
def test_any_flipped_byte_decodes_or_is_refused(data: st.DataObject) -> None:
    content = bytearray(payload(data.draw(st.sampled_from(sorted(DECODERS)))))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert_decodes_or_refuses(bytes(content))
