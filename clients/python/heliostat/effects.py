"""Own what a flow may ask of its transport; both transports know these five and nothing else.

A flow is a generator: it yields effects, receives their outcome, and returns its answer. Retries,
paging and stream resume are flows, written once for the synchronous and asynchronous client.
"""

from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeVar

import anyio
import httpx

from heliostat.errors import Unreachable

T = TypeVar("T")

UPLOAD_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileBody:
    """Send a file in chunks; each attempt reads it from its beginning."""

    path: Path

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(UPLOAD_CHUNK_BYTES):
                yield chunk

    async def achunks(self) -> AsyncIterator[bytes]:
        async with await anyio.open_file(self.path, "rb") as file:
            while chunk := await file.read(UPLOAD_CHUNK_BYTES):
                yield chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Describe one request; a `repeatable` one may be sent twice without harm."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | FileBody | None = None
    repeatable: bool = True
    silence_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Hold the head of an answer; its body follows by `Read`."""

    status: int
    headers: httpx.Headers

    @property
    def media_type(self) -> str:
        content_type: str = self.headers.get("content-type", "")
        return content_type.partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Open:
    """Send a call; the outcome is a `Reply`, or `Unreachable` is thrown into the flow."""

    call: Call


@dataclass(frozen=True, slots=True)
class Read:
    """Take the next chunk of the open answer; the outcome is bytes, or None at its end."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Write:
    """Write a chunk to an open file."""

    sink: BinaryIO
    chunk: bytes


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand an item to whoever iterates over the flow."""

    item: Any


Effect: TypeAlias = Open | Read | Pause | Write | Emit
Flow: TypeAlias = Generator[Effect, Any, T]


def open_call(call: Call) -> Flow[Reply]:
    """Send a call and return the head of its answer."""
    reply: Reply = yield Open(call)
    return reply


def read_chunk() -> Flow[bytes | None]:
    """Return the next chunk of the open answer, or None at its end."""
    chunk: bytes | None = yield Read()
    return chunk


def read_all() -> Flow[bytes]:
    """Return the rest of the open answer."""
    chunks: list[bytes] = []
    while (chunk := (yield from read_chunk())) is not None:
        chunks.append(chunk)
    return b"".join(chunks)


def unreachable(url: str, error: httpx.RequestError) -> Unreachable:
    """Return our error of a transport's, telling whether the request may have left."""
    never_left = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    what = "took too long to answer" if isinstance(error, httpx.TimeoutException) else "is lost"
    if never_left:
        what = "does not answer"
    reason = f" ({error})" if str(error) else ""
    return Unreachable(f"The API at {url} {what}{reason}.", sent=not never_left)
