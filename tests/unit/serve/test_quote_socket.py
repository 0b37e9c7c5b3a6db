"""Check the WebSocket: who may open it, how, and that it carries the events of the stream."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from serve.routes import quote_socket
from storage.cache import StreamEntry
from tests.identities import HEADERS, KEY

AUTHORIZATION = HEADERS
EVENTS = [
    {"id": "CL:5-0", "event": "quote", "bid": "71.60"},
    {"id": "CL:6-0", "event": "trade", "price": "-37.63"},
]


@dataclass
class Talk:
    """Hold what an application said on a socket."""

    events: list[dict[str, Any]] = field(default_factory=list)
    subprotocol: str | None = None
    code: int | None = None
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            self.subprotocol = message.get("subprotocol")
        elif message["type"] == "websocket.send":
            self.events.append(json.loads(message["text"]))
        else:
            self.code = message["code"]


async def talk(
    edge: Any,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
    say: tuple[dict[str, Any], ...] = (),
    unread_from: int | None = None,
) -> Talk:
    """Open a socket, say something and hear the application to its end.

    From event `unread_from` on nothing is taken; after `leave` is set the reader is gone.
    """
    heard = Talk()
    path, _, query = url.partition("?")
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        "subprotocols": list(subprotocols),
        "extensions": {"websocket.http.response": {}},
    }
    said = iter([{"type": "websocket.connect"}, *say])

    async def receive() -> dict[str, Any]:
        for message in said:
            return message
        await heard.leave.wait()
        return {"type": "websocket.disconnect", "code": 1005}

    async def send(message: dict[str, Any]) -> None:
        if len(heard.events) == unread_from and message["type"] == "websocket.send":
            await asyncio.Event().wait()
        await heard.hear(message)

    async with asyncio.timeout(10):
        await edge.streams(scope, receive, send)
    return heard


def text(message: str) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": message}


@pytest.fixture(autouse=True)
def _entries(edge: Any) -> None:
    edge.cache.reads = [
        [
            StreamEntry("CL", "5-0", b'{"event":"quote","bid":"71.60"}'),
            StreamEntry("CL", "6-0", b'{"event":"trade","price":"-37.63"}'),
        ]
    ]


async def test_a_program_sends_its_key_as_a_header(edge: Any) -> None:
    url = "/ws?products=CL&max_events=2&last_event_id=CL:4-0"
    heard = await talk(edge, url, headers=AUTHORIZATION)
    assert (heard.events, heard.code, heard.subprotocol) == (EVENTS, 1000, None)
    assert edge.cache.asked == [{"CL": "4-0"}]


async def test_a_browser_offers_its_key_as_a_subprotocol_that_is_not_repeated(edge: Any) -> None:
    heard = await talk(edge, "/ws?max_events=2", subprotocols=("heliostat", f"key.{KEY}"))
    assert (heard.events, heard.code, heard.subprotocol) == (EVENTS, 1000, "heliostat")


async def test_the_first_message_may_hold_everything(edge: Any) -> None:
    asked = {"key": KEY, "products": "CL,NG", "last_event_id": "NG:3-0", "max_events": 1}
    heard = await talk(edge, "/ws", say=(text(json.dumps(asked)),))
    assert ([event["event"] for event in heard.events], heard.code) == (["quote"], 1000)
    assert heard.events[0]["id"] == "CL:5-0,NG:3-0"
    assert edge.cache.asked == [{"CL": "$", "NG": "3-0"}]


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("/ws", {"headers": {"Authorization": "Bearer wrong"}}),
        ("/ws", {"headers": {"Authorization": f"Basic {KEY}"}}),
        ("/ws", {"subprotocols": ("heliostat", "key.wrong")}),
        ("/ws", {"say": (text('{"key": "wrong"}'),)}),
        ("/ws", {"say": (text('{"key": null}'),)}),
        ("/ws", {"say": (text("{}"),)}),
        ("/ws", {"say": (text("[]"),)}),
        ("/ws", {"say": (text("nonsense"),)}),
        ("/ws", {"say": (text(json.dumps({"key": KEY, "more": "x" * 20_000})),)}),
        ("/ws", {"say": ({"type": "websocket.receive", "bytes": b"\x00"},)}),
        (f"/ws?key={KEY}", {"say": (text("{}"),)}),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_without_a_key_nothing_is_sent(edge: Any, url: str, options: dict[str, Any]) -> None:
    heard = await talk(edge, url, **options)
    (refusal,) = heard.events
    assert (refusal["event"], refusal["problem"]["status"], heard.code) == ("error", 401, 4401)
    assert edge.cache.asked == []


async def test_who_says_nothing_is_refused(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quote_socket, "FIRST_MESSAGE_WITHIN_S", 0.01)
    assert (await talk(edge, "/ws")).code == 4401


@pytest.mark.parametrize(
    ("query", "code", "problem"),
    [
        ("products=XX", 4404, "unknown-product"),
        ("products=", 4404, "unknown-product"),
        ("last_event_id=5", 4422, "invalid-input"),
        ("max_events=0", 4422, "invalid-input"),
        ("product=CL", 4422, "invalid-input"),
        (f"key={KEY}", 4422, "invalid-input"),
        ("max_events=many", 4422, "invalid-input"),
    ],
)
async def test_a_refusal_says_why(edge: Any, query: str, code: int, problem: str) -> None:
    heard = await talk(edge, f"/ws?{query}", headers=AUTHORIZATION)
    (refusal,) = heard.events
    assert heard.code == code
    assert refusal["problem"]["type"] == f"https://heliostat.dev/problems/{problem}"


async def test_without_the_cache_the_reader_is_told(edge: Any) -> None:
    heard = await talk(edge, "/ws", headers=AUTHORIZATION)
    *events, refusal = heard.events
    assert events == EVENTS
    assert (refusal["event"], refusal["problem"]["status"], heard.code) == ("error", 503, 4503)


async def test_what_a_reader_says_later_is_not_heard(edge: Any) -> None:
    say = (text("hello"), {"type": "websocket.receive", "bytes": b"1"})
    heard = await talk(edge, "/ws?max_events=2", headers=AUTHORIZATION, say=say)
    assert (heard.events, heard.code) == (EVENTS, 1000)


async def test_a_reader_that_stops_reading_is_let_go(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quote_socket, "SEND_WITHIN_S", 0.01)
    heard = await talk(edge, "/ws", headers=AUTHORIZATION, unread_from=1)
    assert (heard.events, heard.code) == (EVENTS[:1], 1008)


async def test_a_reader_that_leaves_ends_the_stream(edge: Any) -> None:
    async def wait(_positions: dict[str, str], _block_ms: int, _count: int) -> list[StreamEntry]:
        heard.append("asked")
        await asyncio.Event().wait()
        raise AssertionError

    heard: list[str] = []
    edge.cache.read_quotes = wait
    leaving = {"type": "websocket.disconnect", "code": 1005}
    talked = await talk(edge, "/ws", headers=AUTHORIZATION, say=(leaving,))
    assert (talked.events, talked.code) == ([], None)
