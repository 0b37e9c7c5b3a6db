"""Check how runs of every kind are submitted, filtered and read on the command line."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

RUN_ID = "0198f0a0-0000-7000-8000-000000000001"
PROGRAM = "OPENQASM 3.0; qubit[2] q;"
RUN: dict[str, Any] = {
    "run_id": RUN_ID,
    "kind": "circuit",
    "status": "queued",
    "specification": {"program": PROGRAM, "language": "qasm3", "shots": 64, "seed": 7},
    "backend": "aer",
}
DONE = RUN | {
    "status": "succeeded",
    "elapsed_s": 0.5,
    "plan": {"choice": {"why": "it is the cheapest exact one"}},
    "result": {"points": 3, "mean": 0.123456789, "rows": [1] * 500},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({"program": PROGRAM, "shots": 64}))
    return path


def stream(run: dict[str, Any]) -> str:
    event = {
        "run_id": RUN_ID,
        "sequence": 3,
        "at": "2026-01-05T12:00:00Z",
        "kind": run["status"],
        "status": run["status"],
        "who": "run-manager",
        "why": "done",
        "run": run,
    }
    return f"id: 3\nevent: {run['status']}\ndata: {json.dumps(event)}\n\n"


def test_a_file_is_submitted_with_its_envelope(api: "FakeApi", file: Path) -> None:
    api.on("POST", "/v1/runs", 202, RUN)
    words = ["runs", "submit", "--kind", "circuit", "--file", str(file), "--fresh"]
    more = ["--priority", "2", "--deadline", "2031-01-05T18:00:00Z", "--label", "a", "--label", "b"]
    result = api.run(*words, *more)
    assert result.exit_code == 0, result.output
    assert RUN_ID in result.stdout
    assert "qasm3 of 25 characters, 64 shots, seed 7" in result.stdout
    assert json.loads(api.requests[0].content) == {
        "kind": "circuit",
        "specification": {"program": PROGRAM, "shots": 64},
        "fresh": True,
        "priority": 2,
        "deadline": "2031-01-05T18:00:00Z",
        "labels": ["a", "b"],
    }


def test_stdin_is_read_and_the_answer_is_json(api: "FakeApi") -> None:
    api.on("POST", "/v1/runs", 202, RUN)
    words = ["runs", "submit", "--kind", "circuit", "--file", "-", "--json"]
    result = api.run(*words, stdin='{"shots": 1}')
    assert json.loads(result.stdout)["run_id"] == RUN_ID
    assert json.loads(api.requests[0].content)["specification"] == {"shots": 1}


def test_it_can_be_waited_for(api: "FakeApi", file: Path) -> None:
    api.on("POST", "/v1/runs", 202, RUN)
    api.on_text("GET", f"/v1/streams/runs/{RUN_ID}", "text/event-stream", stream(DONE))
    result = api.run("runs", "submit", "--kind", "circuit", "--file", str(file), "--wait")
    assert result.exit_code == 0, result.output
    assert "it is the cheapest exact one" in result.stdout
    assert "0.123457" in result.stdout
    assert "500 ms on aer" not in result.stdout
    assert "0.5 s on aer" in result.stdout


def test_waiting_for_one_that_fails_is_exit_1(api: "FakeApi", file: Path) -> None:
    failed = RUN | {"status": "failed", "error": {"detail": "chunk 3 broke"}}
    api.on("POST", "/v1/runs", 202, RUN)
    api.on_text("GET", f"/v1/streams/runs/{RUN_ID}", "text/event-stream", stream(failed))
    result = api.run("runs", "submit", "--kind", "circuit", "--file", str(file), "--wait")
    assert result.exit_code == 1
    assert "chunk 3 broke" in result.stderr


@pytest.mark.parametrize(
    ("text", "told"), [("{", "it is no JSON"), ("[1]", "expected a JSON object, was a list")]
)
def test_a_file_that_is_no_specification_is_exit_2(
    api: "FakeApi", tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    result = api.run("runs", "submit", "--kind", "circuit", "--file", str(path))
    assert result.exit_code == 2
    assert told in result.stderr
    missing = api.run("runs", "submit", "--kind", "circuit", "--file", str(tmp_path / "none"))
    assert missing.exit_code == 2
    assert api.requests == []


def test_a_dry_run_says_what_would_run_where(api: "FakeApi", file: Path) -> None:
    trial = {
        "kind": "circuit",
        "specification": {},
        "backend": "aer",
        "method": "stabilizer",
        "estimated_s": 0.25,
        "why": "all gates are Clifford",
        "qubits": 2,
        "points": 1,
        "shots": 64,
        "plan": "team",
    }
    api.on("POST", "/v1/runs/validate", 200, trial)
    words = ["runs", "submit", "--kind", "circuit", "--file", str(file), "--dry-run"]
    shown = api.run(*words, "--priority", "3", "--label", "eod").stdout
    body = json.loads(api.requests[0].content)
    assert (body["priority"], body["labels"]) == (3, ["eod"])
    assert "circuit on aer (stabilizer), about 0.2 s of one core" in shown
    assert "all gates are Clifford" in shown
    assert json.loads(api.run(*words, "--json").stdout)["plan"] == "team"


def test_the_list_is_filtered(api: "FakeApi") -> None:
    api.on("GET", "/v1/runs", 200, {"items": [RUN, DONE], "next_before": None})
    words = ["--status", "queued", "--status", "running", "--kind", "circuit", "--label", "eod"]
    times = ["--backend", "aer", "--from", "2026-01-05", "--before", "2026-01-06"]
    result = api.run("runs", "list", *words, *times)
    assert result.exit_code == 0, result.output
    assert "circuit" in result.stdout
    assert api.requests[0].url.params.multi_items() == [
        ("limit", "20"),
        ("status", "queued"),
        ("status", "running"),
        ("kind", "circuit"),
        ("backend", "aer"),
        ("label", "eod"),
        ("created_from", "2026-01-05"),
        ("created_before", "2026-01-06"),
    ]


def test_the_result_is_printed_or_written(api: "FakeApi", tmp_path: Path) -> None:
    path = f"/v1/runs/{RUN_ID}/result"
    api.on("GET", path, 200, {"points": 3})
    assert json.loads(api.run("runs", "result", RUN_ID, "--json").stdout) == {"points": 3}
    api.on_text("GET", path, "text/csv", "point,count\n0,64\n")
    assert api.run("runs", "result", RUN_ID, "--form", "csv").stdout == "point,count\n0,64\n"
    target = tmp_path / "rows.csv"
    written = api.run("runs", "result", RUN_ID, "--form", "csv", "--output", str(target), "--json")
    assert json.loads(written.stdout)["bytes_written"] == len("point,count\n0,64\n")
    assert target.read_text() == "point,count\n0,64\n"
    assert dict(api.requests[-1].url.params) == {"form": "csv"}
    assert api.run("runs", "result", RUN_ID, "--form", "xml").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [["--partial", "--form", "csv"], ["--partial", "--output", "x"], ["--json", "--form", "csv"]],
    ids=str,
)
def test_a_result_is_asked_for_in_one_way(api: "FakeApi", words: list[str]) -> None:
    result = api.run("runs", "result", RUN_ID, *words)
    assert (result.exit_code, result.stdout, api.requests) == (2, "", [])


def test_an_empty_list_says_whether_it_was_filtered(api: "FakeApi") -> None:
    api.on("GET", "/v1/runs", 200, {"items": [], "next_before": None})
    assert "No runs yet" in api.run("runs", "list").stdout
    assert "No such runs" in api.run("runs", "list", "--status", "failed").stdout


def test_a_result_that_is_not_ready_is_exit_2(api: "FakeApi") -> None:
    path = f"/v1/runs/{RUN_ID}/result"
    api.on_problem("GET", path, 409, "result-not-ready", "Run x is running.")
    result = api.run("runs", "result", RUN_ID)
    assert (result.exit_code, result.stderr) == (2, "heliostat: Run x is running.\n")


def test_events_say_who_and_why(api: "FakeApi") -> None:
    event = json.loads(stream(DONE).split("data: ")[1])
    api.on("GET", f"/v1/runs/{RUN_ID}/events", 200, {"items": [event]})
    shown = api.run("runs", "events", RUN_ID, "--after", "2")
    assert "run-manager" in shown.stdout
    assert "done" in shown.stdout
    assert dict(api.requests[0].url.params) == {"after": "2"}
    listed = json.loads(api.run("runs", "events", RUN_ID, "--json").stdout)
    assert listed["items"][0]["why"] == "done"


def test_backends_are_listed(api: "FakeApi") -> None:
    items = [
        {"backend": "aer", "family": "aer", "type": "simulator", "description": "Qiskit Aer"},
        {
            "backend": "ibm:fez",
            "family": "ibm",
            "type": "hardware",
            "description": "a device",
            "qubits": 156,
            "status": "offline",
            "reason": "maintenance",
        },
    ]
    api.on("GET", "/v1/backends", 200, {"items": items, "ibm": {"is_reachable": True}})
    shown = api.run("backends").stdout
    assert "a device: maintenance" in shown
    assert len(json.loads(api.run("backends", "--json").stdout)["items"]) == 2


def test_webhooks_are_kept(api: "FakeApi") -> None:
    hook = {"webhook_id": "w1", "url": "https://x.io", "created_at": "2026-01-05T12:00:00Z"}
    delivery = {
        "delivery_id": "d1",
        "webhook_id": "w1",
        "event": "run.failed",
        "created_at": "2026-01-05T12:00:00Z",
        "state": "pending",
        "attempts": 2,
        "error": "answered 500",
    }
    api.on("POST", "/v1/webhooks", 201, hook | {"secret": "whsec_x"})
    api.on("GET", "/v1/webhooks", 200, {"items": [hook]})
    api.on("POST", "/v1/webhooks/w1/test", 202, delivery)
    api.on("GET", "/v1/webhooks/deliveries", 200, {"items": [delivery], "next_before": None})
    api.answers["DELETE", "/v1/webhooks/w1"] = lambda _: httpx.Response(204)
    assert "secret whsec_x" in api.run("webhooks", "add", "https://x.io").stdout
    assert json.loads(api.run("webhooks", "add", "https://x.io", "--json").stdout)["secret"]
    assert "https://x.io" in api.run("webhooks", "list").stdout
    assert "d1" in api.run("webhooks", "test", "w1").stdout
    assert "answered 500" in api.run("webhooks", "deliveries", "--webhook", "w1").stdout
    assert "removed" in api.run("webhooks", "remove", "w1").stdout


@pytest.mark.parametrize(
    "words",
    [
        ["runs", "submit"],
        ["runs", "list"],
        ["runs", "result"],
        ["runs", "events"],
        ["backends"],
        ["webhooks", "add"],
        ["webhooks", "deliveries"],
    ],
    ids=" ".join,
)
def test_help_shows_an_example(api: "FakeApi", words: list[str]) -> None:
    shown = api.run(*words, "--help")
    assert shown.exit_code == 0
    assert f"heliostat {' '.join(words)}" in shown.stdout
    assert "Exit codes:" in shown.stdout
