"""Follow the market stream through the stack's own front door, over both wires."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from heliostat import Client, Gap, Quote
from heliostat.address import find_address
from heliostat.events import ContractEvent
from tests.on_ray.conftest import wait_for

if TYPE_CHECKING:
    from tests.on_ray.conftest import Stack

pytestmark = pytest.mark.ray

WITHIN_S = 60.0


def socket_url(stack: "Stack", query: str) -> str:
    base = find_address(data_dir=stack.data).url.replace("http://", "ws://", 1)
    return f"{base}/v1/streams/ws?{query}"


def key_of(stack: "Stack") -> str:
    return stack.chosen.secrets_key()


@asynccontextmanager
async def opened(stack: "Stack", query: str) -> AsyncIterator[Any]:
    headers = {"Authorization": f"Bearer {key_of(stack)}"}
    async with asyncio.timeout(WITHIN_S):
        async with websockets.connect(
            socket_url(stack, query), additional_headers=headers
        ) as reader:
            yield reader


async def read(reader: Any, count: int) -> list[dict[str, Any]]:
    """Return the next events that are not heartbeats."""
    events: list[dict[str, Any]] = []
    while len(events) < count:
        event = json.loads(await reader.recv())
        if event["event"] != "heartbeat":
            events.append(event)
    return events


async def test_the_socket_passes_the_front_door_and_resumes(stack: "Stack") -> None:
    async with opened(stack, "products=CL") as reader:
        first = await read(reader, 5)
    async with opened(stack, f"products=CL&last_event_id={first[0]['id']}") as reader:
        again = await read(reader, 4)
    assert again == first[1:]


async def test_a_browser_brings_its_key_as_a_subprotocol(stack: "Stack") -> None:
    names = [websockets.Subprotocol(name) for name in ("heliostat", f"key.{key_of(stack)}")]
    async with asyncio.timeout(WITHIN_S):
        async with websockets.connect(
            socket_url(stack, "products=CL"), subprotocols=names
        ) as reader:
            assert reader.subprotocol == "heliostat"
            assert await read(reader, 1)


async def test_a_wrong_key_is_refused_with_its_reason(stack: "Stack") -> None:
    async with asyncio.timeout(WITHIN_S):
        async with websockets.connect(
            socket_url(stack, "products=CL"), additional_headers={"Authorization": "Bearer no"}
        ) as reader:
            assert json.loads(await reader.recv())["problem"]["status"] == 401
            with pytest.raises(ConnectionClosed) as closed:
                await reader.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_both_wires_carry_the_same_events(stack: "Stack") -> None:
    async with opened(stack, "products=CL") as reader:
        start, *expected = await read(reader, 20)

    def stream() -> list[Any]:
        with stack.client() as client:
            return list(client.stream(["CL"], max_events=19, after=start["id"]))

    seen = await asyncio.to_thread(stream)
    assert [event.event_id for event in seen] == [event["id"] for event in expected]
    assert [event.kind for event in seen] == [event["event"] for event in expected]


def test_an_id_that_is_no_longer_kept_is_a_gap(client: Client) -> None:
    gap, after = client.stream(["CL"], max_events=2, after="CL:1-0")
    assert isinstance(gap, Gap)
    assert gap.reason == "trimmed"
    # What follows may be the mark of the feed's own start, the first entry that is kept.
    assert getattr(after, "reason", None) != "trimmed"


def test_every_event_names_where_it_comes_from(client: Client) -> None:
    events = list(client.stream(["CL"], max_events=30))
    prices = [event for event in events if isinstance(event, ContractEvent)]
    assert any(isinstance(event, Quote) for event in prices)
    assert {event.source for event in prices} == {"sandbox"}


def test_every_feed_answers(client: Client) -> None:
    feeds = {feed.venue: feed for feed in client.feeds()}
    assert feeds["cme"].connected
    assert feeds["cme"].age_s is not None
    assert feeds["cme"].source == "sandbox"
    detail = client.feed("cme")
    assert len(detail.symbols) == detail.summary.symbols
    assert any(symbol.last_received_time is not None for symbol in detail.symbols)


def test_what_was_streamed_can_be_read_back_to_the_nanosecond(client: Client) -> None:
    streamed = next(event for event in client.stream(["CL"]) if isinstance(event, Quote))

    def stored() -> bool:
        found = client.ticks("CL", contract=streamed.contract, start=streamed.event_time)
        return any(tick.event_ns == streamed.event_ns for tick in islice(found, 1_000))

    assert wait_for(stored)
    latest = {quote.instrument: quote for quote in client.quotes("CL")}
    assert latest[f"CL-{streamed.contract}"].event_ns >= (streamed.event_ns or 0)
