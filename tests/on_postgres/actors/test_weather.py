"""Follow the weather actor against its sandbox and a real database, through an outage as well."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from actors.weather import WeatherActor, WeatherConfig, WeatherStatus
from core.clock import ShiftedClock, ns_from_utc
from core.errors import InvalidInput, NotFound
from core.runs import DEFAULT_ORG
from core.weather import POLLED_STATIONS
from integrations.openweather.client import ONE_CALL_PATH, OpenWeatherConfig
from integrations.openweather.pacing import Plan, Quota
from integrations.openweather.sandbox.app import (
    NO_ONE_CALL,
    OpenWeatherSandbox,
    SandboxConfig,
)
from integrations.sandbox_kit import FOREVER, SandboxServer
from storage import weather
from storage.pool import DatabaseUrls, Pools

pytestmark = pytest.mark.postgres

NOON_NS = ns_from_utc(datetime(2026, 11, 18, 12, 0, 5, tzinfo=UTC))
KEY = "open sesame"
WIDE = Quota(per_minute=60_000, per_day=1_000_000, block=500)
HOUR_S = 3600.0


class Stack:
    """Keep a sandbox, a clock, and what an actor of it needs."""

    def __init__(self, sandbox: OpenWeatherSandbox, url: str, clock: ShiftedClock) -> None:
        self.sandbox, self.url, self.clock = sandbox, url, clock

    @asynccontextmanager
    async def actor(
        self,
        urls: DatabaseUrls,
        poll_every_s: float = HOUR_S,
        stations: tuple[str, ...] = POLLED_STATIONS,
        **changed: Any,
    ) -> AsyncIterator[WeatherActor]:
        values = {"base_url": self.url, "api_key": KEY, "attempts": 1, "one_call_quota": WIDE}
        values |= {"free_quota": WIDE, **changed}
        config = WeatherConfig(
            client=OpenWeatherConfig(**values),
            source="sandbox",
            database=urls,
            stations=stations,
            poll_every_s=poll_every_s,
        )
        actor = WeatherActor.__new__(WeatherActor)
        await actor.__init__(config, self.clock)  # type: ignore[misc]  # as Ray does
        try:
            yield actor
        finally:
            await actor.close()

    def called(self) -> int:
        return dict(self.sandbox._state()["calls"]).get(ONE_CALL_PATH, 0)  # type: ignore[call-overload]


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    clock = ShiftedClock(NOON_NS - time.time_ns())
    config = SandboxConfig(seed=7, clock=clock, api_key=KEY, calls_per_minute=10**6)
    sandbox = OpenWeatherSandbox(config)
    async with SandboxServer(sandbox.app()) as server:
        yield Stack(sandbox, server.http_url, clock)


async def status_when(
    actor: WeatherActor, is_enough: Callable[[WeatherStatus], bool]
) -> WeatherStatus:
    async with asyncio.timeout(20):
        while not is_enough(status := await actor.status()):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    return status


def is_stored(status: WeatherStatus) -> bool:
    return status.answers == len(POLLED_STATIONS) and status.unstored == 0 < status.stored


async def test_every_station_is_asked_stored_and_told(
    stack: Stack, database: Any, pools: Pools
) -> None:
    async with stack.actor(database.urls) as actor:
        status = await status_when(actor, is_stored)
    assert status.source == "sandbox"
    assert not status.is_falling_back
    assert status.stored == len(POLLED_STATIONS) * (1 + 48 + 8)
    assert [one.station for one in status.stations] == list(POLLED_STATIONS)
    for one in status.stations:
        assert one.last_error is None
        assert not one.is_stale
        assert one.last_success_ns is not None
        assert one.last_success_ns >= NOON_NS
    used = {one.plan: (one.calls_today, one.per_day) for one in status.quota}
    assert used[Plan.ONE_CALL] == (5, WIDE.per_day)
    async with pools.read(DEFAULT_ORG) as connection:
        for code in POLLED_STATIONS:
            latest = await weather.latest_observation(connection, code, "sandbox")
            assert latest is not None
            assert len(await weather.hourly_forecasts(connection, code, "sandbox")) == 48
            assert len(await weather.daily_forecasts(connection, code, "sandbox")) == 8
    assert stack.called() == 5


async def test_a_restart_does_not_ask_again_before_its_time(stack: Stack, database: Any) -> None:
    async with stack.actor(database.urls) as actor:
        before = await status_when(actor, is_stored)
    async with stack.actor(database.urls) as actor:
        after = await actor.status()
        assert [one.last_success_ns for one in after.stations] == [
            one.last_success_ns for one in before.stations
        ]
    assert stack.called() == 5
    stack.clock.offset_ns += int(HOUR_S) * 10**9
    async with stack.actor(database.urls) as actor:
        await status_when(actor, is_stored)
    assert stack.called() == 10


async def test_calls_are_counted_over_restarts(stack: Stack, database: Any) -> None:
    quota = Quota(per_minute=60_000, per_day=3, block=3)
    first = {"stations": ("KORD", "KLGA"), "one_call_quota": quota}
    async with stack.actor(database.urls, **first) as actor:
        await status_when(actor, lambda status: status.answers == 2)
    second = {"stations": ("KIAH",), "one_call_quota": quota}
    async with stack.actor(database.urls, **second) as actor:
        status = await status_when(actor, lambda status: status.failures == 1)
        assert "quota of one_call is used up" in str(status.stations[0].last_error)
    assert stack.called() == 2


async def test_the_interval_grows_with_what_the_quota_bears(stack: Stack, database: Any) -> None:
    quota = Quota(per_minute=60_000, per_day=50)
    async with stack.actor(database.urls, 600.0, one_call_quota=quota) as actor:
        assert (await actor.status()).interval_s == 86_400 * 5 / 50
    async with stack.actor(database.urls, 600.0) as actor:
        assert (await actor.status()).interval_s == 600.0


async def test_faults_are_counted_told_and_overcome(stack: Stack, database: Any) -> None:
    stack.sandbox.faults.arm("server_error")
    stack.sandbox.faults.arm("garbage_frame")
    async with stack.actor(database.urls, 0.2) as actor:
        status = await status_when(actor, lambda status: status.failures + status.bad_answers == 2)
        assert (status.failures, status.bad_answers) == (1, 1)
        errors = [one.last_error for one in status.stations if one.last_error]
        assert "500 Internal server error" in errors[0]
        await status_when(
            actor,
            lambda status: all(
                one.last_success_ns and not one.last_error for one in status.stations
            ),
        )


async def test_a_station_that_stays_silent_is_stale(stack: Stack, database: Any) -> None:
    stack.sandbox.faults.arm("server_error", FOREVER)
    async with stack.actor(database.urls) as actor:
        status = await status_when(actor, lambda status: status.failures == 5)
        assert not any(one.is_stale for one in status.stations)
        stack.clock.offset_ns += int(3 * HOUR_S + 1) * 10**9
        status = await actor.status()
        assert all(one.is_stale for one in status.stations)


async def test_the_fallback_is_told(stack: Stack, database: Any, pools: Pools) -> None:
    stack.sandbox.faults.arm(NO_ONE_CALL, FOREVER)
    async with stack.actor(database.urls) as actor:
        status = await status_when(actor, is_stored)
    assert status.is_falling_back
    assert {one.plan: one.calls_today for one in status.quota} == {Plan.ONE_CALL: 1, Plan.FREE: 10}
    async with pools.read(DEFAULT_ORG) as connection:
        assert len(await weather.hourly_forecasts(connection, "KORD", "sandbox")) == 40


class Relay:
    """Stand between the actor and PostgreSQL, so that a test can take the server away."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._server, self._socket = server, folder / server.name
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._listening = await asyncio.start_unix_server(self._join, self._socket)

    async def stop(self) -> None:
        assert self._listening is not None
        self._listening.close()
        self._socket.unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_unix_connection(self._server)
        with suppress(asyncio.CancelledError, OSError):
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        writer.transport.abort()
        far_writer.transport.abort()
        self._tasks.discard(task)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def test_an_outage_of_the_database_keeps_the_newest_of_each_kind(
    stack: Stack, database: Any, pools: Pools, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = Path(tmp_path_factory.mktemp("relay"))
    relay = Relay(database.server.socket_dir / ".s.PGSQL.5432", folder)
    await relay.start()
    real = str(database.server.socket_dir.resolve())

    def through(url: str) -> str:
        return url.replace(real, str(folder))

    urls = DatabaseUrls(
        app=through(database.urls.app),
        read=through(database.urls.read),
        system=through(database.urls.system),
    )
    async with stack.actor(urls, 0.1) as actor:
        await status_when(actor, lambda status: status.stored >= 5 * 57)
        await relay.stop()
        during = await status_when(actor, lambda status: status.replaced >= 30)
        assert during.unstored <= 3 * len(POLLED_STATIONS)
        stack.clock.offset_ns += 600 * 10**9
        newest_ns = stack.clock.now_ns() // (600 * 10**9) * 600 * 10**9
        answered = (await actor.status()).answers
        await status_when(actor, lambda status: status.answers >= answered + 10)
        await relay.start()
        stored = (await actor.status()).stored
        await status_when(actor, lambda status: status.stored >= stored + 5 * 57)
    await relay.stop()
    async with pools.read(DEFAULT_ORG) as connection:
        for code in POLLED_STATIONS:
            latest = await weather.latest_observation(connection, code, "sandbox")
            assert latest is not None
            assert latest.observed_ns >= newest_ns


async def test_a_wrong_configuration_is_refused(stack: Stack, database: Any) -> None:
    client = OpenWeatherConfig(base_url=stack.url, api_key=KEY)
    for changed, error in (
        ({"source": "cme"}, InvalidInput),
        ({"stations": ("KORD", "XXXX")}, NotFound),
    ):
        values: dict[str, Any] = {"client": client, "source": "sandbox", **changed}
        actor = WeatherActor.__new__(WeatherActor)
        with pytest.raises(error):
            await actor.__init__(  # type: ignore[misc]
                WeatherConfig(database=database.urls, **values), stack.clock
            )
