"""Check that a long answer ends with its caller's right to it, and only then."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serve.identity.ending import answer_until


class Held:
    """Answer at once, endlessly or never; remember whether it was left in order."""

    def __init__(self) -> None:
        self.refused = asyncio.Event()
        self.left = asyncio.Event()

    async def endless(self, _request: Request) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                yield b"one"
                self.refused.set()
                await asyncio.Event().wait()
            finally:
                self.left.set()

        return StreamingResponse(chunks())

    async def silent(self, _request: Request) -> Response:
        self.refused.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def short(self, _request: Request) -> Response:
        return Response("all")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        routes = [Route(f"/{name}", getattr(self, name)) for name in ("endless", "silent", "short")]
        refused = self.refused.wait()
        await answer_until(_done(refused), Starlette(routes=routes), scope, receive, send)


async def _done(waiting: object) -> None:
    await waiting  # type: ignore[misc]  # a coroutine of an event


async def get(held: Held, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(held)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
        return await client.get(path)


async def test_a_begun_answer_ends_whole_and_its_work_is_left() -> None:
    held = Held()
    answer = await get(held, "/endless")
    assert (answer.status_code, answer.content) == (200, b"one")
    assert held.left.is_set()


async def test_an_answer_that_has_not_begun_is_a_refusal() -> None:
    answer = await get(Held(), "/silent")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_finished_answer_waits_for_nothing() -> None:
    answer = await get(Held(), "/short")
    assert (answer.status_code, answer.text) == (200, "all")


async def test_what_fails_fails_as_before() -> None:
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await answer_until(
            _done(asyncio.Event().wait()), failing, {"type": "http"}, _never, _nothing
        )


async def _never() -> dict[str, object]:
    raise AssertionError


async def _nothing(_message: object) -> None:
    raise AssertionError
