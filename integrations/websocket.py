"""Own WebSocket connections that hand over all messages that have arrived, with bounded memory."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSProtocolError,
    WSTransport,
    ws_connect,
)

from core.clock import Clock

Received = tuple[int, bytes]
"""Pair the time of receipt in nanoseconds with a message."""

_TEXT = WSMsgType.TEXT
_PARTS = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION)
_PROXY_SCHEMES = {"ws": "http", "wss": "https"}
_AT_ONCE = 128


class SocketRefused(Exception):
    """Raised when no connection comes about; `status` is the HTTP status, if there was one."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class SocketEnded(Exception):
    """Raised when a connection has ended, or was silent for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits:
    """Bound a connection. Reading pauses while `max_waiting` messages wait to be fetched.

    The kernel keeps at most twice `kernel_bytes` besides. `open_timeout_s` holds for the
    handshake, and twice that for the whole opening.
    """

    open_timeout_s: float = 10.0
    close_timeout_s: float = 1.0
    max_message_bytes: int = 1 << 20
    max_waiting: int = 4096
    kernel_bytes: int = 1 << 19
    trust_environment: bool = False


class _Listener(WSListener):
    """Collect messages as they arrive; wake whoever waits for the first.

    `on_ws_frame` runs for every message, and each look at the frame costs a tenth of the whole.
    """

    def __init__(self, clock: Clock, limits: SocketLimits) -> None:
        self.messages: list[Received] = []
        self.arrived = asyncio.Event()
        self.ended: str | None = None
        self._clock = clock
        self._limits = limits
        self._notice_at = limits.max_waiting
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._now_ns: int | None = None
        self._transport: WSTransport | None = None
        self._is_paused = False
        self._is_closing = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        # One read brings at most what the kernel keeps, whatever `max_waiting` says.
        kernel = transport.underlying_transport.get_extra_info("socket")
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._limits.kernel_bytes)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is _TEXT and frame.fin and not self._parts:
            self._take(frame.get_payload_as_bytes())
        elif kind in _PARTS:
            self._take_part(frame)
        elif kind is WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def _take_part(self, frame: WSFrame) -> None:
        if self._is_closing:
            return
        self._parts.append(frame.get_payload_as_bytes())
        self._parts_bytes += frame.payload_size
        if self._parts_bytes > self._limits.max_message_bytes:
            self.discard()
            reason = "the message is too long"
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, reason)
        if frame.fin:
            self._take(b"".join(self._parts))
            self._parts, self._parts_bytes = [], 0

    def _take(self, message: bytes) -> None:
        now_ns = self._now_ns
        if now_ns is None:
            # What one read of the socket brings was received at one time; the loop forgets it
            # before it reads again.
            now_ns = self._now_ns = self._clock.now_ns()
            self._loop.call_soon(self._forget_time)
        messages = self.messages
        messages.append((now_ns, message))
        waiting = len(messages)
        if waiting == 1 or waiting >= self._notice_at:
            self._notice()

    def _forget_time(self) -> None:
        self._now_ns = None

    def _notice(self) -> None:
        if self._is_closing:
            self.messages.clear()
            return
        self.arrived.set()
        if len(self.messages) >= self._notice_at and not self._is_paused:
            self._set_paused(True)

    def fetch(self) -> list[Received]:
        """Return the first of the waiting messages and make room for more."""
        messages = self.messages[:_AT_ONCE]
        del self.messages[:_AT_ONCE]
        if self.ended is None and not self.messages:
            self.arrived.clear()
            if self._is_paused:
                self._set_paused(False)
        if self._transport is not None and self._transport.is_close_frame_sent:
            # After a frame that was too long, the library reads on until it has hung up.
            longest = self._limits.max_message_bytes
            messages = [received for received in messages if len(received[1]) <= longest]
        return messages

    def discard(self) -> None:
        """Take in nothing more, and let what still comes pass by, the farewell included."""
        self._is_closing, self._notice_at = True, 0
        self.messages, self._parts = [], []
        if self.ended is None and self._is_paused:
            self._set_paused(False)

    def _set_paused(self, is_paused: bool) -> None:
        if self._transport is None:
            return
        self._is_paused = is_paused
        underlying = self._transport.underlying_transport
        if is_paused:
            underlying.pause_reading()
        else:
            underlying.resume_reading()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.ended = _farewell(transport)
        self.arrived.set()


class MessageSocket:
    """Be one open WebSocket."""

    def __init__(self, transport: WSTransport, listener: _Listener, limits: SocketLimits) -> None:
        self._transport = transport
        self._listener = listener
        self._limits = limits

    async def receive(self, timeout_s: float) -> list[Received]:
        """Wait for messages and return those that have arrived, at least one, in order.

        Of many, some at a time: whoever else has work to do has a turn between two calls.

        Raises:
            SocketEnded: the connection has ended and nothing is left, or nothing came in time.
        """
        listener = self._listener
        if listener.messages:
            await asyncio.sleep(0)
        try:
            async with asyncio.timeout(timeout_s):
                while not (messages := listener.fetch()):
                    if listener.ended is not None:
                        raise SocketEnded(listener.ended)
                    await listener.arrived.wait()
        except TimeoutError as error:
            message = f"silent for {timeout_s:g} s"
            raise SocketEnded(message) from error
        return messages

    def send_text(self, message: bytes) -> None:
        """Send a text message.

        Raises:
            SocketEnded: the connection has ended.
        """
        if self._listener.ended is not None:
            raise SocketEnded(self._listener.ended)
        self._transport.send(WSMsgType.TEXT, message)

    async def close(self) -> None:
        """Say farewell, wait for the answer a moment, and end the connection."""
        self._listener.discard()
        if self._listener.ended is None:
            self._transport.send_close(WSCloseCode.OK)
            # What ended the connection before was told to whoever received.
            with suppress(TimeoutError, WSError, OSError):
                async with asyncio.timeout(self._limits.close_timeout_s):
                    await self._transport.wait_disconnected()
        self._transport.disconnect(graceful=False)
        with suppress(WSError, OSError):
            await self._transport.wait_disconnected()


def _farewell(transport: WSTransport) -> str:
    handshake = transport.close_handshake
    said = None if handshake is None else handshake.recv or handshake.sent
    if said is None:
        return "closed without a word"
    return f"closed with code {said.code:d} {said.reason}".rstrip()


@asynccontextmanager
async def open_socket(
    url: str, headers: Mapping[str, str], limits: SocketLimits, clock: Clock
) -> AsyncIterator[MessageSocket]:
    """Open a connection, and close it when done. Redirections are not followed.

    Raises:
        SocketRefused: no connection came about.
    """
    transport, listener = await _connect(url, headers, limits, clock)
    opened = MessageSocket(transport, listener, limits)
    try:
        yield opened
    finally:
        await opened.close()


async def _connect(
    url: str, headers: Mapping[str, str], limits: SocketLimits, clock: Clock
) -> tuple[WSTransport, _Listener]:
    listener = _Listener(clock, limits)
    try:
        # Cut off in its handshake, the library would leave the socket open: it has a limit itself.
        async with asyncio.timeout(2 * limits.open_timeout_s):
            transport, _ = await ws_connect(
                lambda: listener,
                url,
                extra_headers=headers,
                max_frame_size=limits.max_message_bytes,
                max_redirects=0,
                proxy=_proxy_of(url) if limits.trust_environment else None,
                websocket_handshake_timeout=limits.open_timeout_s,
            )
    except WSHandshakeError as error:
        status = None if error.response is None else int(error.response.status)
        reason = f"status {status}" if status else str(error)
        raise SocketRefused(reason, status) from error
    except (OSError, TimeoutError, WSError) as error:
        reason = f"{type(error).__name__} {error}".rstrip()
        raise SocketRefused(reason) from error
    return transport, listener


def _proxy_of(url: str) -> str | None:
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(_PROXY_SCHEMES.get(parts.scheme, ""))
