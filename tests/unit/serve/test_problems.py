"""Check that every failure is a problem document which says what a caller may know."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from core.errors import HeliostatError, ModelNotReady, RunAlreadyFinished, all_error_classes
from serve import problems
from serve.problems import PROBLEM_MEDIA_TYPE, TYPE_PREFIX, document_of

EXPECTED_STATUS = {
    "invalid-input": 422,
    "settlement-file-rejected": 422,
    "not-found": 404,
    "unknown-product": 404,
    "run-not-found": 404,
    "curve-not-found": 404,
    "forecast-not-found": 404,
    "book-not-found": 404,
    "model-not-applicable": 422,
    "history-too-short": 422,
    "unknown-instrument": 422,
    "run-already-finished": 409,
    "settlements-changed": 409,
    "book-exists": 409,
    "book-changed": 409,
    "model-not-ready": 409,
    "idempotency-key-reused": 422,
    "request-in-progress": 409,
    "answer-lost": 409,
    "plan-limit-exceeded": 422,
    "too-many-runs": 429,
    "result-not-ready": 409,
    "unauthenticated": 401,
    "token-refused": 401,
    "forbidden": 403,
    "step-up-required": 403,
    "person-needed": 403,
    "form-refused": 403,
    "last-owner": 409,
    "sign-in-needed": 401,
    "sign-in-failed": 401,
    "sign-in-throttled": 429,
    "identity-refused": 403,
    "origin-refused": 403,
    "no-way-in": 409,
    "invitation-open": 409,
    "member-elsewhere": 403,
    "grant-refused": 400,
    "client-refused": 401,
    "anchors-unreadable": 500,
    "vault-seal-broken": 500,
    "vault-key-unknown": 500,
    "payload-too-large": 413,
    "body-too-slow": 408,
    "source-unavailable": 503,
    "feed-disconnected": 503,
    "bad-frame": 502,
    "journal-corrupt": 500,
    "run-failed": 500,
    "chunk-failed": 500,
    "deadline-missed": 500,
    "backend-unavailable": 503,
    "budget-exhausted": 402,
    "stack": 500,
}


class Body(BaseModel):
    count: int


def make(kind: type[HeliostatError]) -> HeliostatError:
    code = kind.__init__.__code__
    names = code.co_varnames[1 : 1 + code.co_kwonlyargcount]
    return kind(**{name: f"the {name}" for name in names})


def failing_app(error: Exception) -> FastAPI:
    app = FastAPI()
    problems.register(app)

    @app.get("/fail")
    async def fail() -> None:
        raise error

    @app.post("/count/{times}")
    async def count(times: int, body: Body) -> None:
        """Take what must be valid."""

    return app


async def ask(error: Exception, method: str, path: str, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(failing_app(error), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
        return await client.request(method, path, **options)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["type"] == TYPE_PREFIX + code
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    return document


@pytest.mark.parametrize("kind", all_error_classes(), ids=lambda kind: kind.code)
async def test_each_error_has_its_status_and_type(kind: type[HeliostatError]) -> None:
    error = make(kind)
    document = problem(await ask(error, "GET", "/fail"), EXPECTED_STATUS[kind.code], kind.code)
    assert document["detail"] == error.detail
    for name, value in error.context.items():
        if name not in {"type", "title", "status", "detail"}:
            assert document[name] == value


def test_a_reason_that_is_a_sentence_ends_once() -> None:
    error = ModelNotReady(product="CL", reason="The prices never moved.")
    assert error.detail == "The model of CL has no forecast yet: The prices never moved."


def test_a_member_never_replaces_the_status() -> None:
    document = document_of(RunAlreadyFinished(run_id="r", status="succeeded"))
    assert document["status"] == 409
    assert "succeeded" in document["detail"]


async def test_a_refusal_names_the_scheme_and_an_outage_the_pause() -> None:
    for kind in all_error_classes():
        error = make(kind)
        answer = await ask(error, "GET", "/fail")
        assert answer.headers.get("www-authenticate") == ("Bearer" if kind.status == 401 else None)
        pause = error.context.get("retry_after_s", "1" if kind.status == 503 else None)
        assert answer.headers.get("retry-after") == pause


@pytest.mark.parametrize(
    ("path", "content", "field"),
    [
        ("/count/1", b"", "body"),
        ("/count/1", b"{", "body"),
        ("/count/1", b"[]", "body"),
        ("/count/1", b'{"count": "\xff"}', "body"),
        ("/count/1", b"[" * 100_000, "body"),
        ("/count/1", b'{"count": ' + b"1" * 5_000 + b"}", "body"),
        ("/count/1", b"{}", "count"),
        ("/count/1", b'{"count": "many"}', "count"),
        ("/count/x", b'{"count": 1}', "times"),
    ],
)
async def test_invalid_requests_name_the_field(path: str, content: bytes, field: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await ask(RuntimeError(), "POST", path, content=content, headers=headers)
    document = problem(answer, 422, "invalid-input")
    assert document["field"] == field
    assert document["detail"] == f"{field}: {document['reason']}"


async def test_routes_that_do_not_exist() -> None:
    problem(await ask(RuntimeError(), "GET", "/nowhere"), 404, "not-found")
    answer = await ask(RuntimeError(), "DELETE", "/fail")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(("status", "code"), [(413, "payload-too-large"), (418, "http-error")])
async def test_errors_of_the_framework(status: int, code: str) -> None:
    error = HTTPException(status, "said so", headers={"X-Why": "because"})
    answer = await ask(error, "GET", "/fail")
    assert problem(answer, status, code)["detail"] == "said so"
    assert answer.headers["x-why"] == "because"
