"""Check `heliostat audit list` and `export`; `verify` is checked where there is a database."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

ENTRY = {
    "position": 7,
    "at": "2026-01-05T12:00:00Z",
    "actor": "system:stack",
    "action": "api_key.created",
    "target": "0198f0a0-0000-7000-8000-000000000001",
    "details": {"role": "admin", "is_own": False, "none": None, "count": 3},
    "previous": "00" * 32,
    "digest": "11" * 32,
}


def test_list_passes_what_is_chosen_and_stops_when_it_has_enough(api: "FakeApi") -> None:
    api.on("GET", "/v1/audit", 200, {"items": [ENTRY, ENTRY], "next_before": 7})
    words = ("audit", "list", "--actor", "system:stack", "--since", "2026-01-01", "--limit", "2")
    result = api.run(*words)
    assert result.exit_code == 0, result.output
    assert "api_key.created" in result.stdout
    assert "role admin" in result.stdout
    (request,) = api.requests
    assert request.url.params["actor"] == "system:stack"
    assert request.url.params["since"] == "2026-01-01T00:00:00+00:00"
    assert request.url.params["limit"] == "2"
    assert "action" not in request.url.params
    listed = json.loads(api.run(*words, "--json").stdout)
    assert listed["items"][0]["details"] == ENTRY["details"]


def test_pages_are_followed_to_the_last(api: "FakeApi", tmp_path: Path) -> None:
    pages = iter([{"items": [ENTRY], "next_before": 7}, {"items": [ENTRY], "next_before": None}])
    api.answers["GET", "/v1/audit"] = lambda _: httpx.Response(200, json=next(pages))
    file = tmp_path / "trail.jsonl"
    result = api.run("audit", "export", str(file), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"file": str(file), "entries": 2}
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["digest"] for line in lines] == [ENTRY["digest"]] * 2
    assert api.requests[1].url.params["before"] == "7"


def test_export_writes_over_no_file(api: "FakeApi", tmp_path: Path) -> None:
    api.on("GET", "/v1/audit", 200, {"items": [ENTRY], "next_before": None})
    file = tmp_path / "trail.jsonl"
    file.write_text("precious")
    result = api.run("audit", "export", str(file))
    assert result.exit_code == 2
    assert file.read_text() == "precious"


def test_export_to_stdout_is_lines_alone(api: "FakeApi") -> None:
    api.on("GET", "/v1/audit", 200, {"items": [ENTRY], "next_before": None})
    result = api.run("audit", "export", "-")
    assert [json.loads(line)["position"] for line in result.stdout.splitlines()] == [7]


def test_an_empty_trail_says_so(api: "FakeApi") -> None:
    api.on("GET", "/v1/audit", 200, {"items": [], "next_before": None})
    assert "Nothing like that" in api.run("audit", "list").stdout


def test_verify_refuses_anchors_that_are_not_there(api: "FakeApi", tmp_path: Path) -> None:
    result = api.run(
        "audit", "verify", "--anchors", str(tmp_path / "none"), "--data", str(tmp_path)
    )
    assert result.exit_code == 2
    assert "is not there" in result.stderr
