"""Own the venue's time format: ISO 8601 UTC with nine fractional digits, as integer nanoseconds."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from core.clock import NANOSECONDS_PER_SECOND

_CACHED_SECONDS = 4096
# From here on a 64-bit count of nanoseconds would overflow.
_END_NS = 2**63 - NANOSECONDS_PER_SECOND
_SHORT = re.compile(r"(?:\.([0-9]{0,9}))?Z")


def parse_ns(text: str) -> int:
    """Read `2026-11-20T23:17:05.712524071Z`; the fraction may be shorter or absent.

    Raises:
        ValueError: the text has another form, or the time is not between 1970 and 2262.
    """
    fraction = text[20:29]
    if text[29:] == "Z" and fraction.isdecimal():
        return _SECONDS[text[:20]] + int(fraction)
    return _SECONDS[text[:19] + "."] + int(_short_fraction(text).ljust(9, "0"))


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


class _Seconds(dict[str, int]):
    """Look up whole seconds by their text: frames of one moment share theirs."""

    def __missing__(self, text: str) -> int:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.").replace(tzinfo=UTC)
        time_ns = int(moment.timestamp()) * NANOSECONDS_PER_SECOND
        if not 0 <= time_ns < _END_NS:
            message = f"expected a time between 1970 and 2262, was {text!r}"
            raise ValueError(message)
        if len(self) >= _CACHED_SECONDS:
            self.clear()
        self[text] = time_ns
        return time_ns


_SECONDS = _Seconds()


@lru_cache(maxsize=1024)
def _text_of_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
