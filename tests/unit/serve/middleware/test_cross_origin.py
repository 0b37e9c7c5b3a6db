"""Check which pages browsers let call the API."""

import json
from typing import Any

import pytest

from serve.middleware.cross_origin import CrossOrigin
from tests.unit.serve.middleware.asgi import Call, answer, scope_of

DESK = "https://desk.example"


def around(app: Any) -> CrossOrigin:
    return CrossOrigin(app, origins=(DESK,), api_prefixes=("/v1/",))


def asked(
    origin: str = DESK, method: str = "POST", header: str = "authorization", path: str = "/v1/runs"
) -> Any:
    headers = [
        (b"origin", origin.encode()),
        (b"access-control-request-method", method.encode()),
        (b"access-control-request-headers", header.encode()),
    ]
    return {**scope_of(path, headers), "method": "OPTIONS"}


async def refuses(_scope: Any, _receive: Any, _send: Any) -> None:
    message = "a browser that asks has no credentials: nobody behind may be asked"
    raise AssertionError(message)


async def test_a_page_that_is_named_may_call() -> None:
    for header in ("authorization", "idempotency-key, content-type", "last-event-id"):
        call = await Call().run(around(refuses), asked(header=header))
        assert call.status == 200
        assert call.headers["access-control-allow-origin"] == DESK
        assert "access-control-allow-credentials" not in call.headers


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://desk.example.evil.example"},
        {"origin": "http://desk.example"},
        {"origin": "null"},
        {"method": "TRACE"},
        {"header": "cookie"},
    ],
)
async def test_other_pages_and_other_ways_are_refused(changed: dict[str, str]) -> None:
    call = await Call().run(around(refuses), asked(**changed))
    problem = json.loads(call.body)
    assert (call.status, problem["type"].rpartition("/")[2]) == (403, "origin-refused")


async def test_such_a_page_reads_what_it_needs_of_an_answer() -> None:
    scope = scope_of(headers=[(b"origin", DESK.encode())])
    call = await Call().run(around(answer), scope)
    assert call.headers["access-control-allow-origin"] == DESK
    assert "Retry-After" in call.headers["access-control-expose-headers"]


async def test_no_page_of_others_reads_our_own_pages() -> None:
    scope = scope_of("/account", headers=[(b"origin", DESK.encode())])
    call = await Call().run(around(answer), scope)
    assert "access-control-allow-origin" not in call.headers
