"""Check `heliostat feeds`."""

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from cluster.commands import feeds

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

CME = {
    "venue": "cme",
    "status": "stale",
    "source": "sandbox",
    "connected": True,
    "age_s": 0.25,
    "symbols": 180,
    "stale": [f"CL-2027{month:02d}" for month in range(1, 11)],
    "suspect": ["CL-202701", "NG-202701"],
    "gaps": 2,
    "missed": 1234,
    "behind": 2048,
}
ICE = {"venue": "ice", "status": "unreachable", "reason": "it is restarting"}
SYMBOL = {"symbol": "CLF27", "is_market_open": True, "limit_s": 30.0, "age_s": 1.0}
DETAIL = {
    "summary": CME,
    "session": 1,
    "sequence": 2,
    "bad_frames": {"not_json": 3},
    "refused": {"XX": "no such product"},
    "queues": [{"name": "store", "policy": "spill", "held": 5, "bound": 10, "applied": 1}],
    "symbols": [
        {"instrument": "CL-202611", "is_stale": False, "is_suspect": False, **SYMBOL},
        {"instrument": "CL-202701", "is_stale": True, "is_suspect": True, **SYMBOL, "age_s": None},
    ],
}


def test_each_feed_is_a_row_and_the_dead_one_says_why(api: "FakeApi") -> None:
    api.on("GET", "/v1/feeds", 200, {"items": [CME, ICE]})
    result = api.run("feeds")
    assert result.exit_code == 0, result.output
    _, cme, ice = result.stdout.splitlines()
    assert cme.split()[:5] == ["cme", "stale", "sandbox", "0.2", "s"]
    assert "1,234" in cme
    assert cme.rstrip().endswith("CL-202708 and 3 more")
    assert "it is restarting" in ice


def test_no_feeds(api: "FakeApi") -> None:
    api.on("GET", "/v1/feeds", 200, {"items": []})
    assert "runs no feeds" in api.run("feeds").stdout


def test_one_feed_shows_those_in_trouble_first(api: "FakeApi") -> None:
    api.on("GET", "/v1/feeds/cme", 200, DETAIL)
    lines = api.run("feeds", "CME").stdout.splitlines()
    contracts = [line.split()[:3] for line in lines if line.startswith("CL-")]
    assert contracts == [["CL-202701", "stale,", "suspect"], ["CL-202611", "fresh", "open"]]
    assert "refused  XX: no such product" in lines
    assert "bad frames  3 not_json" in lines
    assert any("5 of 10, spill applied 1 times" in line for line in lines)


@pytest.mark.parametrize("words", [("feeds",), ("feeds", "cme")])
def test_json_is_one_document(api: "FakeApi", words: tuple[str, ...]) -> None:
    api.on("GET", "/v1/feeds", 200, {"items": [CME, ICE]})
    api.on("GET", "/v1/feeds/cme", 200, DETAIL)
    document = json.loads(api.run(*words, "--json").stdout)
    found = document["items"][0] if len(words) == 1 else document["summary"]
    assert found["stale"] == CME["stale"]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_watching_shows_it_anew_until_interrupted(
    api: "FakeApi", monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setattr(feeds, "WATCH_EVERY_S", 0.0)

    def answer(_: httpx.Request) -> httpx.Response:
        if len(api.requests) > 3:
            raise KeyboardInterrupt
        items: list[dict[str, Any]] = [{"venue": "cme", "status": "connected"}]
        return httpx.Response(200, json={"items": items})

    api.answers["GET", "/v1/feeds"] = answer
    result = api.run("feeds", "--watch", *options)
    assert result.exit_code == 130
    assert sum("connected" in line for line in result.stdout.splitlines()) == 3
    if options:
        assert [json.loads(line)["items"][0]["venue"] for line in result.stdout.splitlines()] == [
            "cme"
        ] * 3


def test_a_venue_that_is_not_there(api: "FakeApi") -> None:
    api.on_problem("GET", "/v1/feeds/nymex", 404, "not-found", "feed nymex does not exist.")
    result = api.run("feeds", "nymex")
    assert result.exit_code == 5
    assert "feed nymex does not exist." in result.stderr
