"""Own the sandbox's application: One Call 3.0, the 2.5 calls, their quotas and refusals."""

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.clock import Clock
from integrations.openweather.client import CURRENT_PATH, FORECAST_PATH, ONE_CALL_PATH
from integrations.openweather.pacing import DAY_NS, MINUTE_NS
from integrations.openweather.sandbox.answers import current_weather, one_call, three_hourly
from integrations.openweather.sandbox.climate import Place, seconds
from integrations.sandbox_frames import dripped
from integrations.sandbox_kit import FaultSwitch, fault_routes

NO_ONE_CALL = "no_one_call"
_NOT_SUBSCRIBED = (
    "Please note that using One Call 3.0 requires a separate subscription to the One Call by Call "
    "plan."
)
_MESSAGES = {
    401: "Invalid API key.",
    404: "Internal error",
    429: "Your account is temporary blocked due to exceeding of requests limitation of your "
    "subscription type.",
    500: "Internal server error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Set up a sandbox. `api_key` None accepts every key."""

    seed: int
    clock: Clock
    api_key: str | None = None
    calls_per_minute: int = 60
    one_calls_per_day: int = 1000


class OpenWeatherSandbox:
    """Answer as the vendor does, from simulated weather."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._calls: Counter[str] = Counter()
        self._in_minute: Counter[int] = Counter()
        self._in_day: Counter[int] = Counter()
        self.faults = FaultSwitch(NO_ONE_CALL)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route(ONE_CALL_PATH, self._one_call),
                Route(CURRENT_PATH, self._current),
                Route(FORECAST_PATH, self._forecast),
                fault_routes(self.faults, self._state),
            ],
            exception_handlers={404: _not_found},
        )

    def _state(self) -> dict[str, object]:
        return {"now_ns": self._config.clock.now_ns(), "calls": dict(self._calls)}

    async def _one_call(self, request: Request) -> Response:
        excluded = frozenset(request.query_params.get("exclude", "").split(","))
        return self._answer(request, lambda place, now_s: one_call(place, now_s, excluded))

    async def _current(self, request: Request) -> Response:
        return self._answer(request, current_weather)

    async def _forecast(self, request: Request) -> Response:
        return self._answer(request, three_hourly)

    def _answer(self, request: Request, make: Callable[[Place, int], dict[str, Any]]) -> Response:
        path = request.url.path
        self._calls[path] += 1
        refusal = self._refusal(request, path)
        if refusal is not None:
            return refusal
        place = self._place(request)
        if place is None:
            return JSONResponse({"cod": "400", "message": "wrong latitude"}, status_code=400)
        return self._spoilt(JSONResponse(make(place, seconds(self._config.clock.now_ns()))))

    def _refusal(self, request: Request, path: str) -> Response | None:
        status = self.faults.http_status()
        if status is not None:
            return _error(status)
        if not self._knows(request.query_params.get("appid", "")):
            return _error(401)
        if path == ONE_CALL_PATH and self.faults.take(NO_ONE_CALL):
            return _error(401, _NOT_SUBSCRIBED)
        return None if self._count(path) else _error(429)

    def _knows(self, key: str) -> bool:
        known = self._config.api_key
        return known is None or secrets.compare_digest(key.encode(), known.encode())

    def _count(self, path: str) -> bool:
        now_ns = self._config.clock.now_ns()
        minute, day = now_ns // MINUTE_NS, now_ns // DAY_NS
        self._in_minute = Counter({minute: self._in_minute[minute] + 1})
        self._in_day = Counter({day: self._in_day[day] + (path == ONE_CALL_PATH)})
        within_minute = self._in_minute[minute] <= self._config.calls_per_minute
        return within_minute and self._in_day[day] <= self._config.one_calls_per_day

    def _place(self, request: Request) -> Place | None:
        try:
            latitude_deg = float(request.query_params.get("lat", ""))
            longitude_deg = float(request.query_params.get("lon", ""))
        except ValueError:
            return None
        if not (-90 <= latitude_deg <= 90 and -180 <= longitude_deg <= 180):
            return None
        return Place(seed=self._config.seed, latitude_deg=latitude_deg, longitude_deg=longitude_deg)

    def _spoilt(self, whole: Response) -> Response:
        body = bytes(whole.body)
        if self.faults.take("garbage_frame"):
            return Response(b"\xff\xfe" + body[::-1], media_type="application/json")
        if self.faults.take("truncated_frame"):
            return Response(body[: len(body) // 2], media_type="application/json")
        return dripped(whole) if self.faults.take("slow_drip") else whole


async def _not_found(_request: Request, _exception: Exception) -> Response:
    return JSONResponse({"cod": "404", "message": _MESSAGES[404]}, status_code=404)


def _error(status: int, message: str | None = None) -> Response:
    return JSONResponse(
        {"cod": status, "message": message or _MESSAGES[status]}, status_code=status
    )
