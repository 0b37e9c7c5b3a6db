"""Check `heliostat runs`."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

RUN = {
    "run_id": "0198f0a0-0000-7000-8000-000000000001",
    "kind": "portfolio",
    "status": "running",
    "specification": {"products": ["CL"], "choose": 4, "of": 12, "source": "cme", "seed": 1},
    "problem": {"labels": ["CL1"]},
    "created_at": "2026-01-05T12:00:00Z",
    "elapsed_s": 75.0,
}
PATH = f"/v1/runs/{RUN['run_id']}"


def event(status: str) -> str:
    data = {
        "run_id": RUN["run_id"],
        "sequence": 1,
        "at": "2026-01-05T12:00:00Z",
        "kind": "finished",
        "status": status,
        "detail": {},
    }
    return f"id: 1\nevent: finished\ndata: {json.dumps(data)}\n\n"


def test_list_takes_as_many_as_asked_and_shows_whole_ids(api: "FakeApi") -> None:
    api.on("GET", "/v1/runs", 200, {"items": [RUN, RUN, RUN], "next_before": "more"})
    result = api.run("runs", "list", "--limit", "2")
    assert result.exit_code == 0, result.output
    assert result.stdout.count(RUN["run_id"]) == 2
    assert "1 min 15 s" in result.stdout
    listed = api.run("runs", "list", "--limit", "2", "--json")
    assert len(json.loads(listed.stdout)["items"]) == 2
    assert len(api.requests) == 2


def test_an_empty_list_says_what_to_do(api: "FakeApi") -> None:
    api.on("GET", "/v1/runs", 200, {"items": [], "next_before": None})
    assert "heliostat optimize --help" in api.run("runs", "list").stdout


def test_show_json_holds_the_problem(api: "FakeApi") -> None:
    api.on("GET", PATH, 200, RUN)
    shown = api.run("runs", "show", RUN["run_id"], "--json")
    assert json.loads(shown.stdout)["problem"] == {"labels": ["CL1"]}
    assert "4 of 12 CL from cme, seed 1" in api.run("runs", "show", RUN["run_id"]).stdout


def test_an_unknown_run_is_exit_5(api: "FakeApi") -> None:
    api.on_problem("GET", "/v1/runs/nope", 404, "run-not-found", "Run nope does not exist.")
    result = api.run("runs", "show", "nope")
    assert (result.exit_code, result.stderr) == (5, "heliostat: Run nope does not exist.\n")


def test_watch_prints_events_as_json_lines(api: "FakeApi") -> None:
    api.on_text("GET", f"/v1/streams{PATH[3:]}", "text/event-stream", event("succeeded"))
    api.on("GET", PATH, 200, RUN | {"status": "succeeded"})
    result = api.run("runs", "watch", RUN["run_id"], "--json")
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["kind"] for line in result.stdout.splitlines()] == ["finished"]


def test_watching_a_run_that_fails_is_exit_1(api: "FakeApi") -> None:
    api.on_text("GET", f"/v1/streams{PATH[3:]}", "text/event-stream", event("failed"))
    api.on("GET", PATH, 200, RUN | {"status": "failed", "error": {"detail": "no prices"}})
    result = api.run("runs", "watch", RUN["run_id"])
    assert result.exit_code == 1
    assert "failed: no prices" in result.stderr


def test_cancel_says_what_the_run_is(api: "FakeApi") -> None:
    api.on("POST", f"{PATH}/cancel", 202, RUN | {"cancel_requested": True})
    assert "it is running" in api.run("runs", "cancel", RUN["run_id"]).stdout
