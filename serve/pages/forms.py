"""Own how forms are read, and how the pages answer what goes wrong behind them."""

import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from core.errors import FormRefused, HeliostatError, InvalidInput, PayloadTooLarge
from serve.pages import csrf
from serve.pages.return_to import HOME
from serve.pages.shell import (
    error_page,
    origin_of,
    redirect,
    session_cookie_name,
    visit_of,
)

MAX_FORM_BYTES = 32 * 1024
_MAX_FIELDS = 30
_FIRST = {"sign-in-needed": "/sign-in", "step-up-required": "/step-up"}
"""Name the page that must come before what was asked for."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """Answer errors with pages, and send those who must sign in first to the page for it."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def answer_with_pages(request: Request) -> Response:
            try:
                return await answer(request)
            except HeliostatError as error:
                return _answer_to(error, request)

        return answer_with_pages


def _answer_to(error: HeliostatError, request: Request) -> Response:
    if request.headers.get("content-type", "").startswith("application/json"):
        problem = {"detail": error.detail, "code": error.code}
        return JSONResponse(
            problem, status_code=error.status, headers={"Cache-Control": "no-store"}
        )
    first = _FIRST.get(error.code)
    if first is None:
        return error_page(request, error)
    # What was sent in a form is not sent again by itself; a page with the form is opened instead.
    wanted = HOME
    if request.method == "GET":
        wanted = f"{request.url.path}?{request.url.query}".rstrip("?")
    return redirect(f"{first}?{urlencode({'return_to': wanted})}")


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form that our own page in this browser sent.

    Raises:
        FormRefused: another site sent it, or the page was made for another browser or session.
        PayloadTooLarge: it is longer than any form of ours.
    """
    csrf.require_own_origin(request.headers, origin_of(request))
    _require_short(request)
    async with request.form(max_files=0, max_fields=_MAX_FIELDS) as form:
        fields = {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
    _require_token(request, fields.pop(csrf.FIELD, None))
    return fields


async def read_json(request: Request) -> dict[str, Any]:
    """Return the object that a script of our own page sent.

    Raises:
        FormRefused: as for a form.
        PayloadTooLarge: it is longer than any form of ours.
        InvalidInput: it is no JSON object.
    """
    csrf.require_own_origin(request.headers, origin_of(request))
    _require_short(request)
    _require_token(request, request.headers.get(csrf.HEADER))
    try:
        sent = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise InvalidInput(field="body", reason="expected JSON that can be read") from error
    if not isinstance(sent, dict):
        raise InvalidInput(field="body", reason="expected a JSON object")
    return sent


def _require_short(request: Request) -> None:
    announced = request.headers.get("content-length", "")
    if not announced.isdecimal():
        raise FormRefused(reason="it does not say how long it is")
    if int(announced) > MAX_FORM_BYTES:
        raise PayloadTooLarge(limit_bytes=MAX_FORM_BYTES)


def _require_token(request: Request, given: str | None) -> None:
    session_cookie = request.cookies.get(session_cookie_name(origin_of(request)))
    csrf.require_token(given, visit_of(request), session_cookie)
