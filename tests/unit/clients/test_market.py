"""Check what the client asks and reads of ticks, bars, contracts, feeds, and every mark."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat
from heliostat import models

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

MARK = {"venue": "cme", "source": "sandbox", "received_time": "2026-01-05T12:00:00.000001Z"}
SILENCE = {
    **MARK,
    "product": "CL",
    "contract": "202612",
    "symbol": "CLZ26",
    "silent_since": "2026-01-05T11:59:00.000001Z",
    "limit_s": 30.0,
}
MARKS: list[tuple[dict[str, Any], type[heliostat.MarketEvent]]] = [
    ({"event": "gap", "reason": "sequence", "instruments": ["CL-202612"], **MARK}, heliostat.Gap),
    (
        {"event": "gap", "reason": "trimmed", "product": "CL", "venue": "cme", "instruments": []},
        heliostat.Gap,
    ),
    ({"event": "healed", "instruments": ["CL-202612"], **MARK}, heliostat.Healed),
    ({"event": "stale", **SILENCE}, heliostat.Stale),
    ({"event": "fresh", **SILENCE}, heliostat.Fresh),
    ({"event": "conflated", "product": "CL", "left_out": 7}, heliostat.Conflated),
    ({"event": "of a later version", "colour": "red"}, heliostat.MarketEvent),
]


def quote_row(sequence: int) -> dict[str, Any]:
    return {
        "instrument": "CL-202612",
        "source": "sandbox",
        "event_time": "2026-01-05T12:00:00.123456789Z",
        "received_time": "2026-01-05T12:00:00.223456789Z",
        "session": 1,
        "sequence": sequence,
        "frame_index": 0,
        "bid": "-37.630",
        "bid_size": 4,
        "ask": None,
        "ask_size": None,
    }


class Pages:
    """Answer with pages by their `after`, remembering what was asked."""

    def __init__(self, pages: dict[str | None, tuple[Any, str | None]]) -> None:
        self.pages = pages
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        self.asked.append(params)
        page, following = self.pages[params.get("after")]
        if isinstance(page, bytes):
            headers = {} if following is None else {"X-Next-After": following}
            return httpx.Response(200, content=page, headers=headers)
        return httpx.Response(200, json={"items": page, "next_after": following})


def test_every_mark_of_the_stream_is_typed(ask: "Ask") -> None:
    frames = "".join(
        f"id: CL:{number}-0\nevent: {mark['event']}\ndata: {json.dumps(mark)}\n\n"
        for number, (mark, _) in enumerate(MARKS)
    )

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=frames, headers={"content-type": "text/event-stream"})

    seen = ask(answer, "stream", ["CL"], max_events=len(MARKS))
    assert [type(event) for event in seen] == [kind for _, kind in MARKS]
    assert [event.kind for event in seen] == [mark["event"] for mark, _ in MARKS]
    assert seen[0].instruments == ("CL-202612",)
    assert (seen[1].reason, seen[1].product, seen[1].source) == ("trimmed", "CL", None)
    assert seen[3].silent_since == datetime(2026, 1, 5, 11, 59, 0, 1, tzinfo=UTC)
    assert seen[5].left_out == 7
    assert (seen[6].colour, seen[6].event_id) == ("red", "CL:6-0")
    assert "event" not in seen[6].model_dump()


def test_a_stream_may_begin_after_an_event_seen_before(ask: "Ask") -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["last-event-id"] == "CL:5-0"
        frame = 'event: conflated\ndata: {"product": "CL", "left_out": 1}\n\n'
        return httpx.Response(200, text=frame, headers={"content-type": "text/event-stream"})

    (event,) = ask(answer, "stream", ["CL"], max_events=1, after="CL:5-0")
    assert event.event_id == "CL:5-0"


def test_ticks_are_read_page_by_page_to_the_nanosecond(ask: "Ask") -> None:
    pages = Pages({None: ([quote_row(1), quote_row(2)], "t1"), "t1": ([quote_row(3)], None)})
    start = datetime(2026, 1, 5, tzinfo=UTC)
    ticks = ask(pages, "ticks", "CL", contract="202612", start=start, end="2026-01-06", page_size=2)
    assert [tick.sequence for tick in ticks] == [1, 2, 3]
    assert ticks[0].event_ns == 1767614400123456789
    assert (ticks[0].bid, ticks[0].ask) == (Decimal("-37.630"), None)
    first = {
        "kind": "quotes",
        "contract": "202612",
        "start": "2026-01-05T00:00:00+00:00",
        "end": "2026-01-06",
        "limit": "2",
    }
    assert pages.asked == [first, {**first, "after": "t1"}]


def test_trades_have_a_shape_of_their_own(ask: "Ask") -> None:
    row = {name: quote_row(1)[name] for name in ("instrument", "source", "event_time")}
    row |= {"received_time": row["event_time"], "entry_id": "7", "price": "71.6", "size": 2}
    (trade,) = ask(Pages({None: ([row], None)}), "ticks", "CL", "trades")
    assert isinstance(trade, heliostat.TradeTick)
    assert trade.price == Decimal("71.6")


def test_pages_of_bytes_follow_the_header(ask: "Ask") -> None:
    pages = Pages({None: (b"one", "t1"), "t1": (b"two", None)})
    assert ask(pages, "tick_pages", "CL", "parquet", "trades") == [b"one", b"two"]
    assert pages.asked[1] == {"kind": "trades", "format": "parquet", "limit": "5000", "after": "t1"}


def test_a_page_that_names_itself_ends_the_reading(ask: "Ask") -> None:
    pages = Pages({None: ([quote_row(1)], "t1"), "t1": ([quote_row(2)], "t1")})
    assert len(ask(pages, "ticks", "CL")) == 2


def test_bars(ask: "Ask") -> None:
    row = {
        "instrument": "CL-202612",
        "source": "sandbox",
        "start": "2026-01-05T12:00:00Z",
        **dict.fromkeys(("open", "high", "low", "close"), "71.60"),
        "volume": 10,
        "trades": 5,
    }
    pages = Pages({None: ([row], None)})
    (bar,) = ask(pages, "bars", "CL", "1m", source="sandbox")
    assert (bar.close, bar.volume) == (Decimal("71.60"), 10)
    assert pages.asked == [{"resolution": "1m", "source": "sandbox", "limit": "5000"}]


def test_latest_quotes(ask: "Ask") -> None:
    (found,) = ask(Pages({None: ([quote_row(4)], None)}), "quotes", "CL")
    assert found.sequence == 4


def test_instruments(ask: "Ask") -> None:
    row = {
        "instrument": "NBP-202601",
        "contract": "202601",
        "symbol": "NBPF26",
        "venue": "ice",
        "last_trade_date": "2025-12-30",
        "contract_size": "31000",
        "price_unit": "therm",
        "currency": "GBP",
        "minor_per_major": 100,
        "basis": "rule",
    }
    pages = Pages({None: ([row], None)})
    (found,) = ask(pages, "instruments", "NBP", on=date(2025, 12, 1), limit=1)
    assert (found.contract_size, found.minor_per_major, found.basis) == (31000, 100, "rule")
    assert pages.asked == [{"on": "2025-12-01", "limit": "1"}]


def test_feeds(ask: "Ask") -> None:
    lost = {"venue": "ice", "status": "unreachable", "reason": "it is restarting"}
    live = {"venue": "cme", "status": "stale", "stale": ["NG-202603"], "age_s": 0.5}
    (first, second) = ask(Pages({None: ([live, lost], None)}), "feeds")
    assert (first.stale, first.age_s) == (("NG-202603",), 0.5)
    assert (second.status, second.connected) == ("unreachable", None)


def test_a_feed_in_detail_and_one_that_does_not_answer(ask: "Ask") -> None:
    detail = {
        "summary": {"venue": "cme", "status": "connected"},
        "session": 1,
        "sequence": 2,
        "queues": [{"name": "q", "policy": "spill", "held": 1, "bound": 2, "applied": 0}],
    }
    found = ask(lambda _: httpx.Response(200, json=detail), "feed", "cme")
    assert found.queues[0].policy == "spill"

    def refuse(_: httpx.Request) -> httpx.Response:
        headers = {"content-type": "application/problem+json"}
        body = {"type": "x/source-unavailable", "status": 503, "detail": "it is restarting"}
        return httpx.Response(503, content=json.dumps(body), headers=headers)

    with pytest.raises(heliostat.Unavailable, match="restarting"):
        ask(refuse, "feed", "cme")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("2023-12-29T19:30:00.123456789Z", 1_703_878_200_123_456_789),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_nanoseconds(text: str, expected: int) -> None:
    assert models.nanoseconds(text) == expected
