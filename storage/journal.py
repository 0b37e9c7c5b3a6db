"""Own writing a feed's journal: segments of records on disk, and what becomes of closed ones.

The journal is capture and spill at once: what a feed received stands here before anything else
is done with it. `storage/journal_reader.py` reads it.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyarrow as pa

from core.errors import SourceUnavailable
from storage.journal_format import (
    FORMAT,
    JournalHeader,
    Position,
    Record,
    encode_header,
    encode_records,
)

DEFAULT_SEGMENT_BYTES: Final = 64 * 1024 * 1024
DEFAULT_JOURNAL_BYTES: Final = 8 * 1024 * 1024 * 1024

_SUFFIX: Final = ".journal"
_COMPRESSED_SUFFIX: Final = ".journal.zst"
_LOCK_NAME: Final = "writer.lock"
_COPY_BYTES: Final = 1024 * 1024
_DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def segments(folder: Path) -> list[Path]:
    """Return the segments of a journal, oldest first; none if there is no such folder."""
    return sorted(folder.glob(f"*{_SUFFIX}"))


def compressed_segments(folder: Path) -> list[Path]:
    """Return the compressed segments that lie in a folder, oldest first."""
    return sorted(folder.glob(f"*{_COMPRESSED_SUFFIX}"))


def segment_number(path: Path) -> int:
    """Return the number of a segment, compressed or not: when it was begun, in nanoseconds."""
    return int(path.name.partition(".")[0])


def segment_name(segment: int) -> str:
    """Return the file name of a segment."""
    return f"{segment:020d}{_SUFFIX}"


class JournalWriter:
    """Append records to the newest segment of a journal, alone.

    Survives a `kill -9`: what `append` returned for is in the file. `sync` alone makes it survive
    the loss of power too. Everything is called from one thread, but `sync` may be from another.
    """

    def __init__(
        self,
        folder: Path,
        *,
        venue: str,
        source: str,
        products: Sequence[str],
        version: str,
        now_ns: int,
        max_segment_bytes: int = DEFAULT_SEGMENT_BYTES,
        max_bytes: int = DEFAULT_JOURNAL_BYTES,
    ) -> None:
        """Begin a new segment.

        Its number is `now_ns`, or just above those of the segments there if the clock went back.

        Raises:
            SourceUnavailable: another process writes this journal, or the disk refuses.
        """
        self._folder = folder
        self._venue = venue
        self._source = source
        self._products = tuple(products)
        self._version = version
        self._max_bytes = max_bytes
        # A full journal is emptied by removing closed segments, so some must be closed by then.
        self._max_segment_bytes = min(max_segment_bytes, max_bytes // 4)
        self._segment = 0
        self._is_damaged = False
        self._swap = threading.Lock()
        self._lock = _locked(folder)
        try:
            self._begin(now_ns, ())
        except OSError as error:
            os.close(self._lock)
            raise _unavailable(error) from error
        self._others_bytes = self._measure_others()

    @property
    def position(self) -> Position:
        """The end of the last record."""
        return Position(self._segment, self._offset)

    @property
    def path(self) -> Path:
        """The segment that is being written."""
        return self._path

    @property
    def is_full(self) -> bool:
        """Tell that the journal has reached `max_bytes`; removing closed segments helps."""
        return not self._has_room(1)

    @property
    def should_rotate(self) -> bool:
        """Tell that the segment is large enough, or that a failed write made an end of it."""
        return self._is_damaged or self._offset >= self._max_segment_bytes

    def append(self, records: Sequence[Record]) -> Position | None:
        """Write records with one write and return where they end.

        None: refused, nothing was written, as the journal or the disk is full. After a disk error
        every append is refused until `rotate`.

        Raises:
            SourceUnavailable: the disk failed.
            ValueError: a payload is larger than 16 MiB.
        """
        data = encode_records(records, self._segment, self._offset)
        if self._is_damaged or not self._has_room(len(data)):
            return None
        try:
            _write(self._file, data)
        except OSError as error:
            self._is_damaged = True
            # Nothing is written here again, as a reader may have seen a part. What cannot even
            # be cut off is read as a torn end.
            with suppress(OSError):
                os.ftruncate(self._file, self._offset)
            if error.errno in _DISK_FULL:
                return None
            raise _unavailable(error) from error
        self._offset += len(data)
        return Position(self._segment, self._offset)

    def rotate(self, now_ns: int, checkpoint: Sequence[Record]) -> Path:
        """Begin a new segment with `checkpoint` and return the closed one, synced.

        Raises:
            SourceUnavailable: the disk refuses; the old segment stays in use.
        """
        closed, file, written = self._path, self._file, self._offset
        try:
            os.fsync(file)
            self._begin(now_ns, checkpoint)
        except OSError as error:
            raise _unavailable(error) from error
        self._others_bytes += written
        os.close(file)
        return closed

    def sync(self) -> None:
        """Have the disk keep what was appended, whatever happens to the machine.

        Raises:
            SourceUnavailable: the disk failed, or the segment was removed, which `rotate` mends.
        """
        with self._swap:
            file, path = os.dup(self._file), self._path
        try:
            os.fsync(file)
            is_gone = not os.fstat(file).st_nlink
        except OSError as error:
            raise _unavailable(error) from error
        finally:
            os.close(file)
        if is_gone:
            with self._swap:
                self._is_damaged = self._is_damaged or path == self._path
            raise SourceUnavailable(source="journal", reason=f"{path.name} was removed")

    def close(self) -> None:
        """Sync and end; another writer may begin."""
        try:
            os.fsync(self._file)
        finally:
            os.close(self._file)
            os.close(self._lock)

    def _begin(self, now_ns: int, checkpoint: Sequence[Record]) -> None:
        numbers = [segment_number(path) for path in _all_segments(self._folder)]
        segment = max(now_ns, 1 + max((self._segment, *numbers)))
        header = JournalHeader(
            format=FORMAT,
            venue=self._venue,
            source=self._source,
            products=self._products,
            created_ns=segment,
            version=self._version,
        )
        data = encode_header(header)
        data += encode_records(checkpoint, segment, len(data))
        path = self._folder / segment_name(segment)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        try:
            _write(file, data)
            _sync_path(self._folder)
        except OSError:
            os.close(file)
            path.unlink()
            raise
        with self._swap:
            self._file, self._path, self._is_damaged = file, path, False
        self._segment, self._offset = segment, len(data)

    def _has_room(self, size: int) -> bool:
        if self._others_bytes + self._offset + size <= self._max_bytes:
            return True
        self._others_bytes = self._measure_others()
        return self._others_bytes + self._offset + size <= self._max_bytes

    def _measure_others(self) -> int:
        others = (path for path in _all_segments(self._folder) if path != self._path)
        return sum(map(size_of, others))


def compress_segment(path: Path) -> Path:
    """Write a closed segment once more, compressed, and return where; the segment stays.

    Raises:
        OSError: the segment cannot be read, or the disk refuses.
    """
    target = path.with_suffix(_COMPRESSED_SUFFIX)
    partial = target.with_suffix(".partial")
    with path.open("rb") as source, pa.CompressedOutputStream(str(partial), "zstd") as packed:
        while chunk := source.read(_COPY_BYTES):
            packed.write(chunk)
    _sync_path(partial)
    partial.replace(target)
    _sync_path(path.parent)
    return target


def remove_segments(folder: Path, before: Position, *, keep: Collection[Path] = ()) -> list[Path]:
    """Remove the segments that lie wholly before a position, and return them.

    Neither that of the position, nor the newest, nor one in `keep` is removed. Compressed ones
    are their capturer's to remove.
    """
    kept = set(keep)
    removed = [
        path
        for path in segments(folder)[:-1]
        if segment_number(path) < before.segment and path not in kept
    ]
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


def _all_segments(folder: Path) -> list[Path]:
    return segments(folder) + compressed_segments(folder)


def size_of(path: Path) -> int:
    """Return a file's size; 0 if it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_path(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _locked(folder: Path) -> int:
    """Return a lock on the folder that ends with this process, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise _unavailable(error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        reason = "another process writes it"
        raise SourceUnavailable(source="journal", reason=reason) from error
    return file


def _unavailable(error: OSError) -> SourceUnavailable:
    return SourceUnavailable(source="journal", reason=error.strerror or repr(error))
