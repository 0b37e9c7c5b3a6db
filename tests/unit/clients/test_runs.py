"""Check how both clients speak about runs, backends and webhooks."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat
from tests.unit.clients.test_client import DONE, RUN, Script, events, problem

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WEBHOOK = {"webhook_id": "w1", "url": "https://example.com", "created_at": NOON.isoformat()}
DELIVERY = {
    "delivery_id": "d1",
    "webhook_id": "w1",
    "event": "run.failed",
    "created_at": NOON.isoformat(),
    "state": "pending",
    "attempts": 2,
}


def frame(sequence: int, status: str, run: dict[str, Any] | None = None) -> str:
    data = {
        "run_id": "r1",
        "sequence": sequence,
        "at": NOON.isoformat(),
        "kind": status,
        "status": status,
        "who": "run-manager",
        "why": "it was its turn",
        "run": run,
    }
    return f"id: {sequence}\nevent: {status}\ndata: {json.dumps(data)}\n\n"


def sent(script: Script) -> Any:
    return json.loads(script.requests[0].content)


def test_a_run_of_any_kind_is_submitted_with_its_envelope(ask: "Ask") -> None:
    script = Script(httpx.Response(202, json=RUN | {"kind": "circuit"}))
    ask(
        script,
        "submit",
        "circuit",
        {"program": "OPENQASM 3.0;", "shots": 7},
        priority=3,
        deadline=NOON,
        labels=("desk", "eod"),
    )
    assert sent(script) == {
        "kind": "circuit",
        "specification": {"program": "OPENQASM 3.0;", "shots": 7},
        "fresh": False,
        "priority": 3,
        "deadline": "2026-01-05T12:00:00Z",
        "labels": ["desk", "eod"],
    }
    assert script.requests[0].headers["idempotency-key"]


def test_fields_named_one_by_one_complete_a_specification(ask: "Ask") -> None:
    script = Script(httpx.Response(202, json=RUN))
    ask(script, "submit", "hedge", {"of": 8, "seed": 1}, seed=2, as_of=NOON.date(), source=None)
    assert sent(script)["specification"] == {"of": 8, "seed": 2, "as_of": "2026-01-05"}


def test_validate_stores_nothing_and_needs_no_key_of_its_own(ask: "Ask") -> None:
    trial = {
        "kind": "circuit",
        "specification": {},
        "backend": "aer",
        "method": "stabilizer",
        "estimated_s": 0.5,
        "why": "it is the cheapest",
        "qubits": 3,
        "points": 1,
        "shots": 7,
        "plan": "team",
    }
    script = Script(httpx.Response(503), httpx.Response(200, json=trial))
    found = ask(script, "validate", "circuit", program="x")
    assert (found.backend, found.method, found.estimated_s) == ("aer", "stabilizer", 0.5)
    assert script.requests[1].url.path == "/v1/runs/validate"
    assert "idempotency-key" not in script.requests[1].headers


def test_runs_are_filtered_on_every_page(ask: "Ask") -> None:
    script = Script(
        httpx.Response(200, json={"items": [RUN], "next_before": "r1"}),
        httpx.Response(200, json={"items": [], "next_before": None}),
    )
    chosen = {
        "status": [heliostat.RunStatus.QUEUED, "running"],
        "kind": "sweep",
        "backend": "aer",
        "label": "eod",
        "created_from": NOON,
        "created_before": NOON.date(),
    }
    assert len(ask(script, "runs", page_size=1, **chosen)) == 1
    expected = [
        ("limit", "1"),
        ("status", "queued"),
        ("status", "running"),
        ("kind", "sweep"),
        ("backend", "aer"),
        ("label", "eod"),
        ("created_from", "2026-01-05T12:00:00+00:00"),
        ("created_before", "2026-01-05"),
    ]
    assert script.requests[0].url.params.multi_items() == expected
    assert sorted(script.requests[1].url.params.multi_items()) == sorted(
        [*expected, ("before", "r1")]
    )


def test_follow_returns_the_run_that_the_last_event_brings(ask: "Ask") -> None:
    script = Script(
        events(frame(1, "running"), end="lost"),
        events(frame(1, "running"), frame(2, "succeeded", DONE)),
    )
    seen: list[heliostat.RunEvent] = []
    run = ask(script, "follow", "r1", seen.append)
    assert run.result == {"objective": -1.5}
    assert [event.status.value for event in seen] == ["running", "succeeded"]
    assert (seen[0].who, seen[0].why) == ("run-manager", "it was its turn")
    assert len(script.requests) == 2


def test_follow_asks_for_the_run_where_no_event_brings_it(ask: "Ask") -> None:
    script = Script(events(frame(1, "succeeded")), httpx.Response(200, json=DONE))
    assert ask(script, "follow", "r1").result == {"objective": -1.5}


@pytest.mark.parametrize(
    ("status", "kind"),
    [("failed", heliostat.RunFailed), ("cancelled", heliostat.RunCancelled)],
)
def test_follow_raises_what_became_of_the_run(
    ask: "Ask", status: str, kind: type[heliostat.RunFailed]
) -> None:
    script = Script(events(frame(1, status, RUN | {"status": status})))
    with pytest.raises(kind):
        ask(script, "follow", "r1")


def test_events_and_chunks_are_listed(ask: "Ask") -> None:
    one = json.loads(frame(2, "running").split("data: ")[1])
    script = Script(httpx.Response(200, json={"items": [one]}))
    (event,) = ask(script, "events", "r1", after=1)
    assert event.sequence == 2
    assert str(script.requests[0].url).endswith("/v1/runs/r1/events?after=1")
    chunk = {"stage": "train", "index": 0, "elapsed_s": 0.5, "worker": "w", "error": {"code": "x"}}
    pages = Script(
        httpx.Response(200, json={"items": [chunk], "next_after": "train.0"}),
        httpx.Response(200, json={"items": [chunk | {"index": 1}], "next_after": None}),
    )
    chunks = ask(pages, "chunks", "r1", stage="train")
    assert [(one.stage, one.index, one.error) for one in chunks] == [
        ("train", 0, {"code": "x"}),
        ("train", 1, {"code": "x"}),
    ]
    assert pages.requests[1].url.params["after"] == "train.0"
    assert pages.requests[1].url.params["stage"] == "train"


def test_a_result_comes_as_an_object_or_as_bytes(ask: "Ask") -> None:
    script = Script(httpx.Response(200, json={"objective": -1.5}))
    assert ask(script, "result", "r1") == {"objective": -1.5}
    assert dict(script.requests[0].url.params) == {"form": "json"}
    script = Script(httpx.Response(200, json={"chunks": []}))
    assert ask(script, "result", "r1", partial=True) == {"chunks": []}
    assert dict(script.requests[0].url.params) == {"form": "json", "partial": "true"}
    script = Script(httpx.Response(200, content=b"PAR1"))
    assert ask(script, "result", "r1", "parquet") == b"PAR1"
    assert dict(script.requests[0].url.params) == {"form": "parquet"}


def test_a_result_is_saved_whole(ask: "Ask", tmp_path: Path) -> None:
    target = tmp_path / "out.qpy"
    written = ask(
        Script(httpx.Response(200, content=b"QISKIT")), "save_result", "r1", target, "qpy"
    )
    assert (target.read_bytes(), written.bytes_written) == (b"QISKIT", 6)
    assert [path.name for path in tmp_path.iterdir()] == ["out.qpy"]


def test_a_result_that_is_not_there(ask: "Ask") -> None:
    with pytest.raises(heliostat.ResultNotReady):
        ask(Script(problem("result-not-ready", 409)), "result", "r1", "qpy")


def test_backends_are_listed(ask: "Ask") -> None:
    one = {"backend": "aer", "family": "aer", "type": "simulator", "description": "x"}
    body = {"items": [one], "ibm": {"is_reachable": False, "reason": "away"}}
    (backend,) = ask(Script(httpx.Response(200, json=body)), "backends")
    assert (backend.backend, backend.status) == ("aer", "online")


def test_webhooks_are_kept(ask: "Ask") -> None:
    script = Script(httpx.Response(201, json=WEBHOOK | {"secret": "whsec_x"}))
    added = ask(script, "add_webhook", "https://example.com")
    assert added.secret == "whsec_x"
    assert "whsec" not in repr(added)
    assert sent(script) == {"url": "https://example.com"}
    (listed,) = ask(Script(httpx.Response(200, json={"items": [WEBHOOK]})), "webhooks")
    assert (listed.webhook_id, listed.secret) == ("w1", None)
    removed = Script(httpx.Response(204))
    assert ask(removed, "remove_webhook", "w1") is None
    assert removed.requests[0].method == "DELETE"
    tested = ask(Script(httpx.Response(202, json=DELIVERY)), "test_webhook", "w1")
    assert tested.state == "pending"
    pages = Script(
        httpx.Response(200, json={"items": [DELIVERY], "next_before": "d1"}),
        httpx.Response(200, json={"items": [], "next_before": None}),
    )
    assert len(ask(pages, "webhook_deliveries", "w1")) == 1
    assert pages.requests[1].url.params["before"] == "d1"


def test_a_webhook_is_not_added_twice_by_a_lost_answer(ask: "Ask") -> None:
    script = Script(httpx.ReadTimeout("slow"))
    with pytest.raises(heliostat.Unreachable):
        ask(script, "add_webhook", "https://example.com")


def signed(body: bytes, key: bytes = b"k" * 32, at: datetime = NOON) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    digest = hmac.digest(key, f"msg_1.{timestamp}.".encode() + body, "sha256")
    return {
        "Webhook-Id": "msg_1",
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1a,x v1,{base64.b64encode(digest).decode()}",
    }


def test_a_genuine_message_is_read_and_any_other_is_not() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    body = b'{"type": "run.succeeded", "data": {"run_id": "r1"}}'
    assert heliostat.verify_webhook(secret, signed(body), body, NOON)["type"] == "run.succeeded"
    for headers, at in (
        (signed(body + b" "), NOON),
        (signed(body, key=b"x" * 32), NOON),
        ({}, NOON),
        (signed(body), NOON + timedelta(minutes=6)),
        (signed(body), NOON - timedelta(minutes=6)),
    ):
        with pytest.raises(heliostat.WebhookNotGenuine):
            heliostat.verify_webhook(secret, headers, body, at)
