"""Own what a caller is told when something broke that nobody foresaw: that, and nothing of it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.logs import get_logger
from serve.problems import internal_response

log = get_logger(__name__)


class Unforeseen:
    """Answer 500 in place of an error that reaches here, and log it.

    An answer that has begun breaks off, so that nobody takes it for whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # whatever nobody foresaw
            log.error("request.broke", path=scope["path"], error=repr(error), exc_info=error)
            if has_begun:
                raise
            await internal_response()(scope, receive, send)
