"""Own reading a journal: following it while it is written, and reading one segment alone."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from core.errors import InvalidInput, JournalCorrupt
from storage.journal import segment_name, segment_number, segments, size_of
from storage.journal_format import (
    FORMAT,
    JournalHeader,
    Position,
    Record,
    claimed_size,
    find_record,
    parse_header,
    parse_records,
)

_CHUNK_BYTES: Final = 256 * 1024
_RECORDS_AT_ONCE: Final = 1_000
_DAMAGE: Final = "these bytes are no record, and records follow"

Found = tuple[Record, Position]


class JournalReader:
    """Follow a journal from a position on, through all its segments.

    Owns nothing but its place: whoever needs to come back keeps the position of the last record
    that it has dealt with. `torn_bytes` counts what a crash left unfinished at ends of segments.
    """

    def __init__(self, folder: Path, position: Position | None) -> None:
        """Begin at a position, or at the oldest record if None.

        Where the segment of the position is gone, reading begins with the one that follows it.
        """
        self._folder = folder
        self._position = position or Position(0, 0)
        # Where parsing stands; what is between waits in `_ready`, from `_returned` on.
        self._parsed = self._position
        self._ready: list[Found] = []
        self._returned = 0
        self._file: int | None = None
        self.torn_bytes = 0

    @property
    def position(self) -> Position:
        """The end of the last record that `read` returned."""
        return self._position

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of the journal, headers included, are still to be read."""
        waiting = 0
        for path in segments(self._folder):
            number = segment_number(path)
            if number >= self._position.segment:
                begin = self._position.offset if number == self._position.segment else 0
                waiting += max(0, size_of(path) - begin)
        return waiting

    def read(self, max_records: int) -> list[Found]:
        """Return the next records, each with the position after it; none if there are none yet.

        Fewer than `max_records` does not mean that no more are there.

        Raises:
            JournalCorrupt: bytes before the end of a segment are no record; `skip_damage` goes on
                behind them.
        """
        if self._returned == len(self._ready):
            self._fill()
        found = self._ready[self._returned : self._returned + max_records]
        self._returned += len(found)
        if found:
            self._position = found[-1][1]
        return found

    def skip_damage(self) -> int:
        """Go on behind what `read` called corrupt and return how many bytes are passed over."""
        if self._file is None:
            return 0
        data = self._rest()
        segment, offset = self._parsed
        begin = find_record(data, 1, segment, offset)
        passed = len(data) if begin is None else begin
        self._move_to(offset + passed)
        return passed

    def close(self) -> None:
        """Let go of the open segment."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _fill(self) -> None:
        while self._file is not None or self._open_first():
            if self._parse():
                return
            # Whether a segment follows is asked before the end of this one is looked at: else
            # what its writer appended last in between would be taken for torn, or passed over.
            following = self._following()
            if not self._is_at_end(is_closed=following is not None):
                continue
            if following is None:
                return
            self._enter(following)

    def _open_first(self) -> bool:
        wanted = self._parsed.segment
        path = next((p for p in segments(self._folder) if segment_number(p) >= wanted), None)
        if path is None:
            return False
        if segment_number(path) == wanted:
            self._file = os.open(path, os.O_RDONLY)
        else:
            self._enter(path)
        return True

    def _following(self) -> Path | None:
        current = self._parsed.segment
        return next((p for p in segments(self._folder) if segment_number(p) > current), None)

    def _enter(self, path: Path) -> None:
        self.close()
        self._file = os.open(path, os.O_RDONLY)
        self._parsed = self._position = Position(segment_number(path), 0)

    def _parse(self) -> bool:
        """Take in records from the file; False if none stands whole at the place of parsing."""
        data = self._bytes(_CHUNK_BYTES)
        if self._parsed.offset == 0:
            header = parse_header(data)
            if header is None:
                return False
            if header[0].format != FORMAT:
                raise _corrupt(self._path(), 0, f"its format {header[0].format} is unknown")
            self._move_to(header[1])
            data = data[header[1] :]
        size = claimed_size(data, 0)
        if size > len(data):
            data = self._bytes(size)
        segment, offset = self._parsed
        self._ready = parse_records(data, 0, segment, offset, len(data))
        self._returned = 0
        if self._ready:
            self._parsed = self._ready[-1][1]
        return bool(self._ready)

    def _is_at_end(self, *, is_closed: bool) -> bool:
        """Tell whether nothing more stands in the segment, or only what a crash left unfinished.

        Raises:
            JournalCorrupt: what stands there is no record, and records follow.
        """
        data = self._rest()
        segment, offset = self._parsed
        if parse_records(data, 0, segment, offset, 1) if offset else parse_header(data):
            return False
        if find_record(data, 1, segment, offset) is not None:
            raise _corrupt(self._path(), offset, _DAMAGE)
        if is_closed:
            self.torn_bytes += len(data)
        return True

    def _path(self) -> Path:
        return self._folder / segment_name(self._parsed.segment)

    def _move_to(self, offset: int) -> None:
        self._parsed = self._position = Position(self._parsed.segment, offset)

    def _bytes(self, size: int) -> bytes:
        assert self._file is not None  # noqa: S101 - only called with a segment open
        return os.pread(self._file, size, self._parsed.offset)

    def _rest(self) -> bytes:
        assert self._file is not None  # noqa: S101 - only called with a segment open
        size = os.fstat(self._file).st_size - self._parsed.offset
        return self._bytes(size) if size > 0 else b""


def read_file(path: Path) -> tuple[JournalHeader, Iterator[Record]]:
    """Read one segment, compressed or not: whose it is, and its records.

    The records end where a crash tore the segment.

    Raises:
        InvalidInput: the file is no segment of a journal.
        JournalCorrupt: from the iterator; bytes before the end are no record.
        OSError: the file cannot be read.
    """
    data = _content(path)
    parsed = parse_header(data)
    if parsed is None:
        raise InvalidInput(field="file", reason=f"{path.name} is no segment of a journal")
    header, begin = parsed
    if header.format != FORMAT:
        reason = f"{path.name} has format {header.format}, this version reads {FORMAT}"
        raise InvalidInput(field="file", reason=reason)
    return header, _records(path, data, header.created_ns, begin)


def _records(path: Path, data: bytes, segment: int, begin: int) -> Iterator[Record]:
    while found := parse_records(data, begin, segment, 0, _RECORDS_AT_ONCE):
        yield from (record for record, _ in found)
        begin = found[-1][1].offset
    if find_record(data, begin + 1, segment, 0) is not None:
        raise _corrupt(path, begin, _DAMAGE)


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix != ".zst":
        return data
    try:
        with pa.input_stream(pa.py_buffer(data), compression="zstd") as packed:
            content: bytes = packed.read()
    except OSError as error:
        reason = f"{path.name} cannot be unpacked: {error}"
        raise InvalidInput(field="file", reason=reason) from error
    return content


def _corrupt(path: Path, offset: int, reason: str) -> JournalCorrupt:
    return JournalCorrupt(path=str(path), offset=offset, reason=reason)
