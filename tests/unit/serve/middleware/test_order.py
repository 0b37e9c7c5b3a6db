"""Check what all answers of both applications have in common, whatever became of the request."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/health", 200),
        ("GET", "/v1/nowhere", 404),
        ("DELETE", "/v1/products", 405),
        ("GET", "/v1/products", 500),
    ],
)
async def test_every_answer_is_named_and_guarded(
    edge: Any, method: str, path: str, status: int
) -> None:
    async with edge.client() as client:
        answer = await client.request(method, path, headers={"X-Request-Id": "mine-1234"})
    assert answer.status_code == status, answer.text
    assert answer.headers["x-request-id"] == "mine-1234"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


async def test_who_is_refused_is_told_under_a_name(edge: Any) -> None:
    for streams, path in ((False, "/v1/products"), (True, "/quotes")):
        async with edge.client(streams=streams, key=False) as client:
            answer = await client.get(path)
        assert answer.status_code == 401
        assert len(answer.headers["x-request-id"]) == 36
        assert answer.headers["cache-control"] == "no-store"


async def test_too_much_is_refused_before_it_is_asked_who_sends_it(edge: Any) -> None:
    async with edge.client(key=False) as client:
        answer = await client.post("/v1/runs", content=b"x" * 5_000_001)
    assert answer.status_code == 413
