"""Hold the client against the sandbox over real sockets, each fault switch included."""

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from core.clock import ShiftedClock, ns_from_utc
from core.errors import BadFrame, SourceUnavailable
from core.weather import STATIONS
from integrations.openweather.client import (
    CURRENT_PATH,
    FORECAST_PATH,
    ONE_CALL_PATH,
    OpenWeatherClient,
    OpenWeatherConfig,
)
from integrations.openweather.pacing import Plan, Quota
from integrations.openweather.sandbox.app import (
    NO_ONE_CALL,
    OpenWeatherSandbox,
    SandboxConfig,
)
from integrations.sandbox_kit import FOREVER, SandboxServer

pytestmark = pytest.mark.postgres

KEY = "open sesame"
NOON_NS = ns_from_utc(datetime(2026, 11, 18, 12, 0, 5, tzinfo=UTC))
WIDE = Quota(per_minute=60_000, per_day=100_000, block=50)
CHICAGO = STATIONS["KORD"]


@dataclass
class Counts:
    """Count the calls of each day and plan in memory; the database's own is tested apart."""

    calls: dict[tuple[Plan, date], int] = field(default_factory=dict)

    async def reserve(self, plan: Plan, day: date, calls: int, per_day: int) -> tuple[int, int]:
        before = self.calls.get((plan, day), 0)
        self.calls[plan, day] = min(per_day, before + calls)
        return self.calls[plan, day], self.calls[plan, day] - before


@dataclass
class Vendor:
    """Keep a sandbox, its server, and a clock that a test may move."""

    sandbox: OpenWeatherSandbox
    server: SandboxServer
    clock: ShiftedClock
    counts: Counts = field(default_factory=Counts)

    @asynccontextmanager
    async def client(self, **changed: Any) -> AsyncIterator[OpenWeatherClient]:
        values: dict[str, Any] = {
            "base_url": changed.get("base_url") or self.server.http_url,
            "api_key": KEY,
            "answer_within_s": 5.0,
            "backoff_base_s": 0.01,
            "backoff_cap_s": 0.02,
            "one_call_quota": WIDE,
            "free_quota": WIDE,
            **changed,
        }
        client = OpenWeatherClient(
            OpenWeatherConfig(**values),
            source="sandbox",
            stations=5,
            poll_every_s=600,
            store=self.counts,
            clock=self.clock,
        )
        try:
            yield client
        finally:
            await client.close()

    def called(self, path: str) -> int:
        return dict(self.sandbox._state()["calls"]).get(path, 0)  # type: ignore[call-overload]


@asynccontextmanager
async def serving(**changed: Any) -> AsyncIterator[Vendor]:
    clock = ShiftedClock(NOON_NS - time.time_ns())
    values: dict[str, Any] = {"seed": 7, "clock": clock, "api_key": KEY, **changed}
    sandbox = OpenWeatherSandbox(SandboxConfig(**values))
    async with SandboxServer(sandbox.app()) as server:
        yield Vendor(sandbox, server, clock)


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with serving() as running:
        yield running


async def test_one_call_answers_everything_at_once(vendor: Vendor) -> None:
    async with vendor.client() as client:
        found = await client.weather(CHICAGO)
        assert found.plan is Plan.ONE_CALL
        assert found.missing is None
        assert (len(found.hourly), len(found.daily)) == (48, 8)
        assert found.observation.source == "sandbox"
        assert 0 <= found.observation.received_ns - NOON_NS < 30 * 10**9
        assert not client.is_falling_back
        used = {one.plan: one.calls_today for one in client.quota()}
    assert used == {Plan.ONE_CALL: 1, Plan.FREE: 0}
    assert vendor.called(ONE_CALL_PATH) == 1


async def test_without_the_subscription_2_5_stands_in_until_one_call_is_tried_again(
    vendor: Vendor,
) -> None:
    vendor.sandbox.faults.arm(NO_ONE_CALL, FOREVER)
    async with vendor.client(retry_one_call_s=3600.0) as client:
        found = await client.weather(CHICAGO)
        assert found.plan is Plan.FREE
        assert (len(found.hourly), len(found.daily)) == (40, 4)
        assert {one.step_h for one in found.hourly} == {3}
        assert client.is_falling_back
        await client.weather(CHICAGO)
        assert vendor.called(ONE_CALL_PATH) == 1
        assert (vendor.called(CURRENT_PATH), vendor.called(FORECAST_PATH)) == (2, 2)
        vendor.sandbox.faults.clear()
        vendor.clock.offset_ns += 3601 * 10**9
        assert (await client.weather(CHICAGO)).plan is Plan.ONE_CALL
        assert not client.is_falling_back
    assert vendor.called(ONE_CALL_PATH) == 2


async def test_both_plans_tell_the_same_weather(vendor: Vendor) -> None:
    async with vendor.client() as client:
        one_call = (await client.weather(CHICAGO)).observation
        vendor.sandbox.faults.arm(NO_ONE_CALL)
        free = (await client.weather(CHICAGO)).observation
    assert (one_call.observed_ns, one_call.temp_c) == (free.observed_ns, free.temp_c)


async def test_a_wrong_key_is_no_reason_to_fall_back_or_to_repeat(vendor: Vendor) -> None:
    async with vendor.client(api_key="wrong") as client:
        with pytest.raises(SourceUnavailable, match="401 Invalid API key"):
            await client.weather(CHICAGO)
        assert not client.is_falling_back
    assert vendor.called(ONE_CALL_PATH) == 1
    assert vendor.called(CURRENT_PATH) == 0


async def test_a_failing_server_is_asked_again(vendor: Vendor) -> None:
    vendor.sandbox.faults.arm("server_error", 2)
    async with vendor.client() as client:
        assert (await client.weather(CHICAGO)).plan is Plan.ONE_CALL
        vendor.sandbox.faults.arm("server_error", FOREVER)
        with pytest.raises(SourceUnavailable, match="500 Internal server error"):
            await client.weather(CHICAGO)
    assert vendor.called(ONE_CALL_PATH) == 6


async def test_a_refusal_of_the_quota_waits_for_the_next_minute(vendor: Vendor) -> None:
    vendor.clock.offset_ns += 54_700_000_000  # 12:00:59.7, so that the minute ends soon
    vendor.sandbox.faults.arm("too_many_requests")
    async with vendor.client() as client:
        found = await client.weather(CHICAGO)
    assert found.observation.received_ns >= NOON_NS + 55 * 10**9
    assert vendor.called(ONE_CALL_PATH) == 2


async def test_refusals_in_a_row_keep_away_until_the_next_day(vendor: Vendor) -> None:
    vendor.sandbox.faults.arm("too_many_requests", FOREVER)
    async with vendor.client(attempts=1) as client:
        for _ in range(3):
            with pytest.raises(SourceUnavailable, match="429"):
                await client.weather(CHICAGO)
            vendor.clock.offset_ns += 60 * 10**9
        with pytest.raises(SourceUnavailable, match="used up until 2026-11-19 00:00 UTC"):
            await client.weather(CHICAGO)
        assert vendor.called(ONE_CALL_PATH) == 3
        vendor.sandbox.faults.clear()
        vendor.clock.offset_ns += 12 * 3600 * 10**9
        assert (await client.weather(CHICAGO)).plan is Plan.ONE_CALL


async def test_the_days_quota_is_kept_over_a_restart() -> None:
    quota = Quota(per_minute=60_000, per_day=4, block=2)
    async with serving(one_calls_per_day=4, calls_per_minute=1000) as vendor:
        for _ in range(3):
            async with vendor.client(one_call_quota=quota) as client:
                for _ in range(2):
                    if vendor.called(ONE_CALL_PATH) < 4:
                        await client.weather(CHICAGO)
                    else:
                        with pytest.raises(SourceUnavailable, match="quota of one_call is used"):
                            await client.weather(CHICAGO)
        assert vendor.called(ONE_CALL_PATH) == 4


async def test_the_sandbox_enforces_the_quotas_that_the_vendor_names() -> None:
    async with serving(one_calls_per_day=2) as vendor, vendor.client(attempts=1) as client:
        for _ in range(2):
            await client.weather(CHICAGO)
        with pytest.raises(SourceUnavailable, match="429 Your account is temporary blocked"):
            await client.weather(CHICAGO)


async def test_an_answer_that_drips_in_is_given_up(vendor: Vendor) -> None:
    vendor.sandbox.faults.arm("slow_drip")
    async with vendor.client(answer_within_s=0.5) as client:
        assert (await client.weather(CHICAGO)).plan is Plan.ONE_CALL
    assert vendor.called(ONE_CALL_PATH) == 2
    vendor.sandbox.faults.arm("slow_drip", FOREVER)
    async with vendor.client(answer_within_s=0.2, attempts=2) as client:
        with pytest.raises(SourceUnavailable, match=r"no whole answer within 0\.2 s"):
            await client.weather(CHICAGO)


@pytest.mark.parametrize("fault", ["truncated_frame", "garbage_frame"])
async def test_a_spoilt_body_is_a_bad_frame(vendor: Vendor, fault: str) -> None:
    vendor.sandbox.faults.arm(fault)
    async with vendor.client() as client:
        with pytest.raises(BadFrame):
            await client.weather(CHICAGO)
        assert (await client.weather(CHICAGO)).plan is Plan.ONE_CALL


async def test_a_missing_forecast_of_2_5_does_not_lose_the_observation(vendor: Vendor) -> None:
    vendor.sandbox.faults.arm(NO_ONE_CALL, FOREVER)
    async with vendor.client() as client:
        await client.weather(CHICAGO)
        asked = asyncio.create_task(client.weather(CHICAGO))
        async with asyncio.timeout(10):
            while vendor.called(CURRENT_PATH) < 2:  # noqa: ASYNC110 - the sandbox sets no event
                await asyncio.sleep(0)
        vendor.sandbox.faults.arm("truncated_frame")
        found = await asked
    assert found.observation.station == "KORD"
    assert (found.hourly, found.daily) == ((), ())
    assert "no forecasts" in str(found.missing)


async def test_a_body_without_end_is_given_up(vendor: Vendor) -> None:
    async with vendor.client(max_answer_bytes=1000) as client:
        with pytest.raises(SourceUnavailable, match="more than 1000 bytes"):
            await client.weather(CHICAGO)
    assert vendor.called(ONE_CALL_PATH) == 1


async def test_nobody_there_is_said_without_the_key() -> None:
    async with serving() as vendor:
        base_url = vendor.server.http_url
    async with vendor.client(base_url=base_url, attempts=2) as client:
        with pytest.raises(SourceUnavailable) as caught:
            await client.weather(CHICAGO)
    assert "ConnectError" in caught.value.detail
    assert KEY not in caught.value.detail


async def test_the_key_is_never_logged(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with vendor.client(api_key="wrong-secret") as client:
            assert "wrong-secret" not in repr(client._config)
            with pytest.raises(SourceUnavailable) as caught:
                await client.weather(CHICAGO)
    assert "wrong-secret" not in caught.value.detail
    assert "wrong-secret" not in caplog.text


@pytest.mark.parametrize(
    ("path", "query", "status", "cod"),
    [
        (ONE_CALL_PATH, {"lat": "91", "lon": "0", "appid": KEY}, 400, "400"),
        (CURRENT_PATH, {"lon": "0", "appid": KEY}, 400, "400"),
        (CURRENT_PATH, {"lat": "nan", "lon": "0", "appid": KEY}, 400, "400"),
        (FORECAST_PATH, {"lat": "1", "lon": "1"}, 401, 401),
        ("/data/9.9/none", {}, 404, "404"),
    ],
)
async def test_the_sandbox_refuses_as_the_vendor_does(
    vendor: Vendor, path: str, query: dict[str, str], status: int, cod: int | str
) -> None:
    async with httpx.AsyncClient(trust_env=False, base_url=vendor.server.http_url) as http:
        answer = await http.get(path, params=query)
    assert (answer.status_code, answer.json()["cod"]) == (status, cod)


async def test_the_process_says_when_it_is_ready_and_ends_on_a_signal() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "integrations.openweather.sandbox", "--seed", "3", "--control-port", "1"),
        env={**os.environ, "HELIOSTAT_SANDBOX_PASSWORD": KEY},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            announced = json.loads(await process.stdout.readline())
        assert (announced["sandbox"], announced["seed"]) == ("openweather", 3)
        url = f"http://127.0.0.1:{announced['port']}"
        query = {"lat": "29.9844", "lon": "-95.3414", "appid": KEY}
        async with httpx.AsyncClient(trust_env=False, base_url=url) as http:
            assert (await http.get(CURRENT_PATH, params=query)).json()["cod"] == 200
            wrong = await http.get(CURRENT_PATH, params={**query, "appid": "x"})
            assert wrong.status_code == 401
            state = (await http.get("/_sandbox/state")).json()
        assert state["calls"] == {CURRENT_PATH: 2}
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
