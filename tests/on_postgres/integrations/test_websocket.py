"""Hold the WebSocket connection against an independent server."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from core.clock import SystemClock
from integrations.websocket import (
    MessageSocket,
    Received,
    SocketEnded,
    SocketLimits,
    SocketRefused,
    open_socket,
)

pytestmark = pytest.mark.postgres

FLOOD = 20_000


async def echo(websocket: ServerConnection) -> None:
    assert websocket.request is not None
    key = websocket.request.headers["X-Key"]
    async for message in websocket:
        await websocket.send(json.dumps({"text": message, "key": key}))


async def ping(websocket: ServerConnection) -> None:
    await (await websocket.ping())
    await websocket.send("answered")


async def say_farewell(websocket: ServerConnection) -> None:
    await websocket.send("last words")
    await websocket.close(4001, "go away")


async def abort(websocket: ServerConnection) -> None:
    await websocket.send("last words")
    websocket.transport.abort()


async def flood(websocket: ServerConnection) -> None:
    for number in range(FLOOD):
        await websocket.send(f"{number:<500}")


BEHAVIOURS = {
    "/echo": echo,
    "/ping": ping,
    "/farewell": say_farewell,
    "/abort": abort,
    "/flood": flood,
    "/parts": lambda websocket: websocket.send(iter(["one ", "", "message"])),
    "/long": lambda websocket: websocket.send("x" * 200_000),
    "/long-parts": lambda websocket: websocket.send(iter(["x" * 50_000] * 4)),
}


async def behave(websocket: ServerConnection) -> None:
    assert websocket.request is not None
    await BEHAVIOURS[websocket.request.path](websocket)
    await websocket.wait_closed()


def refuse(connection: ServerConnection, request: Request) -> Response | None:
    if request.path == "/401":
        return connection.respond(401, "no")
    if request.path == "/302":
        moved = connection.respond(302, "")
        moved.headers["Location"] = "/echo"
        return moved
    return None


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serve(behave, "127.0.0.1", 0, process_request=refuse) as running:
        yield running


def opened(server: Server, path: str, **limits: Any) -> Any:
    port = next(iter(server.sockets)).getsockname()[1]
    small = SocketLimits(max_message_bytes=100_000, **limits)
    return open_socket(f"ws://127.0.0.1:{port}{path}", {"X-Key": "k"}, small, SystemClock())


async def texts(socket: MessageSocket) -> list[str]:
    return [message.decode() for _, message in await socket.receive(5.0)]


async def test_text_and_headers_go_through(server: Server) -> None:
    async with opened(server, "/echo") as socket:
        before_ns = SystemClock().now_ns()
        socket.send_text("Δ".encode())
        received: list[Received] = await socket.receive(5.0)
        ((received_ns, message),) = received
        assert json.loads(message) == {"text": "Δ", "key": "k"}
        assert before_ns <= received_ns <= SystemClock().now_ns()
        with pytest.raises(SocketEnded, match=r"silent for 0\.1 s"):
            await socket.receive(0.1)


@pytest.mark.parametrize(("path", "text"), [("/parts", "one message"), ("/ping", "answered")])
async def test_parts_are_joined_and_pings_answered(server: Server, path: str, text: str) -> None:
    async with opened(server, path) as socket:
        assert await texts(socket) == [text]


@pytest.mark.parametrize(
    ("path", "reason"), [("/farewell", "closed with code 4001 go away"), ("/abort", "without")]
)
async def test_what_came_before_the_end_is_received(server: Server, path: str, reason: str) -> None:
    async with opened(server, path) as socket:
        assert await texts(socket) == ["last words"]
        for _ in range(2):
            with pytest.raises(SocketEnded, match=reason):
                await socket.receive(5.0)
        with pytest.raises(SocketEnded, match=reason):
            socket.send_text(b"too late")


@pytest.mark.parametrize("path", ["/long", "/long-parts"])
async def test_a_message_that_is_too_long_ends_the_connection(server: Server, path: str) -> None:
    async with opened(server, path) as socket:
        with pytest.raises(SocketEnded, match="1009"):
            await socket.receive(5.0)


async def test_a_reader_that_rests_stops_the_sender(server: Server) -> None:
    async with opened(server, "/flood", max_waiting=50, kernel_bytes=1 << 16) as socket:
        connection = next(iter(server.connections))
        async with asyncio.timeout(20):
            while connection.transport.get_write_buffer_size() == 0:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
        received: list[str] = []
        while len(received) < FLOOD:
            batch = await texts(socket)
            assert len(batch) < 1000
            received.extend(batch)
        assert received == [f"{number:<500}" for number in range(FLOOD)]


async def test_a_resting_connection_closes(server: Server) -> None:
    async with asyncio.timeout(10):
        async with opened(server, "/flood", max_waiting=10) as socket:
            assert await texts(socket)


@pytest.mark.parametrize("status", [401, 302])
async def test_a_refusal_tells_its_status(server: Server, status: int) -> None:
    with pytest.raises(SocketRefused, match=f"status {status}") as refused:
        async with opened(server, f"/{status}"):
            raise AssertionError
    assert refused.value.status == status


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1/x", "http://127.0.0.1/x", "nonsense"])
async def test_no_connection_is_a_refusal(url: str) -> None:
    with pytest.raises(SocketRefused) as refused:
        async with open_socket(url, {}, SocketLimits(), SystemClock()):
            raise AssertionError
    assert refused.value.status is None


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with silent:
        url = f"ws://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"
        with pytest.raises(SocketRefused, match="TimeoutError"):
            async with open_socket(url, {}, SocketLimits(open_timeout_s=0.2), SystemClock()):
                raise AssertionError
