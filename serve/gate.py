"""Own what is checked before anything of a request is read: its key, and how long it says it is."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import PayloadTooLarge, Unauthenticated
from serve.keys import authenticate
from serve.problems import response_of

OPEN_PATHS = frozenset({"/v1/health", "/v1/openapi.json"})

MAX_BODY_BYTES = 1024**2
"""Bound every body but those of the routes below."""
MAX_RUN_BYTES = 5_000_000
MAX_IMPORT_BYTES = 512 * 1024**2
_LIMITS = {
    "/v1/runs": MAX_RUN_BYTES,
    "/v1/runs/validate": MAX_RUN_BYTES,
    "/v1/settlements/imports": MAX_IMPORT_BYTES,
}


class KeyGate:
    """Refuse every request below /v1 that brings no valid key, its body unread."""

    def __init__(self, app: ASGIApp, key_digest: str) -> None:
        self._app = app
        self._key_digest = key_digest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_closed(scope["path"]):
            try:
                authenticate(Headers(scope=scope).get("authorization"), self._key_digest)
            except Unauthenticated as error:
                await response_of(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_closed(self, path: str) -> bool:
        return path.startswith("/v1/") and path not in OPEN_PATHS


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
