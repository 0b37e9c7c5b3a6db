"""Own what a body may be: so long as its route takes, and not dripping in for ever."""

import asyncio
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import BodyTooSlow, PayloadTooLarge
from serve.problems import response_of

MAX_BODY_BYTES = 1024**2
"""Bound every body but those of the routes below."""
MAX_RUN_BYTES = 5_000_000
MAX_IMPORT_BYTES = 512 * 1024**2
_LIMITS = {
    "/v1/runs": MAX_RUN_BYTES,
    "/v1/runs/validate": MAX_RUN_BYTES,
    "/v1/settlements/imports": MAX_IMPORT_BYTES,
}

GRACE_S = 10.0
MIN_BYTES_PER_S = 16 * 1024
"""Be how slowly a body may come once the grace is over: a tenth of a slow line of today."""


class LengthGate:
    """Refuse every request that announces a longer body than its route takes, the body unread.

    A body without an announced length is counted as it comes, by the framework.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            limit = _LIMITS.get(scope["path"], MAX_BODY_BYTES)
            announced = Headers(scope=scope).get("content-length", "")
            if announced.isdecimal() and int(announced) > limit:
                await response_of(PayloadTooLarge(limit_bytes=limit))(scope, receive, send)
                return
        await self._app(scope, receive, send)


class SlowBodyGate:
    """End a request whose body comes too slowly: it would hold its place for as long as it likes.

    `grace_s` and `bytes_per_s` say what is too slow.
    """

    def __init__(
        self, app: ASGIApp, grace_s: float = GRACE_S, bytes_per_s: float = MIN_BYTES_PER_S
    ) -> None:
        self._app = app
        self._grace_s = grace_s
        self._bytes_per_s = bytes_per_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive, self._grace_s, self._bytes_per_s)

        async def forwarded(message: Message) -> None:
            if not body.is_late:
                await send(message)

        try:
            await self._app(scope, body.receive, forwarded)
        except Exception:  # of no interest where the caller was made to seem gone
            if not body.is_late:
                raise
        if body.is_late:
            await response_of(BodyTooSlow())(scope, receive, send)


class _Body:
    """Receive a body while it is in time; then say that its caller is gone.

    Only what its caller is waited for counts, not what an application does between its parts.
    """

    def __init__(self, receive: Receive, grace_s: float, bytes_per_s: float) -> None:
        self._receive = receive
        self._left_s = grace_s
        self._s_per_byte = 1.0 / bytes_per_s
        self._is_whole = False
        self.is_late = False

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                message = await self._receive()
        except TimeoutError:
            self.is_late = self._is_whole = True
            return {"type": "http.disconnect"}
        self._left_s += len(message.get("body", b"")) * self._s_per_byte
        self._left_s = max(0.0, self._left_s - (time.monotonic() - began))
        self._is_whole = not message.get("more_body", False)
        return message
