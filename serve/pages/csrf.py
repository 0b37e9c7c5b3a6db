"""Own how a form shows that our own page sent it, in the browser that was given the page."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from core.errors import FormRefused

FIELD = "form_token"
HEADER = "x-form-token"
_PURPOSE = b"heliostat form\0"
_SAME_SITE = frozenset({"same-origin", "none"})


def visit_cookie_name(origin: str) -> str:
    """Return the name of the cookie that every browser gets before anybody signs in."""
    return "__Host-heliostat-visit" if origin.startswith("https:") else "heliostat-visit"


def new_visit() -> str:
    """Return the secret of a browser that comes for the first time."""
    return secrets.token_urlsafe(32)


def form_token(visit: str, session_cookie: str | None) -> str:
    """Return what a form must bring back: it changes whenever somebody signs in or out.

    Both cookies are secrets of this browser that scripts cannot read, so that a digest of them is
    known to the pages that we sent to it and to nobody else.
    """
    bound = f"{visit}\0{session_cookie or ''}".encode()
    return urlsafe_b64encode(sha256(_PURPOSE + bound).digest()).rstrip(b"=").decode()


def require_own_origin(headers: Mapping[str, str], origin: str) -> None:
    """Refuse what another site sent.

    Raises:
        FormRefused: the browser says that it comes from elsewhere.
    """
    sent_from = headers.get("origin")
    if sent_from is not None and sent_from != origin:
        raise FormRefused(reason="it was sent from another site")
    if headers.get("sec-fetch-site", "none") not in _SAME_SITE:
        raise FormRefused(reason="it was sent from another site")


def require_token(given: str | None, visit: str | None, session_cookie: str | None) -> None:
    """Refuse a form that was not made for this browser as it is signed in now.

    Raises:
        FormRefused: the token is absent or another.
    """
    wanted = form_token(visit, session_cookie) if visit else ""
    if not wanted or not hmac.compare_digest(wanted.encode(), (given or "").encode()):
        raise FormRefused(reason="the page was open for too long, or cookies are off; load it anew")
