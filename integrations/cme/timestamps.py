"""Own the venue's time format: ISO 8601 UTC with nine fractional digits, as integer nanoseconds."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from core.clock import NANOSECONDS_PER_SECOND

_SHORT = re.compile(r"(?:\.([0-9]{0,9}))?Z")


def parse_ns(text: str) -> int:
    """Read `2026-11-20T23:17:05.712524071Z`; the fraction may be shorter or absent.

    Raises:
        ValueError: the text has another form.
    """
    fraction = text[20:-1]
    if len(text) == 30 and text[29] == "Z" and fraction.isdecimal() and fraction.isascii():
        return _epoch_ns(text[:20]) + int(fraction)
    return _epoch_ns(text[:19] + ".") + int(_short_fraction(text).ljust(9, "0"))


def _short_fraction(text: str) -> str:
    found = _SHORT.fullmatch(text[19:])
    if found is None:
        message = f"expected a UTC time with up to nine fractional digits, was {text!r}"
        raise ValueError(message)
    return found[1] or ""


def format_ns(time_ns: int) -> str:
    """Write integer nanoseconds with nine fractional digits."""
    seconds, fraction_ns = divmod(time_ns, NANOSECONDS_PER_SECOND)
    return f"{_text_of_second(seconds)}.{fraction_ns:09d}Z"


# Frames of one moment share their second, so nearly every call is answered from these caches.
@lru_cache(maxsize=1024)
def _epoch_ns(text: str) -> int:
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.").replace(tzinfo=UTC)
    return int(moment.timestamp()) * NANOSECONDS_PER_SECOND


@lru_cache(maxsize=1024)
def _text_of_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
