"""Own the anchors of the audit trail: its head, noted where whoever holds the database cannot go.

One JSON object a line in a file that only grows. On a medium that is written once, or shipped
elsewhere as it grows, it shows that a trail was cut short or written anew.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.errors import AnchorsUnreadable
from storage.audit import trail

if TYPE_CHECKING:
    from storage.pool import Pools

_DIGEST_BYTES = 32
_TAIL_BYTES = 4_096
"""Be more than two lines of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Hold the digest that the trail had at a position."""

    position: int
    digest: bytes
    at: datetime


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    position: int
    digest: str
    at: datetime


def read_anchors(path: Path) -> list[Anchor]:
    """Return the anchors of a file, none where it is not there yet.

    A last line without its end was being written when the power went, and is left out.

    Raises:
        AnchorsUnreadable: it cannot be read, or a line is no anchor.
    """
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise AnchorsUnreadable(path=str(path), line=0) from error
    return [
        _read(line, path, number) for number, line in enumerate(lines, 1) if line.endswith(b"\n")
    ]


def last_position(path: Path) -> int:
    """Return the position that was anchored last, 0 where none was.

    Raises:
        AnchorsUnreadable: the file cannot be read, or its last whole line is no anchor.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().splitlines(keepends=True)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise AnchorsUnreadable(path=str(path), line=0) from error
    whole = [line for line in lines if line.endswith(b"\n")]
    return _read(whole[-1], path, 0).position if whole else 0


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Append an anchor, on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = _Line(anchor.position, anchor.digest.hex(), anchor.at)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        torn = len(file.read().rpartition(b"\n")[2])
        if torn:
            file.truncate(size - torn)
        file.write(msgspec.json.encode(line) + b"\n")
        os.fsync(file.fileno())


async def anchor_head(pools: "Pools", path: Path, now: datetime) -> Anchor | None:
    """Anchor the head of the trail, unless it is anchored already; return the new anchor.

    A trail that is shorter than what was anchored gets none: the anchors stay the truth.
    """
    async with pools.system() as conn:
        position, digest = await trail.head(conn)
    if position <= last_position(path):
        return None
    anchor = Anchor(position=position, digest=digest, at=now)
    write_anchor(path, anchor)
    return anchor


def _read(line: bytes, path: Path, number: int) -> Anchor:
    try:
        read = msgspec.json.decode(line, type=_Line)
        digest = bytes.fromhex(read.digest)
    except (msgspec.DecodeError, ValueError) as error:
        raise AnchorsUnreadable(path=str(path), line=number) from error
    if len(digest) != _DIGEST_BYTES or read.position < 1:
        raise AnchorsUnreadable(path=str(path), line=number)
    return Anchor(position=read.position, digest=digest, at=read.at)
