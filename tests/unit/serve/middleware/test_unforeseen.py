"""Check what becomes of an error that nobody foresaw."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from serve.middleware.unforeseen import Unforeseen
from tests.unit.serve.middleware.asgi import Call, answer, scope_of


async def breaks(_scope: Any, _receive: Any, _send: Any) -> None:
    message = "password=hunter2"
    raise RuntimeError(message)


async def test_it_is_logged_and_not_explained() -> None:
    with capture_logs() as logged:
        call = await Call().run(Unforeseen(breaks), scope_of("/fail"))
    problem = json.loads(call.body)
    assert (call.status, problem["type"]) == (500, "https://heliostat.dev/problems/internal")
    assert set(problem) == {"type", "title", "status", "detail"}
    for secret in (b"hunter2", b"RuntimeError", b"Traceback"):
        assert secret not in call.body
    assert [(entry["event"], entry["path"]) for entry in logged] == [("request.broke", "/fail")]


async def test_an_answer_that_has_begun_breaks_off() -> None:
    async def begins(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await breaks(scope, receive, send)

    call = Call()
    with pytest.raises(RuntimeError):
        await call.run(Unforeseen(begins), scope_of())
    assert len(call.sent) == 1


async def test_an_answer_passes() -> None:
    assert (await Call().run(Unforeseen(answer), scope_of())).body == b"done"
