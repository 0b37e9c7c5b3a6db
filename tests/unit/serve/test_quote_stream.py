"""Check where a stream of quotes starts again, and what it sends."""

import asyncio
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from serve.market_stream import _event_id, start_positions
from serve.routes import quote_stream
from storage.cache import StreamEntry
from tests.identities import HEADERS

AUTHORIZATION = HEADERS
entry_ids = st.builds("{}-{}".format, st.integers(0, 10**15), st.integers(0, 10**6))
codes = st.lists(st.sampled_from(["CL", "NG", "HO", "RB", "B"]), min_size=1, unique=True)
almost = st.lists(
    st.sampled_from(["CL", "NG", ":", "-", ",", "$", "0", "17", "9" * 25, " ", "²", "٣"])
).map("".join)


def test_without_a_last_event_everything_is_from_now_on() -> None:
    assert start_positions(None, ["CL", "NG"]) == {"CL": "$", "NG": "$"}
    assert start_positions("", ["CL"]) == {"CL": "$"}


@given(codes, st.data())
def test_an_event_id_is_read_back(asked: list[str], data: st.DataObject) -> None:
    position = {code: data.draw(entry_ids | st.just("$")) for code in asked}
    assert start_positions(_event_id(position), asked) == position


@given(codes, st.text() | almost)
def test_any_text_is_read_or_refused(asked: list[str], text: str) -> None:
    try:
        position = start_positions(text, asked)
    except InvalidInput:
        return
    assert list(position) == asked
    for entry_id in position.values():
        assert entry_id == "$" or re.fullmatch("[0-9]+-[0-9]+", entry_id)
        assert all(int(part) < 2**64 for part in entry_id.split("-") if part != "$")


def test_products_that_are_not_asked_for_are_left_out() -> None:
    assert start_positions("NG:5-0,CL:7-1", ["CL", "HO"]) == {"CL": "7-1", "HO": "$"}


@pytest.mark.parametrize(
    "text", ["CL", "CL:", "CL:5", "CL:5-", "CL:-5", "CL:x-y", "5-0", "CL:5-0-1"]
)
def test_other_ids_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        start_positions(text, ["CL"])
    assert caught.value.context["field"] == "Last-Event-ID"


def entry(product: str, entry_id: str, event: str) -> StreamEntry:
    payload = json.dumps({"event": event, "product": product, "price": "71.60"}).encode()
    return StreamEntry(product, entry_id, payload)


def events_of(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.replace("\r", "").split("\n\n") if "data:" in block]
    return [
        dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        for block in blocks
    ]


async def test_events_carry_where_to_resume(edge: Any) -> None:
    edge.cache.reads = [
        [entry("CL", "5-0", "quote"), entry("NG", "2-0", "trade")],
        [],
        [entry("CL", "6-0", "gap"), entry("CL", "7-0", "quote")],
    ]
    async with edge.client(streams=True) as client:
        answer = await client.get(
            "/quotes?products=CL,NG&max_events=3", headers={"Last-Event-ID": "CL:4-0"}
        )
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert [(event["event"], event.get("id")) for event in events] == [
        ("quote", "CL:5-0,NG:$"),
        ("trade", "CL:5-0,NG:2-0"),
        ("heartbeat", None),
        ("gap", "CL:6-0,NG:2-0"),
    ]
    assert json.loads(events[0]["data"]) == {"event": "quote", "product": "CL", "price": "71.60"}
    assert edge.cache.asked[0] == {"CL": "4-0", "NG": "$"}
    assert edge.cache.asked[-1] == {"CL": "5-0", "NG": "2-0"}


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("products=XX", {}, 404, "unknown-product"),
        ("products=CL,XX", {}, 404, "unknown-product"),
        ("products=", {}, 404, "unknown-product"),
        ("products=CL,", {}, 404, "unknown-product"),
        ("max_events=0", {}, 422, "invalid-input"),
        ("product=CL", {}, 422, "invalid-input"),
        ("max_events=x", {}, 422, "invalid-input"),
        ("", {"Last-Event-ID": "5"}, 422, "invalid-input"),
        ("", {"Last-Event-ID": f"CL:{'9' * 20}-0"}, 422, "invalid-input"),
    ],
)
async def test_a_refusal_comes_before_the_stream(
    edge: Any, query: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with edge.client(streams=True) as client:
        answer = await client.get(f"/quotes?{query}", headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"https://heliostat.dev/problems/{code}"
    assert edge.cache.asked == []


async def test_what_is_no_longer_kept_is_a_gap(edge: Any) -> None:
    edge.cache.lost = {"NG": "6-0"}
    edge.cache.reads = [[entry("NG", "6-1", "quote")]]
    async with edge.client(streams=True) as client:
        answer = await client.get(
            "/quotes?products=CL,NG&max_events=2", headers={"Last-Event-ID": "CL:4-0,NG:2-0"}
        )
    gap, after = events_of(answer.text)
    assert (gap["event"], gap["id"]) == ("gap", "CL:4-0,NG:6-0")
    assert json.loads(gap["data"]) == {
        "event": "gap",
        "product": "NG",
        "venue": "cme",
        "reason": "trimmed",
        "instruments": [],
    }
    assert (after["event"], after["id"]) == ("quote", "CL:4-0,NG:6-1")
    assert edge.cache.asked == [{"CL": "4-0", "NG": "6-0"}]


async def raw_stream(edge: Any, slow_from: int | None = None) -> list[dict[str, Any]]:
    """Ask for the stream and return what is sent; nothing is taken from message `slow_from` on."""
    sent: list[dict[str, Any]] = []
    headers = [(name.lower().encode(), value.encode()) for name, value in AUTHORIZATION.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/quotes",
        "raw_path": b"/quotes",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
    }

    async def send(message: dict[str, Any]) -> None:
        if len(sent) == slow_from:
            await asyncio.Event().wait()
        sent.append(message)

    await edge.streams(scope, asyncio.Event().wait, send)
    return sent


async def test_a_stream_whose_cache_is_gone_breaks_off(edge: Any) -> None:
    edge.cache.reads = [[entry("CL", "5-0", "quote")]]
    _, body = await raw_stream(edge)
    assert b"id: CL:5-0" in body["body"]
    assert body["more_body"]


async def test_a_reader_that_stops_reading_is_let_go(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quote_stream, "SEND_WITHIN_S", 0.01)
    edge.cache.reads = [[entry("CL", f"{n}-0", "quote")] for n in range(5, 9)]
    sent = await raw_stream(edge, slow_from=2)
    assert len(sent) == 2
    assert edge.cache.reads


async def test_a_product_asked_for_twice_is_sent_once(edge: Any) -> None:
    edge.cache.reads = [[entry("CL", "5-0", "quote")]]
    async with edge.client(streams=True) as client:
        answer = await client.get("/quotes?products=CL,CL&max_events=1")
    assert [event["id"] for event in events_of(answer.text)] == ["CL:5-0"]
