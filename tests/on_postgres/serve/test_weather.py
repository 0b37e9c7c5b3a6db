"""Ask the routes of the weather over a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from core.clock import ShiftedClock, ns_from_utc
from core.weather import STATIONS, DailyForecast
from integrations.openweather.codec import decode_current, decode_one_call
from integrations.openweather.sandbox.answers import current_weather, one_call
from integrations.openweather.sandbox.climate import Place, seconds
from serve.api import create_api
from serve.services import EdgeConfig, Services
from storage import weather
from storage.pool import Pools
from storage.vault.vault import open_vault
from tests.identities import HEADERS, KnownKeys
from tests.vaults import NO_VAULT

if TYPE_CHECKING:
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 18, 14, tzinfo=UTC)
NOW_NS = ns_from_utc(NOW)
DAY = date(2026, 11, 18)
HOUR_NS = 3_600_000_000_000
CHICAGO = STATIONS["KORD"]
PLACE = Place(seed=7, latitude_deg=CHICAGO.latitude_deg, longitude_deg=CHICAGO.longitude_deg)


def encoded(body: dict[str, Any]) -> bytes:
    return httpx.Response(200, json=body).content


async def store_hours(pools: Pools, first_ns: int, hours: int) -> None:
    """Store an observation an hour, as 2.5 tells them."""
    observations = []
    for n in range(hours):
        at_ns = first_ns + n * HOUR_NS
        content = encoded(current_weather(PLACE, seconds(at_ns)))
        observations.append(
            decode_current(content, station=CHICAGO, source="sandbox", received_ns=at_ns)
        )
    async with pools.system() as connection:
        await weather.append(connection, observations, [], [])


async def store_issue(pools: Pools, at_ns: int, source: str = "sandbox") -> list[DailyForecast]:
    """Store one answer of One Call and return its days."""
    content = encoded(one_call(PLACE, seconds(at_ns), frozenset()))
    observation, forecasts = decode_one_call(
        content, station=CHICAGO, source=source, received_ns=at_ns
    )
    async with pools.system() as connection:
        await weather.append(connection, [observation], forecasts.hourly, forecasts.daily)
    return list(forecasts.daily)


@pytest.fixture
async def client(database: "Database", pools: Pools) -> AsyncIterator[httpx.AsyncClient]:
    config = EdgeConfig(
        database=database.urls,
        cache_url="",
        origin="http://edge",
        version="1",
        pages=None,
        venues=(),
        task_memory_bytes=0,
        vault=NO_VAULT,
        audit_anchors=Path("no-anchors.jsonl"),
    )
    nobody: Any = None
    services = Services(
        config=config,
        authenticator=KnownKeys(),
        keyring=nobody,
        vault=open_vault(NO_VAULT),
        pools=pools,
        cache=nobody,
        market=nobody,
        runs=nobody,
        feeds=nobody,
        models=nobody,
        parser=nobody,
        qpu=nobody,
        clock=ShiftedClock(0, lambda: NOW_NS),
    )

    async def open_services() -> Services:
        return services

    app = create_api(config, open_services)
    app.state.services = services
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://edge",
        headers=HEADERS,
    ) as opened:
        yield opened


async def ask(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(f"/v1/weather/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_stations_tell_what_came_last_and_whose_it_is(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store_issue(pools, NOW_NS)
    items = {item["code"]: item for item in (await ask(client, "stations"))["items"]}
    assert list(items) == list(STATIONS)
    assert items["KORD"]["source"] == "sandbox"
    assert items["KORD"]["last_update"] == "2026-11-18T14:00:00Z"
    assert items["KORD"]["latest"]["observed_at"] == "2026-11-18T14:00:00Z"
    assert items["KBOS"]["is_polled"] is False
    assert (items["KLGA"]["source"], items["KLGA"]["last_update"]) == (None, None)


async def test_current_is_the_latest_of_one_source(client: httpx.AsyncClient, pools: Pools) -> None:
    await store_issue(pools, NOW_NS - HOUR_NS)
    await store_issue(pools, NOW_NS)
    current = await ask(client, "KORD/current")
    assert (current["station"], current["source"]) == ("KORD", "sandbox")
    assert current["observation"]["observed_at"] == "2026-11-18T14:00:00Z"
    await store_issue(pools, NOW_NS + HOUR_NS, source="openweather")
    assert (await ask(client, "KORD/current"))["source"] == "openweather"
    earlier = await ask(client, "KORD/current?source=sandbox")
    assert earlier == current


@pytest.mark.parametrize(("kind", "rows"), [("hourly", 48), ("daily", 8)])
async def test_forecasts_are_the_latest_issue_or_one_before(
    client: httpx.AsyncClient, pools: Pools, kind: str, rows: int
) -> None:
    for hours in (2, 1, 0):
        await store_issue(pools, NOW_NS - hours * HOUR_NS)
    latest = await ask(client, f"KORD/{kind}")
    assert latest["issued_at"] == "2026-11-18T14:00:00Z"
    assert latest["source"] == "sandbox"
    assert len(latest["items"]) == rows
    for moment in ("2026-11-18T14:00:00Z", "2026-11-18T14:00:00", "2026-11-18T08:00:00-06:00"):
        earlier = await client.get(f"/v1/weather/KORD/{kind}", params={"issued_before": moment})
        assert earlier.json()["issued_at"] == "2026-11-18T13:00:00Z"
    first = await client.get(
        f"/v1/weather/KORD/{kind}", params={"issued_before": "0001-01-01T00:00:00+14:00"}
    )
    assert first.status_code == 404


async def test_degree_days_say_what_they_rest_on(client: httpx.AsyncClient, pools: Pools) -> None:
    midnight_ns = ns_from_utc(datetime(2026, 11, 16, 6, tzinfo=UTC))
    await store_hours(pools, midnight_ns, 48)
    days = {day.day: day for day in await store_issue(pools, NOW_NS)}
    found = await ask(client, "KORD/degree-days?from=2026-11-15&to=2026-11-19")
    assert (found["station"], found["source"], found["base_f"]) == ("KORD", "sandbox", 65.0)
    assert found["missing"] == ["2026-11-15"]
    assert [(item["day"], item["basis"]) for item in found["items"]] == [
        ("2026-11-16", "observed"),
        ("2026-11-17", "observed"),
        ("2026-11-18", "forecast"),
        ("2026-11-19", "forecast"),
    ]
    for item in found["items"]:
        mean_f = (item["min_c"] + item["max_c"]) / 2 * 9 / 5 + 32
        assert item["mean_f"] == pytest.approx(mean_f)
        assert item["hdd_f"] == pytest.approx(max(0, 65 - mean_f))
        assert item["cdd_f"] == pytest.approx(max(0, mean_f - 65))
        assert (item["issued_at"] is None) is (item["basis"] == "observed")
    expected = days[DAY + timedelta(days=1)]
    assert (found["items"][3]["min_c"], found["items"][3]["max_c"]) == (
        expected.min_c,
        expected.max_c,
    )
    assert found["total_hdd_f"] == pytest.approx(sum(item["hdd_f"] for item in found["items"]))


async def test_without_a_range_degree_days_look_a_week_ahead(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store_issue(pools, NOW_NS)
    week = [str(DAY + timedelta(days=n)) for n in range(7)]
    found = await ask(client, "KORD/degree-days")
    assert [item["day"] for item in found["items"]] == week
    found = await ask(client, f"KORD/degree-days?to={DAY + timedelta(days=6)}")
    assert [item["day"] for item in found["items"]] == week
    found = await ask(client, "KORD/degree-days?from=2199-12-31&to=2199-12-31")
    assert (found["items"], found["missing"]) == ([], ["2199-12-31"])


@pytest.mark.parametrize("kind", ["current", "hourly", "daily", "degree-days"])
async def test_what_is_not_there_is_a_problem(
    client: httpx.AsyncClient, pools: Pools, kind: str
) -> None:
    for path, status, word in (
        (f"XXXX/{kind}", 404, "Station XXXX does not exist"),
        (f"KORD/{kind}", 404, "Weather of KORD does not exist"),
        (f"KORD/{kind}?source=cme", 422, "expected openweather or sandbox"),
    ):
        answer = await client.get(f"/v1/weather/{path}")
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, word in answer.json()["detail"]) == (status, True), path
    await store_issue(pools, NOW_NS)
    answer = await client.get(f"/v1/weather/KORD/{kind}?source=openweather")
    assert answer.status_code == (200 if kind == "degree-days" else 404)


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-11-19&to=2026-11-18",
        "from=2020-01-01&to=2026-11-18",
        "from=9999-12-31",
        "to=0001-01-01",
        "from=soon",
    ],
)
async def test_a_bad_range_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/weather/KORD/degree-days?{query}")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "invalid-input")


async def test_a_key_is_needed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/weather/stations", headers={"Authorization": "Bearer no"})
    assert answer.status_code == 401
