"""Check the one body of all kinds: the member chosen, the fields named, the lengths refused."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from core.runs import RunKind
from core.specifications import SPECIFICATIONS
from serve.middleware.bodies import MAX_BODY_BYTES, MAX_RUN_BYTES
from serve.run_requests import MAX_LABELS, RunBody
from tests.identities import HEADERS

BODY: TypeAdapter[Any] = TypeAdapter(RunBody)
CONTRACTS = {"products": ["CL"], "choose": 4, "of": 12, "source": "import:rtl"}
ASKED: dict[str, dict[str, Any]] = {
    "portfolio": CONTRACTS,
    "hedge": {**CONTRACTS, "exposure": [{"product": "CL", "contracts": -5.0}]},
    "sweep": CONTRACTS,
    "landscape": CONTRACTS,
    "circuit": {"program": "OPENQASM 3.0;"},
    "observable": {"program": "OPENQASM 3.0;", "observables": [{"ZZ": 1.0}]},
    "amplitude": {"measure": "var", "holding": {"product": "CL"}},
    "backtest": {"products": ["CL"], "models": ["ewma"]},
    "risk": {"book": "desk", "paths": 5_000},
}


@pytest.mark.parametrize("kind", list(RunKind))
def test_each_kind_brings_its_own_specification(kind: RunKind) -> None:
    request = BODY.validate_python({"kind": kind.value, "specification": ASKED[kind]})
    assert request.kind is kind
    assert type(request.specification) is SPECIFICATIONS[kind]
    assert (request.fresh, request.priority, request.deadline, request.labels) == (
        False,
        0,
        None,
        (),
    )


def test_every_kind_is_in_the_union_and_a_portfolio_needs_no_kind() -> None:
    members = get_args(get_args(RunBody)[0])
    assert len(members) == len(RunKind) == len(ASKED)
    assert BODY.validate_python({"specification": CONTRACTS}).kind is RunKind.PORTFOLIO


async def refused(edge: Any, body: Any, path: str = "/v1/runs") -> dict[str, Any]:
    async with edge.client() as client:
        answer = await client.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert "kind=" not in document["detail"]
    return document


@pytest.mark.parametrize("kind", ["wish", "Portfolio", "", None, 5, ["portfolio"], "kind=sweep"])
async def test_a_kind_that_there_is_not(edge: Any, kind: Any) -> None:
    document = await refused(edge, {"kind": kind, "specification": CONTRACTS})
    assert document["field"] == "kind"
    assert "portfolio, hedge, sweep" in document["reason"]


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/validate"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"priority": 10}, "priority"),
        ({"priority": -1}, "priority"),
        ({"priority": "first"}, "priority"),
        ({"deadline": "tomorrow"}, "deadline"),
        ({"deadline": "2031-01-05T12:00:00"}, "deadline"),
        ({"deadline": "2020-01-05T12:00:00Z"}, "deadline"),
        ({"deadline": "0001-01-01T00:00:00+14:00"}, "deadline"),
        ({"labels": ["x"] * (MAX_LABELS + 1)}, "labels"),
        ({"labels": ["fine", "x" * 65]}, "labels.1"),
        ({"labels": [""]}, "labels.0"),
        ({"labels": ["a\x00b"]}, "labels.0"),
        ({"labels": "desk"}, "labels"),
        ({"fresh": "perhaps"}, "fresh"),
        ({"colour": "red"}, "colour"),
        ({"specification": None}, "specification"),
    ],
    ids=str,
)
async def test_an_envelope_that_breaks_a_rule(
    edge: Any, path: str, changes: dict[str, Any], field: str
) -> None:
    document = await refused(edge, {"specification": CONTRACTS, **changes}, path)
    assert document["field"] == field


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("hedge", {"exposure": [{"product": "CL", "contracts": "many"}]}, "exposure.0.contracts"),
        ("hedge", {"exposure": []}, "exposure"),
        ("sweep", {"mixers": []}, "mixers"),
        ("sweep", {"backends": ["aer:fake_nowhere"]}, "backend"),
        ("landscape", {"gamma": {"low": 1, "high": 0}}, "low"),
        ("circuit", {"shots": 0}, "shots"),
        ("circuit", {"language": "qasm2"}, "language"),
        ("circuit", {"program": ""}, "program"),
        ("circuit", {"backend": "abacus"}, "backend"),
        ("circuit", {"products": ["CL"]}, "products"),
        ("observable", {"observables": [{"ZQ": 1.0}]}, "observables"),
        ("amplitude", {"measure": "luck"}, "measure"),
        ("amplitude", {"holding": None}, "holding"),
    ],
    ids=str,
)
async def test_each_kind_names_its_fields(
    edge: Any, kind: str, changes: dict[str, Any], field: str
) -> None:
    body = {"kind": kind, "specification": {**ASKED[kind], **changes}}
    assert (await refused(edge, body))["field"] == field


def test_a_deadline_keeps_its_moment() -> None:
    body = {"specification": CONTRACTS, "deadline": "2031-01-05T14:00:00+02:00"}
    assert BODY.validate_python(body).deadline == datetime(2031, 1, 5, 12, tzinfo=UTC)


def long_body(length: int) -> bytes:
    start, end = b'{"kind": "circuit", "specification": {"program": "', b'"}}'
    return start + b"x" * (length - len(start) - len(end)) + end


@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "chunked"])
async def test_a_run_may_be_long_but_not_too_long(edge: Any, is_announced: bool) -> None:
    async def pieces(body: bytes) -> Any:
        for first in range(0, len(body), 65_536):
            yield body[first : first + 65_536]

    async def post(path: str, length: int) -> Any:
        body = long_body(length)
        headers = {"content-type": "application/json"}
        async with edge.client() as client:
            content = body if is_announced else pieces(body)
            return await client.post(path, content=content, headers=headers)

    taken = await post("/v1/runs", MAX_RUN_BYTES)
    assert (taken.status_code, taken.json()["field"]) == (422, "program")
    for path, length in (
        ("/v1/runs", MAX_RUN_BYTES + 1),
        ("/v1/runs/validate", MAX_RUN_BYTES + 1),
        ("/v1/webhooks", MAX_BODY_BYTES + 1),
    ):
        answer = await post(path, length)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith("/payload-too-large")


async def test_an_announced_length_is_refused_before_a_byte_is_read(edge: Any) -> None:
    read = []

    async def receive() -> dict[str, Any]:
        read.append(True)
        return {"type": "http.request", "body": b"x", "more_body": True}

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"authorization", HEADERS["Authorization"].encode()),
        (b"content-length", b"5000001"),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/runs",
        "raw_path": b"/v1/runs",
        "query_string": b"",
        "headers": headers,
    }
    await edge.api(scope, receive, send)
    assert sent[0]["status"] == 413
    assert read == []
