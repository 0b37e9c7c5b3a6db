"""Check what answers say to browsers."""

from typing import Any

import pytest

from serve.middleware.answer_headers import AnswerHeaders
from tests.unit.serve.middleware.asgi import Call, answer, scope_of

API = ("/v1/", "/oauth/")


def around(app: Any, origin: str = "http://localhost:8700") -> AnswerHeaders:
    return AnswerHeaders(app, origin=origin, api_prefixes=API)


@pytest.mark.parametrize("path", ["/v1/products", "/oauth/token"])
async def test_an_answer_of_the_api_is_no_page_and_is_kept_nowhere(path: str) -> None:
    call = await Call().run(around(answer), scope_of(path))
    assert call.headers["cache-control"] == "no-store"
    assert call.headers["content-security-policy"].startswith("default-src 'none'")
    assert call.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in call.headers


async def test_the_page_runs_what_is_our_own_and_stands_in_no_frame() -> None:
    call = await Call().run(around(answer), scope_of("/"))
    policy = call.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "cache-control" not in call.headers


async def test_what_a_route_says_itself_stays() -> None:
    async def says(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"cache-control", b"private"), (b"referrer-policy", b"same-origin")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    call = await Call().run(around(says), scope_of())
    assert call.headers["cache-control"] == "private"
    assert call.headers["referrer-policy"] == "same-origin"


async def test_browsers_that_came_by_tls_stay_with_it() -> None:
    call = await Call().run(around(answer, "https://desk.example"), scope_of())
    assert call.headers["strict-transport-security"] == "max-age=31536000"
