"""Own the bytes of a journal segment: its header, its records, and how a damaged one is told.

A segment is a header and then records, little-endian. The checksum of a record starts from where
the record stands, so that a record inside another one's payload is never taken for one.
"""

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

FORMAT: Final = 1
# Each vendor bounds its frames far below; more in a length field means that the field is damaged.
MAX_PAYLOAD_BYTES: Final = 16 * 1024 * 1024

_MAGIC: Final = b"HELIOJNL"
_HEADER_HEAD: Final = struct.Struct("<8sII")
# No UTF-8 text holds the first byte, so that a search for the next record seldom stops in text.
_MARK: Final = b"\xf5\x9e"
_HEAD: Final = struct.Struct("<2sBIQq")
_CRC: Final = struct.Struct("<I")
_CRC_MASK: Final = 0xFFFFFFFF

RECORD_OVERHEAD: Final = _HEAD.size + _CRC.size


class RecordKind(IntEnum):
    """Name what a record holds.

    `FRAME`: bytes as a venue sent them. `EVENT`: what the feed itself marked. `CHECKPOINT`: the
    state to begin a segment with, so that it can be read alone.
    """

    FRAME = 1
    EVENT = 2
    CHECKPOINT = 3


_KINDS: Final = {int(kind): kind for kind in RecordKind}


class Record(NamedTuple):
    """Hold one entry of a journal."""

    kind: RecordKind
    session: int
    received_ns: int
    payload: bytes


class Position(NamedTuple):
    """Name a place in a journal: its segment, and a byte of it. Ordered."""

    segment: int
    offset: int


class JournalHeader(msgspec.Struct, frozen=True):
    """Say whose journal a segment is, when it was begun, and by which version."""

    format: int
    venue: str
    source: str
    products: tuple[str, ...]
    created_ns: int
    version: str


def encode_header(header: JournalHeader) -> bytes:
    """Return the bytes that a segment begins with."""
    body = msgspec.json.encode(header)
    return _HEADER_HEAD.pack(_MAGIC, len(body), crc32(body)) + body


def parse_header(data: bytes) -> tuple[JournalHeader, int] | None:
    """Read the header at the start of a segment and where it ends; None if it is not whole."""
    if len(data) < _HEADER_HEAD.size:
        return None
    magic, length, checksum = _HEADER_HEAD.unpack_from(data)
    end = _HEADER_HEAD.size + length
    body = data[_HEADER_HEAD.size : end]
    if magic != _MAGIC or len(data) < end or crc32(body) != checksum:
        return None
    try:
        return msgspec.json.decode(body, type=JournalHeader), end
    except msgspec.ValidationError:
        return None


def encode_records(records: Sequence[Record], segment: int, offset: int) -> bytes:
    """Return the bytes of records that will stand at `offset` of a segment.

    Raises:
        ValueError: a payload is larger than 16 MiB.
    """
    parts: list[bytes] = []
    add, pack_head, pack_crc = parts.append, _HEAD.pack, _CRC.pack
    seed = (segment + offset) & _CRC_MASK
    for kind, session, received_ns, payload in records:
        length = len(payload)
        if length > MAX_PAYLOAD_BYTES:
            message = f"A payload of {length} bytes is too large for a journal."
            raise ValueError(message)
        head = pack_head(_MARK, kind, length, session, received_ns)
        add(head)
        add(pack_crc(crc32(payload, crc32(head, seed))))
        add(payload)
        seed = (seed + RECORD_OVERHEAD + length) & _CRC_MASK
    return b"".join(parts)


def parse_records(
    data: bytes, start: int, segment: int, offset: int, limit: int
) -> list[tuple[Record, Position]]:
    """Read the records that stand whole from `data[start:]` on, at most `limit`, each with its end.

    `offset` is where `data` begins in its segment. Ends at the first bytes that are no record.
    """
    found: list[tuple[Record, Position]] = []
    unpack, size, at = _HEAD.unpack_from, len(data), segment + offset
    while len(found) < limit and start + RECORD_OVERHEAD <= size:
        mark, kind, length, session, received_ns = unpack(data, start)
        checked, begin = start + _HEAD.size, start + RECORD_OVERHEAD
        end = begin + length
        if mark != _MARK or kind not in _KINDS or end > size:
            break
        payload = data[begin:end]
        checksum = crc32(payload, crc32(data[start:checked], (at + start) & _CRC_MASK))
        if data[checked:begin] != _CRC.pack(checksum):
            break
        record = Record(_KINDS[kind], session, received_ns, payload)
        found.append((record, Position(segment, offset + end)))
        start = end
    return found


def claimed_size(data: bytes, start: int) -> int:
    """Return how many bytes the record at `data[start:]` says it has; 0 if that makes no sense."""
    if len(data) < start + RECORD_OVERHEAD:
        return 0
    mark, _, length, _, _ = _HEAD.unpack_from(data, start)
    return RECORD_OVERHEAD + length if mark == _MARK and length <= MAX_PAYLOAD_BYTES else 0


def find_record(data: bytes, start: int, segment: int, offset: int) -> int | None:
    """Return where in `data`, from `start` on, the next whole record begins."""
    at = data.find(_MARK, start)
    while at >= 0:
        if parse_records(data, at, segment, offset, 1):
            return at
        at = data.find(_MARK, at + 1)
    return None
