"""Own which pages of other origins may call the API from a browser: those that an operator names.

They send a key or a token, never a cookie, which browsers keep for our own pages.
"""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import OriginRefused
from serve.problems import response_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "X-Request-Id",
)
READ = ("ETag", "Link", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id")
"""Be the headers of answers that such a page may read, beside the few that all may."""


class CrossOrigin:
    """Tell browsers that pages of some origins may call the API below `api_prefixes`."""

    def __init__(
        self, app: ASGIApp, *, origins: tuple[str, ...], api_prefixes: tuple[str, ...]
    ) -> None:
        self._app = app
        self._api_prefixes = api_prefixes
        self._told = _Told(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=SENT,
            expose_headers=READ,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith(self._api_prefixes)
        await (self._told if is_api else self._app)(scope, receive, send)


class _Told(CORSMiddleware):
    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        return response_of(OriginRefused(origin=request_headers["origin"]))
