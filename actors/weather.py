"""Own the polling of the weather: what is asked when, and what was received but not stored."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from actors.loops import end_loops, start_loops
from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.errors import BadFrame, SourceUnavailable
from core.logs import get_logger
from core.weather import (
    POLLED_STATIONS,
    DailyForecast,
    HourlyForecast,
    Station,
    WeatherObservation,
    station,
    validate_weather_source,
)
from integrations.openweather.client import (
    OpenWeatherClient,
    OpenWeatherConfig,
    StationWeather,
)
from integrations.openweather.pacing import Plan
from integrations.openweather.quota import QuotaStatus
from storage import weather
from storage.pool import DatabaseUrls, Pools, open_pools

log = get_logger(__name__)

POLL_EVERY_S = 600.0
"""Ask as often as the vendor renews its data."""

_STORE_RETRY_S = 0.5
_STALE_AFTER_ROUNDS = 3

_Rows: TypeAlias = Sequence[WeatherObservation] | Sequence[HourlyForecast] | Sequence[DailyForecast]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherConfig:
    """Describe whose weather is followed; `source` is `openweather` or `sandbox`.

    More stations than the day's quota bears at that pace are asked less often.
    """

    client: OpenWeatherConfig
    source: str
    database: DatabaseUrls
    stations: tuple[str, ...] = POLLED_STATIONS
    poll_every_s: float = POLL_EVERY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class StationStatus:
    """Tell how fresh one station is.

    `last_error` is what the latest question met, None if it was answered whole. `is_stale`:
    nothing came for three rounds.
    """

    station: str
    last_success_ns: int | None
    last_error: str | None
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherStatus:
    """Tell how the weather stands.

    `unstored` counts what waits for the database, at most one of each kind a station; `replaced`
    counts what a newer one took the place of before it could be stored.
    """

    source: str
    is_falling_back: bool
    interval_s: float
    quota: tuple[QuotaStatus, ...]
    answers: int
    bad_answers: int
    failures: int
    stored: int
    unstored: int
    replaced: int
    stations: tuple[StationStatus, ...]


class WeatherActor:
    """Keep the weather of some stations coming.

    Owns: the calls to the vendor, their quota, and what is not stored yet. After a restart it
    goes on with the calls and the latest observations that the database holds. Callers only read
    `status`.
    """

    async def __init__(self, config: WeatherConfig, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._source = validate_weather_source(config.source)
        self._stations: dict[str, Station] = {code: station(code) for code in config.stations}
        self._clock = clock
        self._started_ns = clock.now_ns()
        self._counts: Counter[str] = Counter()
        self._last_success_ns: dict[str, int] = {}
        self._last_error: dict[str, str] = {}
        self._unstored: dict[tuple[str, str], _Rows] = {}
        self._has_unstored = asyncio.Event()
        self._pools: Pools = await open_pools(config.database)
        await self._reload()
        self._client = OpenWeatherClient(
            config.client,
            source=self._source,
            stations=max(1, len(self._stations)),
            poll_every_s=config.poll_every_s,
            store=_StoredCalls(self._source, self._pools),
            clock=clock,
        )
        self._tasks = start_loops(self._poll(), self._store())

    async def _reload(self) -> None:
        async with self._pools.system() as connection:
            for code in self._stations:
                latest = await weather.latest_observation(connection, code, self._source)
                if latest is not None:
                    self._last_success_ns[code] = latest.received_ns

    async def close(self) -> None:
        """End the loops and the connections."""
        await end_loops(self._tasks)
        await self._client.close()
        await self._pools.close()

    async def status(self) -> WeatherStatus:
        """Tell how the weather stands."""
        return WeatherStatus(
            source=self._source,
            is_falling_back=self._client.is_falling_back,
            interval_s=self._client.interval_s,
            quota=self._client.quota(),
            answers=self._counts["answers"],
            bad_answers=self._counts["bad_answers"],
            failures=self._counts["failures"],
            stored=self._counts["stored"],
            unstored=len(self._unstored),
            replaced=self._counts["replaced"],
            stations=tuple(self._station_status(code) for code in self._stations),
        )

    def _station_status(self, code: str) -> StationStatus:
        last_ns = self._last_success_ns.get(code)
        silent_ns = self._clock.now_ns() - (last_ns or self._started_ns)
        return StationStatus(
            station=code,
            last_success_ns=last_ns,
            last_error=self._last_error.get(code),
            is_stale=silent_ns > _STALE_AFTER_ROUNDS * self._interval_ns,
        )

    @property
    def _interval_ns(self) -> int:
        return int(self._client.interval_s * NANOSECONDS_PER_SECOND)

    async def _poll(self) -> None:
        due_ns = {code: self._first_due_ns(code) for code in self._stations}
        while due_ns:
            code = min(due_ns, key=due_ns.__getitem__)
            wait_ns = due_ns[code] - self._clock.now_ns()
            await asyncio.sleep(max(0, wait_ns) / NANOSECONDS_PER_SECOND)
            await self._ask(self._stations[code])
            # Late rounds do not catch up: the day's quota is planned for even ones.
            due_ns[code] = max(due_ns[code] + self._interval_ns, self._clock.now_ns())
        await asyncio.Event().wait()

    def _first_due_ns(self, code: str) -> int:
        last_ns = self._last_success_ns.get(code)
        now_ns = self._clock.now_ns()
        return now_ns if last_ns is None else min(last_ns, now_ns) + self._interval_ns

    async def _ask(self, asked: Station) -> None:
        try:
            found = await self._client.weather(asked)
        except SourceUnavailable as error:
            self._fail(asked, "failures", error.detail)
        except BadFrame as error:
            self._fail(asked, "bad_answers", error.detail)
        else:
            self._take(asked, found)

    def _fail(self, asked: Station, kind: str, detail: str) -> None:
        self._counts[kind] += 1
        self._last_error[asked.code] = detail
        log.warning("weather.unanswered", station=asked.code, reason=detail)

    def _take(self, asked: Station, found: StationWeather) -> None:
        self._counts["answers"] += 1
        self._last_success_ns[asked.code] = found.observation.received_ns
        if found.missing is None:
            self._last_error.pop(asked.code, None)
        else:
            self._last_error[asked.code] = found.missing
        kinds: dict[str, _Rows] = {
            "observation": (found.observation,),
            "hourly": found.hourly,
            "daily": found.daily,
        }
        for kind, rows in kinds.items():
            if rows:
                self._counts["replaced"] += (asked.code, kind) in self._unstored
                self._unstored[asked.code, kind] = rows
        self._has_unstored.set()

    async def _store(self) -> None:
        while True:
            await self._has_unstored.wait()
            self._has_unstored.clear()
            waiting = dict(self._unstored)
            try:
                self._counts["stored"] += await self._write(waiting)
            except SourceUnavailable as error:
                log.warning("weather.unstored", waiting=len(waiting), reason=error.detail)
                self._has_unstored.set()
                await asyncio.sleep(_STORE_RETRY_S)
                continue
            for key, rows in waiting.items():
                if self._unstored.get(key) is rows:
                    del self._unstored[key]

    async def _write(self, waiting: dict[tuple[str, str], _Rows]) -> int:
        rows = [row for part in waiting.values() for row in part]
        async with self._pools.system() as connection:
            counts = await weather.append(
                connection,
                [row for row in rows if isinstance(row, WeatherObservation)],
                [row for row in rows if isinstance(row, HourlyForecast)],
                [row for row in rows if isinstance(row, DailyForecast)],
            )
        return counts.total


class _StoredCalls:
    """Keep the calls of one source in the database."""

    def __init__(self, source: str, pools: Pools) -> None:
        self._source = source
        self._pools = pools

    async def reserve(self, plan: Plan, day: date, calls: int, per_day: int) -> tuple[int, int]:
        async with self._pools.system() as connection:
            count = await weather.reserve_calls(
                connection,
                source=self._source,
                plan=plan.value,
                day=day,
                calls=calls,
                per_day=per_day,
            )
        return count.counted, count.granted
