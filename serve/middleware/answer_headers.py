"""Own what every answer says to browsers of how it may be used; what a route says itself stays."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_OF_THE_API = {
    # Nothing of an answer is a page, so a browser that opens one loads and runs nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_OF_THE_PAGE = {
    # Styles that React sets are set by a script and need no exception.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
        "object-src 'none'; frame-ancestors 'none'"
    ),
}
_TLS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


def headers_of(*, is_api: bool, is_tls: bool) -> Mapping[str, str]:
    """Return what an answer of the API or of the page says, where its route says nothing itself."""
    own = _OF_THE_API if is_api else _OF_THE_PAGE
    return {**_EVERYWHERE, **own, **(_TLS_ONLY if is_tls else {})}


class AnswerHeaders:
    """Add to every answer the headers that it lacks.

    `origin` tells whether browsers come by TLS, `api_prefixes` which paths are no pages.
    """

    def __init__(self, app: ASGIApp, *, origin: str, api_prefixes: tuple[str, ...]) -> None:
        self._app = app
        self._is_tls = origin.startswith("https:")
        self._api_prefixes = api_prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_api = scope["path"].startswith(self._api_prefixes)
        added = headers_of(is_api=is_api, is_tls=self._is_tls)

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", ())))
                for name, value in added.items():
                    headers.setdefault(name, value)
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, completed)
