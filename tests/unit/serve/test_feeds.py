"""Check how the feeds are told: the worst first, the silent by name, the dead one alone."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from actors.messages import FeedStatus, QueueStatus, SymbolStatus
from core.market import ContractMonth, GapReason, Instrument
from serve.routes import feeds
from serve.routes.feeds import FeedHealth, health_of, summarise

NOW_NS = 1_703_878_200_000_000_000
CRUDE = Instrument("CL", ContractMonth(2024, 2))
SYMBOL = SymbolStatus(
    instrument=CRUDE,
    last_event_ns=NOW_NS - 3 * 10**9,
    last_received_ns=NOW_NS - 2 * 10**9,
    is_market_open=True,
    limit_s=30.0,
    is_stale=False,
    is_suspect=False,
)
STATUS = FeedStatus(
    venue="cme",
    source="sandbox",
    connected=True,
    degraded=False,
    session=3,
    sequence=70,
    connections=1,
    frames=70,
    events=90,
    stored=80,
    missed=2,
    repeated=1,
    late=0,
    gaps=1,
    gap=None,
    last_received_ns=NOW_NS - 500_000_000,
    behind=1024,
    clock_skew_ms=1.5,
    bad_frames={"not_json": 2},
    refused={"XX": "unknown"},
    queues=(QueueStatus(name="store", policy="spill", held=3, bound=10, applied=1),),
    symbols=(
        SYMBOL,
        replace(SYMBOL, instrument=Instrument("NG", ContractMonth(2024, 3)), is_stale=True),
        replace(SYMBOL, instrument=Instrument("HO", ContractMonth(2024, 4)), is_suspect=True),
    ),
)


@pytest.mark.parametrize(
    ("changes", "has_stale", "health"),
    [
        ({}, False, FeedHealth.CONNECTED),
        ({}, True, FeedHealth.STALE),
        ({"degraded": True}, True, FeedHealth.DEGRADED),
        ({"degraded": True, "gap": GapReason.SEQUENCE}, True, FeedHealth.GAP),
        ({"connected": False, "gap": GapReason.SILENCE}, True, FeedHealth.DISCONNECTED),
    ],
)
def test_the_worst_is_said_first(
    changes: dict[str, Any], has_stale: bool, health: FeedHealth
) -> None:
    assert health_of(replace(STATUS, **changes), has_stale) is health


def test_a_summary_names_the_silent_and_the_suspect() -> None:
    summary = summarise(STATUS, NOW_NS)
    assert (summary.stale, summary.suspect, summary.symbols) == (["NG-202403"], ["HO-202404"], 3)
    assert (summary.age_s, summary.status) == (0.5, FeedHealth.STALE)


def test_nothing_was_received_in_the_future() -> None:
    assert summarise(replace(STATUS, last_received_ns=NOW_NS + 5), NOW_NS).age_s == 0
    assert summarise(replace(STATUS, last_received_ns=None), NOW_NS).age_s is None


async def test_a_feed_that_does_not_answer_leaves_the_others_told(edge: Any) -> None:
    edge.feeds.statuses = {"cme": STATUS, "ice": None}
    async with edge.client() as client:
        answer = await client.get("/v1/feeds")
    first, second = answer.json()["items"]
    assert (first["venue"], first["status"], first["behind"]) == ("cme", "stale", 1024)
    assert (second["venue"], second["status"], second["symbols"]) == ("ice", "unreachable", None)
    assert "it is restarting" in second["reason"]


async def test_one_feed_is_told_contract_by_contract(edge: Any) -> None:
    edge.feeds.statuses = {"cme": STATUS}
    async with edge.client() as client:
        found = (await client.get("/v1/feeds/cme")).json()
    assert found["summary"]["venue"] == "cme"
    assert (found["bad_frames"], found["refused"]) == ({"not_json": 2}, {"XX": "unknown"})
    assert found["queues"] == [
        {"name": "store", "policy": "spill", "held": 3, "bound": 10, "applied": 1}
    ]
    assert [(s["instrument"], s["is_stale"], s["is_suspect"]) for s in found["symbols"]] == [
        ("CL-202402", False, False),
        ("NG-202403", True, False),
        ("HO-202404", False, True),
    ]
    assert found["symbols"][0]["last_received_time"] == "2023-12-29T19:29:58Z"


@pytest.mark.parametrize(("venue", "status"), [("ice", 503), ("nymex", 404)])
async def test_a_single_feed_that_cannot_be_told(edge: Any, venue: str, status: int) -> None:
    edge.feeds.statuses = {"ice": None}
    async with edge.client() as client:
        answer = await client.get(f"/v1/feeds/{venue}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_feed_that_is_too_slow_is_unreachable(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_venue: str) -> FeedStatus:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(feeds, "ANSWER_WITHIN_S", 0.01)
    edge.feeds.statuses = {"cme": STATUS}
    edge.feeds.status = never
    async with edge.client() as client:
        assert (await client.get("/v1/feeds")).json()["items"][0]["status"] == "unreachable"
        assert (await client.get("/v1/feeds/cme")).status_code == 503
