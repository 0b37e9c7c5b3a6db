"""Own a closed loop: so many connections, each of which asks again once it was answered.

It speaks the least of HTTP/1.1 that all sides need, so that the machine's cores go to who answers.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import uvloop

_HEAD_ENDS = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Ask for a path of a server on loopback, with so many connections, for so long."""

    port: int
    path: str
    key: str
    connections: int
    seconds: float


@dataclass(slots=True)
class Counted:
    """Hold how long answers took, in seconds, and how many were not 200."""

    took: list[float] = field(default_factory=list)
    refused: int = 0


def load_worker(pipe: Any) -> None:
    """Answer each order of a `Load` with what was counted."""
    pipe.send("ready")
    with suppress(EOFError):
        while True:
            _, load = pipe.recv()
            pipe.send(uvloop.run(_drive(load)))


async def _drive(load: Load) -> Counted:
    loop = asyncio.get_running_loop()
    counted = Counted()
    until = time.perf_counter() + load.seconds
    ended = [loop.create_future() for _ in range(load.connections)]
    for end in ended:
        await loop.create_connection(
            lambda end=end: _Connection(_request(load), counted, until, end),  # type: ignore[misc]
            "127.0.0.1",
            load.port,
        )
    await asyncio.gather(*ended)
    return counted


def _request(load: Load) -> bytes:
    return (
        f"GET {load.path} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\n"
        f"Authorization: Bearer {load.key}\r\nAccept: */*\r\n\r\n"
    ).encode()


class _Connection(asyncio.Protocol):
    def __init__(
        self, request: bytes, counted: Counted, until: float, end: "asyncio.Future[None]"
    ) -> None:
        self._request = request
        self._counted = counted
        self._until = until
        self._end = end
        self._received = bytearray()
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # what TCP makes
        self._ask()

    def _ask(self) -> None:
        self._received.clear()
        self._asked_at = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not _is_whole(self._received):
            return
        now = time.perf_counter()
        self._counted.took.append(now - self._asked_at)
        self._counted.refused += not self._received.startswith(b"HTTP/1.1 200")
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._end.done():
            return
        if error is None and time.perf_counter() >= self._until:
            self._end.set_result(None)
        else:
            self._end.set_exception(error or ConnectionError("the server closed a connection"))


def _is_whole(received: bytearray) -> bool:
    split = received.find(_HEAD_ENDS)
    if split < 0:
        return False
    head = bytes(received[:split]).lower()
    _, named, rest = head.partition(b"content-length:")
    if named:
        return len(received) - split - len(_HEAD_ENDS) >= int(rest.partition(b"\r\n")[0])
    return received.endswith(_LAST_CHUNK)
