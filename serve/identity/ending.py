"""Own how an answer that is being sent ends when its caller is let in no more."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import Unauthenticated
from serve.problems import response_of


async def answer_until(
    refused: Coroutine[Any, Any, None], app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run an application until it has answered or `refused` returns, which then ends the answer."""
    has_begun = has_ended = False

    async def noted(message: Message) -> None:
        nonlocal has_begun, has_ended
        has_begun = True
        has_ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        await send(message)

    answering = asyncio.ensure_future(app(scope, receive, noted))
    refusing = asyncio.create_task(refused)
    try:
        await asyncio.wait({answering, refusing}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            await answering
            return
        await refusing
    finally:
        for task in (answering, refusing):
            task.cancel()
        await asyncio.gather(answering, refusing, return_exceptions=True)
    if not has_begun:
        await response_of(Unauthenticated())(scope, receive, send)
    elif not has_ended:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
