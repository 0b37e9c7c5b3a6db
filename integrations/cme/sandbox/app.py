"""Own the sandbox's application: token endpoint, reference data, market data stream."""

import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from core.clock import NANOSECONDS_PER_SECOND, Clock
from integrations.cme.codec import CME_PRODUCTS
from integrations.cme.config import AUTH_PATH, REFERENCE_PATH, STREAM_PATH
from integrations.cme.sandbox.reference import (
    instruments_page,
    product_guid,
    products_page,
    schedule,
    schedules_page,
)
from integrations.cme.sandbox.stream import StreamSession
from integrations.sandbox_exchange import Exchange, ExchangeConfig
from integrations.sandbox_frames import dripped
from integrations.sandbox_kit import FaultSwitch, fault_routes
from integrations.sandbox_market import sandbox_market
from quant.calendars import last_settled_day, session_trade_date

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Set up a sandbox. `password` None accepts every API id and password."""

    seed: int
    clock: Clock
    api_id: str = "sandbox"
    password: str | None = None
    token_lifetime_s: int = 1799
    exchange: ExchangeConfig = field(default_factory=ExchangeConfig)


class CmeSandbox:
    """Answer as the venue does, from a simulated market."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._clock = config.clock
        self._exchange = Exchange(sandbox_market(config.seed), CME_PRODUCTS, config.exchange)
        self._expiry_ns: dict[str, int] = {}
        self._tokens_issued = 0
        self._open_streams = 0
        self._accepted_streams = 0
        self.faults = FaultSwitch()

    def app(self) -> Starlette:
        """Return the ASGI application."""
        reference = REFERENCE_PATH
        return Starlette(
            routes=[
                Route(AUTH_PATH, self._spoilt(self._token), methods=["POST"]),
                Route(f"{reference}/products", self._guarded(self._products)),
                Route(f"{reference}/instruments", self._guarded(self._instruments)),
                Route(f"{reference}/tradingSchedules", self._guarded(self._schedules)),
                Route(f"{reference}/tradingSchedules/{{id}}", self._guarded(self._schedule)),
                WebSocketRoute(STREAM_PATH, self._stream),
                fault_routes(self.faults, self._state),
            ]
        )

    def _state(self) -> dict[str, object]:
        return {
            "now_ns": self._clock.now_ns(),
            "tokens_issued": self._tokens_issued,
            "open_streams": self._open_streams,
            "accepted_streams": self._accepted_streams,
        }

    def _spoilt(self, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            status = self.faults.http_status()
            if status is not None:
                return _error(status)
            whole = await handler(request)
            return dripped(whole) if self.faults.take("slow_drip") else whole

        return answer

    def _guarded(self, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            return await handler(request) if self._is_authorized(request) else _error(401)

        return self._spoilt(answer)

    def _is_authorized(self, connection: HTTPConnection) -> bool:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        expiry_ns = self._expiry_ns.get(token, 0)
        return scheme.lower() == "bearer" and self._clock.now_ns() < expiry_ns

    async def _token(self, request: Request) -> Response:
        form = (await request.body()).decode(errors="replace")
        if "grant_type=client_credentials" not in form:
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        if not self._knows(request.headers.get("authorization", "")):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        token = secrets.token_urlsafe(24)
        lifetime_ns = self._config.token_lifetime_s * NANOSECONDS_PER_SECOND
        self._expiry_ns[token] = self._clock.now_ns() + lifetime_ns
        self._tokens_issued += 1
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": self._config.token_lifetime_s,
            },
            headers={"Cache-Control": "no-store"},
        )

    def _knows(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        expected = f"{self._config.api_id}:{self._config.password}".encode()
        if scheme.lower() != "basic" or b":" not in given:
            return False
        return self._config.password is None or secrets.compare_digest(given, expected)

    async def _products(self, request: Request) -> Response:
        wanted = request.query_params.get("globexProductCode")
        codes = tuple(code for code in self._exchange.products if wanted in {None, code})
        return JSONResponse(products_page(codes, _base_url(request)))

    async def _instruments(self, request: Request) -> Response:
        guid = request.query_params.get("productGuid")
        code = next((one for one in self._exchange.products if product_guid(one) == guid), None)
        page = request.query_params.get("page", "0")
        size = request.query_params.get("size", "20")
        if code is None or not (page.isdecimal() and size.isdecimal() and 1 <= int(size) <= 100):
            return _error(400)
        now_ns = self._clock.now_ns()
        listed = self._exchange.listed(code, now_ns)
        on = session_trade_date(code, now_ns) or last_settled_day(code, now_ns)
        return JSONResponse(instruments_page(listed, on, _base_url(request), int(page), int(size)))

    async def _schedules(self, request: Request) -> Response:
        wanted = request.query_params.get("globexGroupCode")
        codes = tuple(code for code in self._exchange.products if wanted in {None, code})
        return JSONResponse(schedules_page(codes))

    async def _schedule(self, request: Request) -> Response:
        code = request.path_params["id"]
        if code not in self._exchange.products:
            return _error(404)
        return JSONResponse(schedule(code, last_settled_day(code, self._clock.now_ns())))

    async def _stream(self, websocket: WebSocket) -> None:
        status = self.faults.http_status()
        if status is None and not self._is_authorized(websocket):
            status = 401
        if status is not None:
            await websocket.send_denial_response(_error(status))
            return
        await websocket.accept()
        self._accepted_streams += 1
        self._open_streams += 1
        try:
            await StreamSession(websocket, self._exchange, self.faults, self._clock).run()
        finally:
            self._open_streams -= 1


def _base_url(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}{REFERENCE_PATH}"


_ERRORS = {
    400: "Bad request",
    401: "Invalid API key or access token",
    404: "Not found",
    429: "Too many requests",
    500: "Internal error",
}


def _error(status: int) -> JSONResponse:
    headers = {"Retry-After": "1"} if status == 429 else None
    return JSONResponse({"message": _ERRORS[status]}, status_code=status, headers=headers)
