"""Own what all sandboxes share: server, clock, fault switch, command line."""

import argparse
import asyncio
import json
import re
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, time
from typing import Any, TextIO

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from core.clock import NANOSECONDS_PER_SECOND, Clock, ShiftedClock, ns_from_utc
from core.errors import InvalidInput
from core.market import Instrument
from quant.calendars import NEW_YORK, TRADING_HOURS, is_session_open, session_trade_date
from quant.holidays import ONE_DAY

LOOPBACK = "127.0.0.1"
_SHUTDOWN_TIMEOUT_S = 2
_ALL_OPEN_AT = time(10)


def session_offset_ns(now_ns: int) -> int:
    """Return what to add to the wall clock so that every venue is in session.

    0 while all are; else a step back to the last 10:00 New York at which all were: in the
    afternoon of London and Amsterdam.
    """
    if _all_in_session(now_ns):
        return 0
    day = datetime.fromtimestamp(now_ns // NANOSECONDS_PER_SECOND, tz=NEW_YORK).date()
    while True:
        opened_ns = ns_from_utc(datetime.combine(day, _ALL_OPEN_AT, NEW_YORK))
        if opened_ns <= now_ns and _all_in_session(opened_ns):
            return opened_ns - now_ns
        day -= ONE_DAY


def _all_in_session(now_ns: int) -> bool:
    return all(is_session_open(code, now_ns) for code in TRADING_HOURS)


def sandbox_today(now_ns: int) -> date:
    """Return the business day whose session the sandbox is in when it starts at `now_ns`."""
    shifted_ns = now_ns + session_offset_ns(now_ns)
    local = datetime.fromtimestamp(shifted_ns // NANOSECONDS_PER_SECOND, tz=NEW_YORK)
    return session_trade_date("CL", shifted_ns) or local.date()


class SandboxClock(ShiftedClock):
    """Tell a time inside open sessions at the start, then run with the wall clock.

    A given offset keeps the sandboxes of a stack at one time, whenever each of them starts.
    """

    def __init__(self, clock: Clock, offset_ns: int | None = None) -> None:
        chosen = session_offset_ns(clock.now_ns()) if offset_ns is None else offset_ns
        super().__init__(chosen, clock.now_ns)


FAULTS = (
    "drop_connections",
    "skip_sequence",
    "repeat_sequence",
    "reorder",
    "stall_heartbeat",
    "silence",
    "freeze_symbol",
    "garbage_frame",
    "truncated_frame",
    "unauthorized",
    "too_many_requests",
    "server_error",
    "slow_drip",
)
_HTTP_FAULTS = {"unauthorized": 401, "too_many_requests": 429, "server_error": 500}
_WITH_SYMBOL = "freeze_symbol"
FOREVER = -1


class FaultSwitch:
    """Hold how often each fault is still to happen; -1 means until it is cleared.

    `own` names the faults that one sandbox adds. `freeze_symbol` concerns `frozen` alone and
    happens once for every update that is held back.
    """

    def __init__(self, *own: str) -> None:
        self.known = (*FAULTS, *own)
        self.left = dict.fromkeys(self.known, 0)
        self.happened = dict.fromkeys(self.known, 0)
        self.frozen: str | None = None

    def arm(self, fault: str, times: int = 1, symbol: str | None = None) -> None:
        """Let a fault happen `times` times; 0 clears it, -1 keeps it on.

        Raises:
            InvalidInput: the fault is unknown, or `freeze_symbol` comes without a symbol.
        """
        if fault not in self.known:
            raise InvalidInput(field="fault", reason=f"expected one of {', '.join(self.known)}")
        if fault == _WITH_SYMBOL:
            if symbol is None and times != 0:
                raise InvalidInput(field="symbol", reason="expected one such as CL-202701")
            self.frozen = symbol
        self.left[fault] = times

    def take(self, fault: str) -> bool:
        """Tell whether the fault happens now, and count it."""
        if self.left[fault] == 0:
            return False
        if self.left[fault] > 0:
            self.left[fault] -= 1
        self.happened[fault] += 1
        return True

    def freezes(self, instrument: Instrument) -> bool:
        """Tell whether an update of the instrument is held back now, and count it."""
        return self.frozen == str(instrument) and self.take(_WITH_SYMBOL)

    def http_status(self) -> int | None:
        """Return the status that the next HTTP answer is spoilt with, if one is."""
        return next((status for name, status in _HTTP_FAULTS.items() if self.take(name)), None)

    def clear(self) -> None:
        """Let no fault happen any more."""
        self.left = dict.fromkeys(self.known, 0)
        self.frozen = None


_TIMES = re.compile(r"-1|[0-9]{1,9}")
StateReader = Callable[[], dict[str, Any]]


def fault_routes(switch: FaultSwitch, read_state: StateReader) -> Mount:
    """Return `/_sandbox/`: GET state; POST faults/{name}?times=N&symbol=S; DELETE faults."""

    async def state(request: Request) -> Response:
        switched = {"faults": switch.left, "frozen": switch.frozen, "happened": switch.happened}
        return JSONResponse({**switched, **read_state()})

    async def arm(request: Request) -> Response:
        name, times = request.path_params["name"], request.query_params.get("times", "1")
        if name not in switch.known:
            return JSONResponse({"unknown": name, "known": switch.known}, status_code=404)
        if not _TIMES.fullmatch(times):
            return JSONResponse({"times": times, "expected": "-1 or more"}, status_code=422)
        try:
            switch.arm(name, int(times), request.query_params.get("symbol"))
        except InvalidInput as error:
            return JSONResponse({"message": error.detail}, status_code=422)
        return JSONResponse({"faults": switch.left, "frozen": switch.frozen})

    async def clear(request: Request) -> Response:
        switch.clear()
        return JSONResponse({"faults": switch.left})

    return Mount(
        "/_sandbox",
        routes=[
            Route("/state", state),
            Route("/faults/{name}", arm, methods=["POST"]),
            Route("/faults", clear, methods=["DELETE"]),
        ],
    )


class SandboxServer:
    """Run an ASGI application on a loopback port, as an async context manager.

    The port is bound in the constructor; 0 takes a free one.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._socket = socket.create_server((LOOPBACK, port), backlog=128)
        config = uvicorn.Config(
            app,
            log_level="warning",
            ws="websockets-sansio",
            ws_ping_interval=None,
            timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_S,
            lifespan="off",
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def http_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> "SandboxServer":
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()

    async def serve_until_signal(self, ready: TextIO, announce: dict[str, Any]) -> None:
        """Serve until SIGTERM or SIGINT; print one JSON line once connections are accepted."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with self:
            ready.write(json.dumps({"ready": True, "port": self.port, **announce}) + "\n")
            ready.flush()
            await stop.wait()


class _QuietServer(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals to whoever runs the loop."""
        return nullcontext()


def sandbox_arguments(description: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse `--port`, `--control-port`, `--seed` and `--offset-ns`.

    A wire that is not HTTP serves its fault switch on the control port; others ignore it.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    parser.add_argument(
        "--control-port",
        type=int,
        default=0,
        help="loopback port of /_sandbox/; 0 takes a free one",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of everything simulated")
    parser.add_argument(
        "--offset-ns",
        type=int,
        help="added to the wall clock; unset: as much as opens every market",
    )
    return parser.parse_args(arguments)
