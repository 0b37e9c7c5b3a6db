"""Own the name of a request: its caller's or a new one, in every log line and in the answer."""

import re

import structlog
import uuid_utils.compat as uuid_utils
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-request-id"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._~-]{8,128}")
"""Be what can be written into logs and answers as it is."""


class RequestId:
    """Name each request, so that its caller and our logs can speak of the same one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or str(uuid_utils.uuid7())
        scope.setdefault("state", {})["request_id"] = request_id

        async def named(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.accept"}:
                headers = [one for one in message.get("headers", ()) if one[0].lower() != HEADER]
                message = {**message, "headers": [*headers, (HEADER, request_id.encode())]}
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, named)


def _given(scope: Scope) -> str | None:
    found = [value for name, value in scope["headers"] if name == HEADER]
    if len(found) != 1 or _WELL_FORMED.fullmatch(found[0]) is None:
        return None
    return str(found[0].decode())
