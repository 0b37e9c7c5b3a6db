"""Own the process that stands in for a venue under load: it speaks CME's wire, and spoils it.

Frames are rendered beforehand, so that the feed under test has the other core to itself.
"""

import asyncio
import random
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from zlib import crc32

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from benchmarks.feeds.frames import Rendered, Stream
from core.clock import ShiftedClock
from core.market import Instrument, PriceEvent, Quote
from integrations.cme.sandbox.app import CmeSandbox, SandboxConfig
from integrations.cme.sandbox.messages import (
    decode_request,
    encode_heartbeat,
    encode_login_status,
    encode_subscription_status,
)
from integrations.sandbox_kit import LOOPBACK, SandboxServer

NO_EVENT = -1
_AT_ONCE = 64
_PAUSE_S = 0.001
_HEARTBEAT_S = 1.0
_HIGH_WATER_BYTES = 1 << 18
_TEXT_FRAME = 0x81
_SHORT, _LONG = 126, 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Say how likely each accident is to happen to a frame, drawn by a seed."""

    seed: int
    skipped: float = 0.0
    repeated: float = 0.0
    reordered: float = 0.0
    truncated: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blast:
    """Describe what to send: how many events, how many a second (None: all that is taken).

    With `is_lazy` frames are rendered while sending, for more of them than memory holds.
    """

    stream: Stream
    count: int
    rate: float | None = None
    faults: Faults | None = None
    is_lazy: bool = False


@dataclass(slots=True)
class SessionLog:
    """Hold what one session was sent, frame by frame.

    `checksums` are of the frames' bytes, `numbers` their sequence numbers and `events` the places
    of their events in the stream; NO_EVENT where there is none, in both where a frame was cut.
    """

    checksums: "array[int]"
    numbers: "array[int]"
    events: "array[int]"
    accepted_ns: int


class Started(NamedTuple):
    """Tell where the blaster listens."""

    http_url: str
    websocket_url: str


def run_blaster(orders: Connection, offset_ns: int) -> None:
    """Serve until the other end of `orders` is closed; orders are pairs of a word and a value."""
    asyncio.run(_Blaster(orders, offset_ns).run())


class _Session(asyncio.Protocol):
    """Serve one WebSocket connection: RFC 6455 by the library, frames written by ourselves."""

    def __init__(self, owner: "_Blaster") -> None:
        self.log = SessionLog(array("L"), array("q"), array("q"), owner.clock.now_ns())
        self.products: set[str] = set()
        self._owner = owner
        self._wire = ServerProtocol()
        self._transport: Any = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._sequence = 0
        self._held: tuple[bytes, int, int] | None = None
        self._out: list[bytes] = []
        self._faults: Faults | None = None
        self._rng = random.Random()  # noqa: S311 - accidents, not secrets

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        self._wire.receive_data(data)
        for event in self._wire.events_received():
            if isinstance(event, Request):
                self._wire.send_response(self._wire.accept(event))
                self._answer_wire()
                self.control(encode_login_status(self._next(), self._now_ns(), "authenticated"))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._subscribe(bytes(event.data))
        self._answer_wire()

    def connection_lost(self, exc: Exception | None) -> None:
        self._may_write.set()
        self._owner.sessions.discard(self)

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def _answer_wire(self) -> None:
        for data in self._wire.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()

    def _subscribe(self, content: bytes) -> None:
        request = decode_request(content)
        status = encode_subscription_status(self._next(), self._now_ns(), request, "SUBSCRIBED")
        self.control(status)
        if self not in self._owner.sessions:
            self._owner.sessions.add(self)
            self._owner.logs.append(self.log)
            self._faults = self._owner.faults
            # Each session meets other accidents, the same ones in every run.
            self._rng.seed(f"{self._faults and self._faults.seed}.{len(self._owner.logs)}")
        added = {entry.product_code for entry in request.payload.subscriptions}
        self.products |= added
        for index, rendered in self._owner.image(added):
            self._write(rendered.numbered(self._next()), self._sequence - 1, index)
        self._flush_now()

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1

    def _now_ns(self) -> int:
        return self._owner.clock.now_ns()

    def control(self, frame: bytes) -> None:
        """Send a message about the session."""
        self._write(frame, self._sequence - 1, NO_EVENT)
        self._flush_now()

    def heartbeat(self) -> None:
        """Send a heartbeat, and what was to be overtaken by it."""
        self.control(encode_heartbeat(self._next(), self._now_ns()))
        if self._held is not None:
            self._write(*self._held)
            self._held = None

    def put(self, rendered: Rendered, index: int) -> None:
        """Send an event with the next flush, unless an accident happens to it."""
        number = self._next()
        frame = rendered.numbered(number)
        if self._faults is None:
            self._write(frame, number, index)
            return
        held, self._held = self._held, None
        self._put_spoilt(self._faults, frame, number, index)
        if held is not None:
            self._write(*held)

    def _put_spoilt(self, faults: Faults, frame: bytes, number: int, index: int) -> None:
        drawn = self._rng.random() - faults.skipped
        if drawn < 0:
            return
        drawn -= faults.truncated
        if drawn < 0:
            self._write(frame[: len(frame) // 2], NO_EVENT, NO_EVENT)
            return
        drawn -= faults.reordered
        if drawn < 0:
            self._held = (frame, number, index)
            return
        self._write(frame, number, index)
        if drawn < faults.repeated:
            self._write(frame, number, index)

    def _write(self, frame: bytes, number: int, index: int) -> None:
        log = self.log
        log.checksums.append(crc32(frame))
        log.numbers.append(number)
        log.events.append(index)
        size = len(frame)
        if size < _SHORT:
            head = bytes((_TEXT_FRAME, size))
        elif size < _LONG:
            head = bytes((_TEXT_FRAME, _SHORT, size >> 8, size & 0xFF))
        else:
            head = bytes((_TEXT_FRAME, _SHORT + 1)) + size.to_bytes(8, "big")
        self._out += (head, frame)

    def _flush_now(self) -> None:
        self._transport.write(b"".join(self._out))
        self._out.clear()

    async def flush(self) -> None:
        """Send what waits, once the socket takes it."""
        self._flush_now()
        await self._may_write.wait()

    def drop(self) -> None:
        """End the connection without a word."""
        self._transport.abort()


class _Blaster:
    """Obey orders: prepare a blast, send it, drop every connection, hand over the logs."""

    def __init__(self, orders: Connection, offset_ns: int) -> None:
        self.clock = ShiftedClock(offset_ns)
        self.sessions: set[_Session] = set()
        self.logs: list[SessionLog] = []
        self._orders = orders
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._latest: dict[Instrument, tuple[int, Rendered]] = {}
        self._blast: Blast | None = None
        self._frames: Iterable[tuple[PriceEvent, Rendered]] = ()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        sandbox = CmeSandbox(SandboxConfig(seed=1, clock=self.clock))
        server = await loop.create_server(lambda: _Session(self), LOOPBACK, 0)
        async with SandboxServer(sandbox.app()) as http, server:
            port = server.sockets[0].getsockname()[1]
            self._orders.send(Started(http.http_url, f"ws://{LOOPBACK}:{port}"))
            loop.add_reader(self._orders.fileno(), self._obey)
            beating = asyncio.create_task(self._beat())
            await self._ended.wait()
            beating.cancel()
            for session in list(self.sessions):
                session.drop()

    @property
    def faults(self) -> Faults | None:
        return None if self._blast is None else self._blast.faults

    def image(self, products: Collection[str]) -> list[tuple[int, Rendered]]:
        """Return the last quote of every contract of some products, as a new session is told."""
        return [last for contract, last in self._latest.items() if contract.product in products]

    def _obey(self) -> None:
        try:
            word, value = self._orders.recv()
        except EOFError:
            self._ended.set()
            return
        if word == "prepare":
            self._prepare(value)
        elif word == "go":
            task = asyncio.create_task(self._send())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif word == "drop":
            for session in list(self.sessions):
                session.drop()
            self._orders.send(("dropped", None))
        else:
            self._orders.send(("logs", self.logs))

    def _prepare(self, blast: Blast) -> None:
        self._blast = blast
        self._latest.clear()
        self.logs.clear()
        frames = _rendered(blast)
        self._frames = frames if blast.is_lazy else list(frames)
        self._orders.send(("prepared", None))

    async def _send(self) -> None:
        blast = self._blast
        if blast is None:
            return
        loop = asyncio.get_running_loop()
        frames = iter(self._frames)
        begin, position = loop.time(), 0
        while position < blast.count:
            due = blast.count if blast.rate is None else int((loop.time() - begin) * blast.rate)
            some = min(_AT_ONCE, due - position)
            if some <= 0:
                await asyncio.sleep(_PAUSE_S)
                continue
            self._put(islice(frames, some), position)
            position += some
            for session in list(self.sessions):
                await session.flush()
            if not self.sessions:
                await asyncio.sleep(0)
        self._frames = ()
        self._orders.send(("sent", loop.time() - begin))

    def _put(self, frames: Iterator[tuple[PriceEvent, Rendered]], position: int) -> None:
        sessions = list(self.sessions)
        for index, (event, rendered) in enumerate(frames, position):
            if isinstance(event, Quote):
                self._latest[event.instrument] = index, rendered
            for session in sessions:
                if event.instrument.product in session.products:
                    session.put(rendered, index)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            for session in list(self.sessions):
                session.heartbeat()


def _rendered(blast: Blast) -> Iterator[tuple[PriceEvent, Rendered]]:
    for event in islice(blast.stream.iterate(), blast.count):
        yield event, Rendered.of(event)
