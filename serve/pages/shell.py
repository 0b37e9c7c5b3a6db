"""Own how a page is made: the template, the headers that guard it, the cookie its forms rest on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.errors import HeliostatError, InvalidInput
from serve.pages import csrf, wording

_FOLDER = Path(__file__).parent
FILES = _FOLDER / "files"
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_GUARDS = {
    "Cache-Control": "no-store",
    # Under `no-referrer` browsers say `Origin: null` of our own forms too.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_HOST = re.compile(r"[A-Za-z0-9.\[\]:-]+")
_VISIT_S = 365 * 24 * 3600

templates = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters["day"] = wording.day
templates.filters["moment"] = wording.moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Hold what is wrong with a form that was sent: beside fields, or above them all."""

    status: int
    above: str | None
    beside: Mapping[str, str]


NO_FAULT = Fault(status=200, above=None, beside={})


def fault_of(error: HeliostatError, fields: frozenset[str]) -> Fault:
    """Say an error where its reader looks: beside its field if the form has it, else above."""
    if isinstance(error, InvalidInput) and error.context["field"] in fields:
        beside = {error.context["field"]: _sentence(error.context["reason"])}
        return Fault(status=error.status, above=None, beside=beside)
    return Fault(status=error.status, above=_sentence(error.detail), beside={})


def page(
    request: Request,
    template: str,
    *,
    fault: Fault = NO_FAULT,
    form_goes_to: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """Answer with a page.

    `form_goes_to` is an address elsewhere that a form of the page may end at, after our redirect.
    """
    visit, is_new = _visit_of(request)
    session_cookie = request.cookies.get(session_cookie_name(origin_of(request)))
    content = templates.get_template(template).render(
        form_token=csrf.form_token(visit, session_cookie),
        fault=fault,
        **values,
    )
    answer = HTMLResponse(content, status_code=fault.status, headers=_headers(form_goes_to))
    if is_new:
        _set_visit(request, answer, visit)
    return answer


def error_page(request: Request, error: HeliostatError) -> HTMLResponse:
    """Answer with a page that says what is wrong, where no form can say it."""
    fault = Fault(status=error.status, above=None, beside={})
    return page(request, "error.html", fault=fault, sentence=_sentence(error.detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenForm:
    """Hold the words of a page that takes the token behind the # of its address.

    `gone` is said of a token that is good no more.
    """

    heading: str
    action: str
    sentence: str
    gone: str


def token_page(request: Request, form: TokenForm, gone_with: int | None = None) -> HTMLResponse:
    """Answer with the page of a token; `gone_with` is the status where it is good no more."""
    fault = NO_FAULT if gone_with is None else Fault(status=gone_with, above=form.gone, beside={})
    return page(
        request,
        "token.html",
        fault=fault,
        heading=form.heading,
        action=form.action,
        sentence=form.sentence,
    )


def redirect(address: str) -> RedirectResponse:
    """Send a browser on with GET, whatever it sent."""
    return RedirectResponse(address, status_code=303, headers=_headers(None))


def origin_of(request: Request) -> str:
    """Return the address under which browsers know us."""
    origin: str = request.app.state.services.config.origin
    return origin


def session_cookie_name(origin: str) -> str:
    """Return the name of the cookie of those who are signed in."""
    return "__Host-heliostat" if origin.startswith("https:") else "heliostat"


def visit_of(request: Request) -> str | None:
    """Return the secret of this browser, if it brought one that could be ours."""
    visit = request.cookies.get(csrf.visit_cookie_name(origin_of(request)))
    return visit if visit and len(visit) >= 43 and visit.isascii() else None


def _visit_of(request: Request) -> tuple[str, bool]:
    visit = visit_of(request)
    return (csrf.new_visit(), True) if visit is None else (visit, False)


def _set_visit(request: Request, answer: Response, visit: str) -> None:
    origin = origin_of(request)
    answer.set_cookie(
        csrf.visit_cookie_name(origin),
        visit,
        max_age=_VISIT_S,
        path="/",
        secure=origin.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def _headers(form_goes_to: str | None) -> dict[str, str]:
    targets = "'self'" if form_goes_to is None else f"'self' {_source(form_goes_to)}".rstrip()
    policy = {**_POLICY, "form-action": targets}
    return {
        **_GUARDS,
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
    }


def _source(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        return f"{parts.scheme}:"
    # Nothing of an address may end its directive and begin another.
    return f"{parts.scheme}://{parts.netloc}" if _HOST.fullmatch(parts.netloc) else ""


def _sentence(text: str) -> str:
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."
