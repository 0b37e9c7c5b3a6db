"""Own how an answer becomes a file: it appears under its name only when it is whole."""

from pathlib import Path
from typing import BinaryIO

from heliostat.effects import Flow, Write, read_chunk
from heliostat.models import ExportResult


def save(to: Path | BinaryIO) -> Flow[ExportResult]:
    """Write the rest of the open answer to a path or an open file."""
    if not isinstance(to, Path):
        return ExportResult(path=None, bytes_written=(yield from _copy_to(to)))
    part = to.with_name(f"{to.name}.part")
    try:
        with part.open("wb") as sink:
            written = yield from _copy_to(sink)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return ExportResult(path=str(to), bytes_written=written)


def _copy_to(sink: BinaryIO) -> Flow[int]:
    written = 0
    while (chunk := (yield from read_chunk())) is not None:
        written += len(chunk)
        yield Write(sink, chunk)
    return written
