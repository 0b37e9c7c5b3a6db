"""Own what a page asks of its request: who sits there, since when, and from where."""

from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import Request
from starlette.responses import Response

from core.clock import utc_from_ns
from serve.pages.shell import origin_of, session_cookie_name

if TYPE_CHECKING:
    from serve.services import Services

MAX_USER_AGENT_CHARS = 200


def now_of(services: "Services") -> datetime:
    """Return the moment of a request."""
    return utc_from_ns(services.clock.now_ns())


def address_of(request: Request) -> str:
    """Return where a request comes from, as far as the server can tell."""
    return request.client.host if request.client else "unknown"


def user_agent_of(request: Request) -> str:
    """Return what a browser tells of itself, cut."""
    told = request.headers.get("user-agent", "")
    return "".join(letter for letter in told if letter.isprintable())[:MAX_USER_AGENT_CHARS]


def session_cookie_of(request: Request) -> str | None:
    """Return the cookie of a browser that signed in."""
    return request.cookies.get(session_cookie_name(origin_of(request)))


def seat(request: Request, answer: Response, cookie: str) -> Response:
    """Let a browser come back as who signed in; the cookie goes with the browser's session."""
    origin = origin_of(request)
    answer.set_cookie(
        session_cookie_name(origin),
        cookie,
        path="/",
        secure=origin.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer


def unseat(request: Request, answer: Response) -> Response:
    """Let a browser forget who signed in."""
    origin = origin_of(request)
    answer.delete_cookie(
        session_cookie_name(origin),
        path="/",
        secure=origin.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer
