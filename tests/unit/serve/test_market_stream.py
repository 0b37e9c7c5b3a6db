"""Check what readers of the market stream are sent when they are slow, late or counted."""

import json
from typing import Any

import pytest

from core.errors import SourceUnavailable
from serve.market_stream import (
    CONFLATE_BEYOND,
    READ_COUNT,
    Outgoing,
    as_message,
    as_server_sent,
    follow,
)
from storage.cache import StreamEntry


def quotes(first: int, count: int, product: str = "CL") -> list[StreamEntry]:
    return [
        StreamEntry(
            product,
            f"{number}-0",
            b'{"event":"quote","contract":"20260%d","bid":"%d"}' % (number % 3 + 1, number),
        )
        for number in range(first, first + count)
    ]


async def collect(
    edge: Any, positions: dict[str, str], max_events: int | None = None
) -> list[Outgoing]:
    events: list[Outgoing] = []
    try:
        async for batch in follow(edge.cache, positions, max_events):
            events += batch
    except SourceUnavailable:
        assert edge.cache.reads == []
    return events


async def test_a_reader_that_keeps_up_is_sent_everything(edge: Any) -> None:
    edge.cache.reads = [quotes(1, CONFLATE_BEYOND), [], quotes(2000, 2)]
    events = await collect(edge, {"CL": "0-1"})
    assert [event.kind for event in events] == [
        *["quote"] * CONFLATE_BEYOND,
        "heartbeat",
        "quote",
        "quote",
    ]


async def test_a_reader_far_behind_is_sent_the_newest_and_told_how_much_it_was_spared(
    edge: Any,
) -> None:
    edge.cache.reads = [quotes(1, CONFLATE_BEYOND + 1)]
    told, *rest = await collect(edge, {"NG": "7-0", "CL": "0-1"})
    assert json.loads(told.payload) == {
        "event": "conflated",
        "product": "CL",
        "left_out": CONFLATE_BEYOND + 1 - 3,
    }
    assert told.event_id == "NG:7-0,CL:0-1"
    last = CONFLATE_BEYOND + 1
    assert [event.event_id for event in rest] == [
        f"NG:7-0,CL:{number}-0" for number in (last - 2, last - 1, last)
    ]


async def test_a_full_read_is_checked_for_trimmed_entries(edge: Any) -> None:
    edge.cache.reads = [quotes(1, READ_COUNT), quotes(5000, READ_COUNT), quotes(8000, 1)]

    async def lost_after(positions: dict[str, str]) -> dict[str, str]:
        asked.append(dict(positions))
        return {"CL": "4999-7"} if positions == {"CL": f"{READ_COUNT}-0"} else {}

    asked: list[dict[str, str]] = []
    edge.cache.lost_after = lost_after
    events = await collect(edge, {"CL": "0-1"})
    assert asked == [{"CL": "0-1"}, {"CL": "0-1"}, {"CL": f"{READ_COUNT}-0"}]
    kinds = [event.kind for event in events]
    assert kinds == [*["conflated", *["quote"] * 3], "gap", *["conflated", *["quote"] * 3], "quote"]
    assert json.loads(events[4].payload)["reason"] == "trimmed"


async def test_what_is_trimmed_again_before_the_first_read_is_one_gap(edge: Any) -> None:
    edge.cache.reads = [quotes(5000, READ_COUNT), quotes(8000, 1)]

    async def lost_after(positions: dict[str, str]) -> dict[str, str]:
        return {"CL": "4999-7"} if positions == {"CL": "4899-7"} else {"CL": "4899-7"}

    edge.cache.lost_after = lost_after
    events = await collect(edge, {"CL": "0-1"})
    assert [event.kind for event in events] == ["gap", "conflated", *["quote"] * 3, "quote"]
    assert events[0].event_id == "CL:4999-7"


async def test_from_now_on_nothing_can_be_lost(edge: Any) -> None:
    edge.cache.lost = {"CL": "9-9"}
    edge.cache.reads = [quotes(1, 1)]
    assert [event.kind for event in await collect(edge, {"CL": "$"})] == ["quote"]


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_heartbeats_do_not_count(edge: Any, count: int) -> None:
    edge.cache.reads = [[], quotes(1, 2), [], quotes(3, 3), []]
    events = await collect(edge, {"CL": "0-1"}, count)
    assert len([event for event in events if event.kind == "quote"]) == count
    assert events[-1].kind == "quote"


def test_both_wires_carry_the_same_event() -> None:
    event = Outgoing("quote", "CL:5-0", b'{"event":"quote","bid":"-1.5"}')
    assert as_server_sent(event) == (
        b'id: CL:5-0\nevent: quote\ndata: {"event":"quote","bid":"-1.5"}\n\n'
    )
    assert json.loads(as_message(event)) == {"id": "CL:5-0", "event": "quote", "bid": "-1.5"}
    beat = Outgoing("heartbeat", None, b'{"event":"heartbeat"}')
    assert as_server_sent(beat) == b'event: heartbeat\ndata: {"event":"heartbeat"}\n\n'
    assert json.loads(as_message(beat)) == {"event": "heartbeat"}
