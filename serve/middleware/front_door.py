"""Own what is checked before anything of a request is read: its caller and its length."""

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import PayloadTooLarge, SourceUnavailable, Unauthenticated
from serve.identity.access import admit
from serve.identity.ending import answer_until
from serve.problems import response_of

if TYPE_CHECKING:
    from serve.services import AuthenticatorPort

MAX_BODY_BYTES = 1024**2
"""Bound every body but those of the routes below."""
MAX_RUN_BYTES = 5_000_000
MAX_IMPORT_BYTES = 512 * 1024**2
_LIMITS = {
    "/v1/runs": MAX_RUN_BYTES,
    "/v1/runs/validate": MAX_RUN_BYTES,
    "/v1/settlements/imports": MAX_IMPORT_BYTES,
}


class FrontDoor:
    """Let in who proves for whom a request below `prefix` speaks; what is refused stays unread.

    With `ends` an answer that is still being sent ends once its caller is let in no more.
    """

    def __init__(
        self, app: ASGIApp, *, prefix: str, open_paths: frozenset[str], ends: bool = False
    ) -> None:
        self._app = app
        self._prefix = prefix
        self._open_paths = open_paths
        self._ends = ends

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_open(scope):
            await self._app(scope, receive, send)
            return
        authenticator: AuthenticatorPort = scope["app"].state.services.authenticator
        authorization = Headers(scope=scope).get("authorization")
        try:
            admit(scope, await authenticator.authenticate(authorization))
        except (Unauthenticated, SourceUnavailable) as error:
            await response_of(error)(scope, receive, send)
            return
        if self._ends:
            refused = authenticator.until_refused(authorization)
            await answer_until(refused, self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return not path.startswith(self._prefix) or path in self._open_paths


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
