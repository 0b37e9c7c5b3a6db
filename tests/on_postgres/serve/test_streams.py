"""Follow the market stream over real sockets and a real cache: resume, trimming, slow readers."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
import websockets
from websockets.exceptions import ConnectionClosed

from core.clock import SystemClock
from heliostat import AsyncClient, Conflated, Gap, Quote, RetryPolicy
from serve.routes import quote_socket, quote_stream
from serve.services import EdgeConfig, Services
from serve.streams import create_streams
from storage.cache import MAX_STREAM_ENTRIES, Cache
from storage.pool import DatabaseUrls
from storage.vault.vault import open_vault
from tests.identities import HEADERS, KEY, KnownKeys
from tests.vaults import NO_VAULT

if TYPE_CHECKING:
    from fastapi import FastAPI

pytestmark = pytest.mark.postgres

WIDE = "x" * 2_000


def payload(number: int, contract: str = "202601", wide: str = "") -> bytes:
    fields = {
        "event": "quote",
        "product": "CL",
        "contract": contract,
        "symbol": "CLF26",
        "source": "sandbox",
        "event_time": "2026-01-05T12:00:00.000001Z",
        "event_ns": str(number),
        "bid": str(number),
        "bid_size": 1,
        "ask": None,
        "ask_size": None,
        "wide": wide,
    }
    return json.dumps(fields).encode()


def application(cache: Cache) -> "FastAPI":
    nothing: Any = None
    urls = DatabaseUrls(app="", read="", system="")
    config = EdgeConfig(
        database=urls,
        cache_url="",
        origin="http://edge",
        version="1",
        pages=None,
        venues=(),
        task_memory_bytes=0,
        vault=NO_VAULT,
        audit_anchors=Path("no-anchors.jsonl"),
    )
    services = Services(
        config=config,
        authenticator=KnownKeys(),
        keyring=nothing,
        vault=open_vault(NO_VAULT),
        pools=nothing,
        cache=cache,
        market=nothing,
        runs=nothing,
        feeds=nothing,
        models=nothing,
        parser=nothing,
        qpu=nothing,
        clock=SystemClock(),
    )

    async def opened() -> Services:
        return services

    app = create_streams(config, opened)
    app.state.services = services
    return app


@asynccontextmanager
async def serving(cache: Cache) -> AsyncIterator[int]:
    """Serve the streams below the prefix that they have on a stack."""
    from fastapi import FastAPI

    outer = FastAPI()
    outer.mount("/v1/streams", application(cache))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            outer, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def port(cache: Cache) -> AsyncIterator[int]:
    async with serving(cache) as port:
        yield port


async def last_id(cache: Cache) -> str:
    entries = await cache.read_quotes({"CL": "0-0"}, 1, 2 * MAX_STREAM_ENTRIES)
    return entries[-1].entry_id


async def test_a_socket_resumes_where_another_left(cache: Cache, port: int) -> None:
    await cache.publish_quotes({"CL": [payload(number) for number in range(10)]})
    url = f"ws://127.0.0.1:{port}/v1/streams/ws?products=CL"
    async with websockets.connect(
        f"{url}&last_event_id=CL:1-0", additional_headers=HEADERS
    ) as first:
        # From before the first entry, and nothing was ever trimmed: still a position not kept.
        assert json.loads(await first.recv())["reason"] == "trimmed"
        seen = [json.loads(await first.recv()) for _ in range(4)]
    asked = {"key": KEY, "products": "CL", "last_event_id": seen[-1]["id"], "max_events": 6}
    async with websockets.connect(f"ws://127.0.0.1:{port}/v1/streams/ws") as second:
        await second.send(json.dumps(asked))
        seen += [json.loads(message) async for message in second]
    assert [event["bid"] for event in seen] == [str(number) for number in range(10)]


async def test_a_browser_opens_with_subprotocols(cache: Cache, port: int) -> None:
    url = f"ws://127.0.0.1:{port}/v1/streams/ws?products=CL&max_events=1"
    names = [websockets.Subprotocol(name) for name in ("heliostat", f"key.{KEY}")]
    async with websockets.connect(url, subprotocols=names) as reader:
        assert reader.subprotocol == "heliostat"
        event = "heartbeat"
        while event == "heartbeat":
            # The socket opens before its subscription stands: what was published between is past.
            await cache.publish_quotes({"CL": [payload(1)]})
            with suppress(TimeoutError):
                event = json.loads(await asyncio.wait_for(reader.recv(), 1.0))["event"]
        assert event == "quote"


async def test_a_wrong_key_closes_with_its_reason(port: int) -> None:
    url = f"ws://127.0.0.1:{port}/v1/streams/ws"
    async with websockets.connect(url, additional_headers={"Authorization": "Bearer no"}) as reader:
        assert json.loads(await reader.recv())["problem"]["status"] == 401
        with pytest.raises(ConnectionClosed) as closed:
            await reader.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_who_resumes_behind_the_first_entry_is_told(cache: Cache, port: int) -> None:
    await cache.publish_quotes({"CL": [payload(0)]})
    start = await last_id(cache)
    published = MAX_STREAM_ENTRIES + 3_000
    contracts = ("202601", "202602", "202603")
    await cache.publish_quotes(
        {"CL": [payload(number, contracts[number % 3]) for number in range(1, published + 1)]}
    )
    url = f"ws://127.0.0.1:{port}/v1/streams/ws?products=CL&last_event_id=CL:{start}"
    events: list[dict[str, Any]] = []
    async with websockets.connect(url, additional_headers=HEADERS) as reader:
        while not events or events[-1].get("bid") != str(published):
            events.append(json.loads(await reader.recv()))
    assert (events[0]["event"], events[0]["reason"]) == ("gap", "trimmed")
    left_out = sum(event["left_out"] for event in events if event["event"] == "conflated")
    quotes = [event for event in events if event["event"] == "quote"]
    kept = len(await cache.read_quotes({"CL": "0-0"}, 1, 2 * MAX_STREAM_ENTRIES))
    assert left_out + len(quotes) == kept
    newest = {event["contract"]: int(event["bid"]) for event in quotes}
    assert sorted(newest.values()) == [published - 2, published - 1, published]


async def test_the_client_follows_with_the_same_marks(cache: Cache, port: int) -> None:
    await cache.publish_quotes({"CL": [payload(number) for number in range(1_500)]})
    retries = RetryPolicy(base_s=0.01)
    async with AsyncClient(f"http://127.0.0.1:{port}", KEY, retries=retries) as client:
        gap, conflated, newest = [
            event async for event in client.stream(["CL"], max_events=3, after="CL:1-0")
        ]
    assert isinstance(gap, Gap)
    assert gap.reason == "trimmed"
    assert isinstance(conflated, Conflated)
    assert conflated.left_out == 1_499
    assert isinstance(newest, Quote)
    assert newest.bid == 1_499


@pytest.mark.parametrize("wire", ["socket", "stream"])
async def test_a_reader_that_never_reads_is_let_go(
    cache: Cache, port: int, wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quote_socket, "SEND_WITHIN_S", 0.3)
    monkeypatch.setattr(quote_stream, "SEND_WITHIN_S", 0.3)
    asked = (
        "GET /v1/streams/{} HTTP/1.1\r\nHost: a\r\n"
        f"Authorization: {HEADERS['Authorization']}\r\n"
        "{}\r\n"
    )
    upgrade = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    request = asked.format("ws?products=CL", upgrade)
    if wire == "stream":
        request = asked.format("quotes?products=CL", "")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    writer.write(request.encode())
    await writer.drain()
    assert await reader.readexactly(12) in {b"HTTP/1.1 101", b"HTTP/1.1 200"}
    answering = {task for task in asyncio.all_tasks() if "run_asgi" in repr(task)}
    assert len(answering) == 1
    for number in range(40):
        contracts = [f"2{number:02d}{n:03d}" for n in range(500)]
        await cache.publish_quotes({"CL": [payload(number, name, WIDE) for name in contracts]})
    await asyncio.wait(answering, timeout=20)
    assert all(task.done() for task in answering)
    writer.close()
