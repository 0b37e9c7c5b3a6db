"""Own the check of the key before anything of a request is read."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import Unauthenticated
from serve.keys import authenticate
from serve.problems import response_of

OPEN_PATHS = frozenset({"/v1/health", "/v1/openapi.json"})


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
