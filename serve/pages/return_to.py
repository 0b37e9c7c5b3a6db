"""Own where a browser may be sent on to after it has signed in: to our own pages only."""

from urllib.parse import urlsplit

HOME = "/account"
MAX_CHARS = 4_000
_CONTROL = frozenset(map(chr, (*range(0x21), 0x7F, 0x5C)))
"""Browsers drop some of these, and take a backslash for a slash."""


def own_path(wanted: str | None) -> str:
    """Return a path on this origin: the wanted one if it is such a path, else the account page."""
    if not wanted or len(wanted) > MAX_CHARS or not wanted.isascii():
        return HOME
    if not wanted.startswith("/") or wanted.startswith("//") or _CONTROL & set(wanted):
        return HOME
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc:
        return HOME
    return wanted
