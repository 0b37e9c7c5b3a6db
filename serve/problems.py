"""Own how errors become RFC 9457 problem documents."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from core.errors import HeliostatError, InvalidInput
from serve.option_requests import MODEL_TAG_PREFIX, UNKNOWN_MODEL
from serve.run_requests import TAG_PREFIX, UNKNOWN_KIND

PROBLEM_MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "https://heliostat.dev/problems/"
_UNKNOWN_TAGS = {UNKNOWN_KIND: "kind", UNKNOWN_MODEL: "model"}
_HTTP_CODES = {404: "not-found", 405: "method-not-allowed", 413: "payload-too-large"}


def problem_document(
    *, code: str, status: int, detail: str, members: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Build a problem document; `type` is stable and ends in the error's code."""
    return {
        **{key: _plain(value) for key, value in (members or {}).items()},
        "type": TYPE_PREFIX + code,
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
    }


def document_of(error: HeliostatError) -> dict[str, Any]:
    """Build the problem document of one of our own errors, its context as members."""
    return problem_document(
        code=error.code, status=error.status, detail=error.detail, members=error.context
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


def _response(document: dict[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        document,
        status_code=document["status"],
        media_type=PROBLEM_MEDIA_TYPE,
        headers=dict(headers or {}),
    )


async def _own(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HeliostatError)  # noqa: S101 - registered for this class only
    return response_of(error)


def response_of(error: HeliostatError) -> JSONResponse:
    """Answer with the problem document of one of our own errors."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if error.status == 503:
        headers["Retry-After"] = "1"
    if "retry_after_s" in error.context:
        headers["Retry-After"] = str(error.context["retry_after_s"])
    return _response(document_of(error), headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    first = error.errors()[0]
    # The first part only says where the field was sent; in broken JSON the rest is an offset.
    parts = () if first["type"] == "json_invalid" else first["loc"][1:]
    if parts and str(parts[0]).startswith((TAG_PREFIX, MODEL_TAG_PREFIX)):
        parts = parts[1:]
    if first["type"] in _UNKNOWN_TAGS:
        parts = (_UNKNOWN_TAGS[first["type"]],)
    if parts[:1] == ("specification",):
        # Rules that need two fields are checked later and name them without their envelope.
        parts = parts[1:] or parts
    field = ".".join(str(part) for part in parts) or "body"
    return _response(
        problem_document(
            code="invalid-input",
            status=422,
            detail=f"{field}: {first['msg']}",
            members={"field": field, "reason": first["msg"]},
        )
    )


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if error.status_code == 400:
        # The framework's word for a body that breaks its reader instead of being bad JSON: bytes
        # that are not UTF-8, a nesting too deep, a number of thousands of digits.
        return response_of(InvalidInput(field="body", reason="expected JSON that can be read"))
    code = _HTTP_CODES.get(error.status_code, "http-error")
    document = problem_document(code=code, status=error.status_code, detail=str(error.detail))
    return _response(document, error.headers)


def internal_response() -> JSONResponse:
    """Answer that something broke on our side."""
    return _response(
        problem_document(code="internal", status=500, detail="Something went wrong on our side.")
    )


def register(app: FastAPI) -> None:
    """Make every failure that a route foresees answer with a problem document."""
    app.add_exception_handler(HeliostatError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
