"""Own the calls to OpenWeatherMap: One Call 3.0, and the free 2.5 calls where it is not subscribed.

No message holds an address of a call, because the key is a part of it.
"""

import asyncio
import logging
from dataclasses import dataclass, field

import httpx
import numpy as np

from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.errors import BadFrame, SourceUnavailable
from core.weather import DailyForecast, HourlyForecast, Station, WeatherObservation
from integrations.backoff import backoff_s
from integrations.openweather.codec import (
    VENUE,
    Forecasts,
    decode_current,
    decode_forecast,
    decode_one_call,
    decode_refusal,
)
from integrations.openweather.pacing import (
    FREE_QUOTA,
    ONE_CALL_QUOTA,
    SECONDS_PER_DAY,
    Plan,
    Quota,
    interval_s,
)
from integrations.openweather.quota import CallStore, QuotaKeeper, QuotaStatus

ONE_CALL_PATH = "/data/3.0/onecall"
CURRENT_PATH = "/data/2.5/weather"
FORECAST_PATH = "/data/2.5/forecast"
_TOO_MANY_REQUESTS = 429
_CALLS_EACH = {Plan.ONE_CALL: 1, Plan.FREE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWeatherConfig:
    """Name the vendor's address and the key, and how long to wait for what.

    An answer must be whole within `answer_within_s`. A plan that is not subscribed is asked again
    after `retry_one_call_s`. Proxies named in the environment are used only if
    `trust_environment`.
    """

    base_url: str
    api_key: str = field(repr=False)
    connect_timeout_s: float = 5.0
    answer_within_s: float = 15.0
    max_answer_bytes: int = 1024**2
    attempts: int = 3
    backoff_base_s: float = 0.5
    backoff_cap_s: float = 10.0
    retry_one_call_s: float = 6 * 3600.0
    one_call_quota: Quota = ONE_CALL_QUOTA
    free_quota: Quota = FREE_QUOTA
    trust_environment: bool = False

    @property
    def quotas(self) -> dict[Plan, Quota]:
        return {Plan.ONE_CALL: self.one_call_quota, Plan.FREE: self.free_quota}


@dataclass(frozen=True, slots=True, kw_only=True)
class StationWeather:
    """Hold what one question about a station brought, and which plan answered.

    `missing` says why there are no forecasts where 2.5 gave the current weather alone.
    """

    plan: Plan
    observation: WeatherObservation
    hourly: tuple[HourlyForecast, ...]
    daily: tuple[DailyForecast, ...]
    missing: str | None = None


class _NotSubscribed(Exception):
    """Tell that the vendor wants a subscription that this key does not have."""


class _MayPass(Exception):
    """Tell of a failure that asking again may mend."""

    def __init__(self, reason: str, *, is_refusal: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_refusal = is_refusal


class OpenWeatherClient:
    """Talk to the vendor, or to its sandbox, which only the address tells apart.

    Values carry `source`. Each call first takes leave of the quota, whose store outlives the
    process; `poll_every_s` and the number of `stations` say what of it is planned. Close it when
    done.
    """

    def __init__(
        self,
        config: OpenWeatherConfig,
        *,
        source: str,
        stations: int,
        poll_every_s: float,
        store: CallStore,
        clock: Clock,
    ) -> None:
        # That library writes the address of every call to its log, and the key with it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._config = config
        self._source = source
        self._clock = clock
        self._http = httpx.AsyncClient(
            base_url=config.base_url,
            timeout=httpx.Timeout(config.answer_within_s, connect=config.connect_timeout_s),
            trust_env=config.trust_environment,
        )
        self.interval_s = interval_s(stations, poll_every_s, config.one_call_quota)
        rounds_per_day = SECONDS_PER_DAY / self.interval_s
        planned = {plan: rounds_per_day * stations * calls for plan, calls in _CALLS_EACH.items()}
        self._quota = QuotaKeeper(config.quotas, planned, store, clock)
        self._jitter = np.random.default_rng()
        self._free_until_ns = 0

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._http.aclose()

    @property
    def is_falling_back(self) -> bool:
        """Tell whether the 2.5 calls stand in for One Call, which this key may not use."""
        return self._clock.now_ns() < self._free_until_ns

    def quota(self) -> tuple[QuotaStatus, ...]:
        """Tell how much of the quotas is used today."""
        return self._quota.status()

    async def weather(self, station: Station) -> StationWeather:
        """Ask for the weather and forecasts of a station.

        Raises:
            SourceUnavailable: the vendor does not answer, refuses, or its quota is used up.
            BadFrame: an answer has another form.
        """
        if not self.is_falling_back:
            try:
                return await self._one_call(station)
            except _NotSubscribed:
                patience_ns = int(self._config.retry_one_call_s * NANOSECONDS_PER_SECOND)
                self._free_until_ns = self._clock.now_ns() + patience_ns
        return await self._free_calls(station)

    async def _one_call(self, station: Station) -> StationWeather:
        content = await self._get(
            Plan.ONE_CALL, ONE_CALL_PATH, station, {"exclude": "minutely,alerts"}
        )
        observation, forecasts = decode_one_call(
            content, station=station, source=self._source, received_ns=self._clock.now_ns()
        )
        return StationWeather(
            plan=Plan.ONE_CALL,
            observation=observation,
            hourly=forecasts.hourly,
            daily=forecasts.daily,
        )

    async def _free_calls(self, station: Station) -> StationWeather:
        current = await self._get(Plan.FREE, CURRENT_PATH, station)
        observation = decode_current(
            current, station=station, source=self._source, received_ns=self._clock.now_ns()
        )
        forecasts, missing = Forecasts(hourly=(), daily=()), None
        try:
            content = await self._get(Plan.FREE, FORECAST_PATH, station)
            forecasts = decode_forecast(
                content, station=station, source=self._source, received_ns=self._clock.now_ns()
            )
        except (SourceUnavailable, BadFrame) as error:
            missing = f"no forecasts: {error.detail}"
        return StationWeather(
            plan=Plan.FREE,
            observation=observation,
            hourly=forecasts.hourly,
            daily=forecasts.daily,
            missing=missing,
        )

    async def _get(
        self, plan: Plan, path: str, station: Station, extra: dict[str, str] | None = None
    ) -> bytes:
        params = {
            "lat": str(station.latitude_deg),
            "lon": str(station.longitude_deg),
            "units": "metric",
            "appid": self._config.api_key,
            **(extra or {}),
        }
        attempt = 0
        while True:
            await self._quota.leave(plan)
            try:
                return await self._attempt(plan, path, params)
            except _MayPass as failure:
                attempt += 1
                if attempt >= self._config.attempts or not self._quota.may_repeat(plan):
                    raise _unavailable(failure.reason) from failure
                if not failure.is_refusal:  # the quota itself waits after one
                    await asyncio.sleep(self._pause_s(attempt - 1))

    async def _attempt(self, plan: Plan, path: str, params: dict[str, str]) -> bytes:
        status, content = await self._ask(path, params)
        if status == _TOO_MANY_REQUESTS:
            self._quota.refused(plan)
        else:
            self._quota.answered(plan)
        if 200 <= status < 300:
            return content
        refusal = decode_refusal(content, status)
        reason = f"{status} {refusal.message}".rstrip()
        if status == _TOO_MANY_REQUESTS or status >= 500:
            raise _MayPass(reason, is_refusal=status == _TOO_MANY_REQUESTS)
        if plan is Plan.ONE_CALL and refusal.names_subscription:
            raise _NotSubscribed
        raise _unavailable(reason)

    def _pause_s(self, attempt: int) -> float:
        config = self._config
        return backoff_s(
            attempt, self._jitter, base_s=config.backoff_base_s, cap_s=config.backoff_cap_s
        )

    async def _ask(self, path: str, params: dict[str, str]) -> tuple[int, bytes]:
        try:
            # Time-outs of the library start anew with every byte that drips in.
            async with (
                asyncio.timeout(self._config.answer_within_s),
                self._http.stream("GET", path, params=params) as answer,
            ):
                return answer.status_code, await self._read(answer)
        except TimeoutError as error:
            reason = f"no whole answer within {self._config.answer_within_s:g} s"
            raise _MayPass(reason) from error
        except httpx.HTTPError as error:
            raise _MayPass(f"{type(error).__name__} {error}".rstrip()) from error

    async def _read(self, answer: httpx.Response) -> bytes:
        limit = self._config.max_answer_bytes
        chunks: list[bytes] = []
        async for chunk in answer.aiter_bytes():
            chunks.append(chunk)
            if sum(map(len, chunks)) > limit:
                reason = f"an answer of more than {limit} bytes"
                raise _unavailable(reason)
        return b"".join(chunks)


def _unavailable(reason: str) -> SourceUnavailable:
    return SourceUnavailable(source=VENUE, reason=reason)
