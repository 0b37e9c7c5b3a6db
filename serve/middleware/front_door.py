"""Own the check of who calls, before anything of a request is read."""

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import SourceUnavailable, Unauthenticated
from serve.identity.access import admit
from serve.identity.ending import answer_until
from serve.problems import response_of

if TYPE_CHECKING:
    from serve.services import AuthenticatorPort


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
