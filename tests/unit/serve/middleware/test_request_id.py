"""Check how requests are named."""

from typing import Any
from uuid import UUID

import pytest
import structlog

from serve.middleware.request_id import RequestId
from tests.unit.serve.middleware.asgi import Call, answer, scope_of


async def test_a_request_keeps_the_name_that_its_caller_gave() -> None:
    scope = scope_of(headers=[(b"x-request-id", b"run-2026.11_a~1")])
    call = await Call().run(RequestId(answer), scope)
    assert call.headers["x-request-id"] == "run-2026.11_a~1"
    assert scope["state"]["request_id"] == "run-2026.11_a~1"


@pytest.mark.parametrize(
    "given",
    [
        [],
        [(b"x-request-id", b"")],
        [(b"x-request-id", b"short")],
        [(b"x-request-id", b"x" * 129)],
        [(b"x-request-id", b"has spaces in it")],
        [(b"x-request-id", "façade-1234".encode())],
        [(b"x-request-id", b"line-1234\r\nSet-Cookie: a=b")],
        [(b"x-request-id", b"one-12345"), (b"x-request-id", b"two-12345")],
    ],
)
async def test_a_name_that_cannot_be_written_down_is_replaced(
    given: list[tuple[bytes, bytes]],
) -> None:
    call = await Call().run(RequestId(answer), scope_of(headers=given))
    assert UUID(call.headers["x-request-id"]).version == 7


async def test_log_lines_of_a_request_name_it_and_those_after_it_do_not() -> None:
    seen: list[Any] = []

    async def logs(scope: Any, receive: Any, send: Any) -> None:
        seen.append(structlog.contextvars.get_contextvars())
        await answer(scope, receive, send)

    scope = scope_of(headers=[(b"x-request-id", b"run-20261")])
    await Call().run(RequestId(logs), scope)
    assert seen == [{"request_id": "run-20261"}]
    assert structlog.contextvars.get_contextvars() == {}


async def test_a_socket_is_named_where_it_is_accepted() -> None:
    async def accepts(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    call = await Call().run(RequestId(accepts), scope_of(kind="websocket"))
    assert call.headers["x-request-id"]
