"""Own FIX 4.4 framing and encoding: byte streams to messages, messages to fields, and back.

Pure: sees no socket and no clock, and knows no message's meaning.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from zlib import adler32

from core.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND

BEGIN = b"8=FIX"
MAX_BODY_BYTES = 65_536
MAX_GARBAGE_BYTES = 65_536

GARBLED, TRUNCATED, CHECKSUM = "garbled", "truncated", "checksum"
"""Name why a chunk is not a message: no header, not its stated length, not its stated sum."""

Fields = Iterable[tuple[int, str]]
"""Hold tags and values in the order of the wire."""

_HEADER = b"8=FIX.4.4\x019="
_TRAILER_BYTES = 7  # 10=ddd and its delimiter
_TRAILERS = tuple(b"\x0110=%03d\x01" % total for total in range(256))
_MAX_LENGTH_DIGITS = 6
# The low half of Adler-32 is one plus the sum of the bytes, modulo 65,521: exact up to here.
_EXACT_BYTES = 256


class FixFramer:
    """Cut messages out of a byte stream; what is between them comes as chunks of its own.

    The chunks do not depend on how the stream was cut into reads. Holds at most one message, or
    one piece of garbage, that is not complete yet.
    """

    def __init__(self) -> None:
        self._buffer = b""

    @property
    def waiting_bytes(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the chunks that are complete now; joined, they are the stream so far."""
        buffer = self._buffer + data if self._buffer else data
        chunks: list[bytes] = []
        start = 0
        while start < len(buffer):
            end = _whole_end(buffer, start) or _chunk_end(buffer, start)
            if end is None:
                break
            chunks.append(buffer[start:end])
            start = end
        self._buffer = buffer[start:]
        return chunks


def _whole_end(buffer: bytes, start: int) -> int | None:
    """Return where a message ends that is all there and has its trailer: nearly every one."""
    # Another header inside would mean that the message was cut short.
    end = buffer.find(_HEADER, start + 1)
    if end < 0:
        end = len(buffer)
    is_whole = (
        end - start <= MAX_BODY_BYTES
        and buffer.startswith(_header_of(end - start), start)
        and buffer.startswith(b"\x0110=", end - _TRAILER_BYTES - 1)
        and buffer.startswith(b"\x01", end - 1)
    )
    return end if is_whole else None


def _chunk_end(buffer: bytes, start: int) -> int | None:
    """Return where the chunk at `start` ends, None if that takes more bytes to tell."""
    found = _HEADER if len(buffer) - start >= len(_HEADER) else buffer[start:]
    if not _HEADER.startswith(found) or not buffer.startswith(found, start):
        return _garbage_end(buffer, start)
    digits = start + len(_HEADER)
    delimiter = buffer.find(b"\x01", digits, digits + _MAX_LENGTH_DIGITS + 1)
    if delimiter < 0:
        is_too_long = len(buffer) > digits + _MAX_LENGTH_DIGITS
        return _garbage_end(buffer, start) if is_too_long else None
    length = buffer[digits:delimiter]
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return _garbage_end(buffer, start)
    return _message_end(buffer, start, delimiter + 1, int(length))


def _message_end(buffer: bytes, start: int, body: int, length: int) -> int | None:
    end = body + length + _TRAILER_BYTES
    # Another header inside: the message was cut short, and must not swallow the next one.
    following = buffer.find(_HEADER, body, end)
    if following >= 0:
        return following
    if len(buffer) < end:
        return None
    is_whole = buffer.startswith(b"\x0110=", body + length - 1) and buffer[end - 1] == 1
    return end if is_whole else _garbage_end(buffer, start)


def _garbage_end(buffer: bytes, start: int) -> int | None:
    limit = start + MAX_GARBAGE_BYTES
    following = buffer.find(BEGIN, start + 1, limit + len(BEGIN))
    if following >= 0:
        return following
    return limit if len(buffer) >= limit + len(BEGIN) else None


def frame_problem(frame: bytes) -> str | None:
    """Tell why a chunk is not a message: one of the three words above; None if it is one."""
    trailer = _TRAILERS[checksum(frame[:-_TRAILER_BYTES])]
    if frame.startswith(_header_of(len(frame))) and frame.endswith(trailer):
        return None
    delimiter = frame.find(b"\x01", len(_HEADER), len(_HEADER) + _MAX_LENGTH_DIGITS + 1)
    length = frame[len(_HEADER) : delimiter]
    if not frame.startswith(_HEADER) or delimiter < 0 or not length.isdigit():
        return GARBLED
    end = delimiter + 1 + int(length)
    if len(frame) != end + _TRAILER_BYTES or not frame.startswith(b"\x0110=", end - 1):
        return TRUNCATED
    return None if frame.endswith(trailer) else CHECKSUM


@lru_cache(maxsize=1024)
def _header_of(length: int) -> bytes:
    """Return how a message of so many bytes begins, if its length has no leading zero."""
    rest = length - len(_HEADER) - _TRAILER_BYTES
    body = next((rest - 1 - n for n in range(1, 7) if len(str(rest - 1 - n)) == n), 0)
    return _HEADER + b"%d\x01" % max(body, 0)


def checksum(content: bytes) -> int:
    """Return the sum of the bytes modulo 256."""
    if len(content) <= _EXACT_BYTES:
        return (adler32(content) - 1) & 0xFF
    total = 0
    for start in range(0, len(content), _EXACT_BYTES):
        total += (adler32(content[start : start + _EXACT_BYTES]) & 0xFFFF) - 1
    return total & 0xFF


def message_type(frame: bytes) -> bytes:
    """Return the message type of a chunk without a `frame_problem`, empty if it has none."""
    start = frame.find(b"\x0135=") + 4
    return frame[start : frame.index(b"\x01", start)] if start > 3 else b""


def pairs_of(frame: bytes) -> list[list[str]]:
    """Return `[tag, value]` of every field of a chunk without a `frame_problem`, in order.

    Raises:
        ValueError: a field is not `tag=value`.
    """
    body = frame[frame.index(b"\x01", len(_HEADER)) + 1 : -_TRAILER_BYTES - 1]
    # Every byte is a character of this encoding.
    pairs = [field.split("=", 1) for field in str(body, "latin-1").split("\x01")]
    if any(len(pair) == 1 for pair in pairs):
        message = "a field is not tag=value"
        raise ValueError(message)
    return pairs


def fields_of(frame: bytes) -> dict[str, str]:
    """Return the fields of a chunk without a `frame_problem` by tag, the last of each.

    Raises:
        ValueError: a field is not `tag=value`.
    """
    return dict(pairs_of(frame))


def encode(
    msg_type: str,
    fields: Fields,
    *,
    sequence: int,
    sent_ns: int,
    sender: str,
    target: str,
    original_ns: int | None = None,
) -> bytes:
    """Encode one message; with `original_ns`, when it was first sent, as a possible duplicate.

    Raises:
        ValueError: a value is empty or holds the delimiter.
    """
    moment = format_ns(sent_ns)
    header = [(35, msg_type), (49, sender), (56, target), (34, str(sequence)), (52, moment)]
    if original_ns is not None:
        header += [(43, "Y"), (122, format_ns(original_ns))]
    parts: list[str] = []
    for tag, value in (*header, *fields):
        if not value or "\x01" in value:
            message = f"expected a value without delimiter for tag {tag}, was {value!r}"
            raise ValueError(message)
        parts.append(f"{tag}={value}\x01")
    body = "".join(parts).encode("latin-1", "replace")
    content = _HEADER + b"%d\x01" % len(body) + body
    return content + b"10=%03d\x01" % checksum(content)


_FIRST_YEAR, _LAST_YEAR = 1970, 2261  # what 64 bits of nanoseconds hold


def parse_ns(text: str) -> int:
    """Read a UTC time `20261120-16:00:00.123`, with up to nine fractional digits or none.

    Raises:
        ValueError: the text has another form.
    """
    return _epoch_ns(text[:17]) + _fraction_ns(text[17:])


def format_ns(time_ns: int) -> str:
    """Write a UTC time with three fractional digits, dropping what is below."""
    seconds, fraction_ns = divmod(time_ns, NANOSECONDS_PER_SECOND)
    return f"{_text_of_second(seconds)}.{fraction_ns // NANOSECONDS_PER_MILLISECOND:03d}"


_FRACTION = re.compile(r"\.([0-9]{1,9})", re.ASCII)
_SECOND = re.compile(r"[0-9]{8}-[0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)


# Messages of one moment share their second, so nearly every call is answered from these caches.
@lru_cache(maxsize=4096)
def _epoch_ns(text: str) -> int:
    if _SECOND.fullmatch(text) is None or not _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR:
        raise _not_a_time(text)
    moment = datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    return int(moment.timestamp()) * NANOSECONDS_PER_SECOND


@lru_cache(maxsize=1024)
def _text_of_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y%m%d-%H:%M:%S")


@lru_cache(maxsize=4096)
def _fraction_ns(text: str) -> int:
    if not text:
        return 0
    found = _FRACTION.fullmatch(text)
    if found is None:
        raise _not_a_time(text)
    return int(found[1].ljust(9, "0"))


def _not_a_time(text: str) -> ValueError:
    return ValueError(f"expected a UTC time, was {text!r}")
