"""Check what decides about a run before it is stored."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.qpu.requests import QpuDevice
from core.errors import InvalidInput, PlanLimitExceeded
from core.plans import PLANS
from core.runs import DEFAULT_ORG, RunKind
from core.specifications import specification_from_json
from jobs.backends.choice import Workload
from jobs.kinds.kind import Posed
from serve.background import Background
from serve.submission import backend_of, digest_of, require_future, require_within, seed_of

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
CONTRACTS = {"products": ["CL"], "choose": 4, "of": 12, "source": "cme"}
TEAM = PLANS["team"]
WORKLOAD = Workload(
    qubits=TEAM.max_qubits,
    points=TEAM.max_points,
    shots=TEAM.max_shots,
    gates=1,
    two_qubit_gates=1,
    depth=1,
    cut_bits=1,
    is_clifford=False,
    is_dynamic=False,
    needs_circuits=True,
)


def posed(kind: str = "portfolio", vintage: str | None = "cme@1", **asked: Any) -> Posed:
    values = {**CONTRACTS, **asked} if kind != "circuit" else asked
    return Posed(specification=specification_from_json(kind, values), problem={}, vintage=vintage)


def test_a_deadline_lies_ahead() -> None:
    require_future(None, NOW)
    require_future(NOW + timedelta(microseconds=1), NOW)
    with pytest.raises(InvalidInput) as caught:
        require_future(NOW, NOW)
    assert caught.value.context["field"] == "deadline"


@pytest.mark.parametrize("kind", list(RunKind))
def test_what_the_plan_just_allows(kind: RunKind) -> None:
    require_within(TEAM, kind, WORKLOAD, TEAM.max_priority)


@pytest.mark.parametrize(
    ("kind", "changes", "priority", "field"),
    [
        (RunKind.CIRCUIT, {"qubits": TEAM.max_qubits + 1}, 0, "program.qubits"),
        (RunKind.PORTFOLIO, {"qubits": TEAM.max_qubits + 1}, 0, "of"),
        (RunKind.AMPLITUDE, {"qubits": TEAM.max_qubits + 1}, 0, "qubits"),
        (RunKind.CIRCUIT, {"shots": TEAM.max_shots + 1}, 0, "shots"),
        (RunKind.OBSERVABLE, {"points": TEAM.max_points + 1}, 0, "parameters.points"),
        (RunKind.SWEEP, {"points": TEAM.max_points + 1}, 0, "points"),
        (RunKind.BACKTEST, {"points": TEAM.max_points + 1}, 0, "first"),
        (RunKind.RISK, {"shots": TEAM.max_shots + 1}, 0, "paths"),
        (RunKind.SWEEP, {}, TEAM.max_priority + 1, "priority"),
    ],
)
def test_what_is_more_than_the_plan_allows(
    kind: RunKind, changes: dict[str, int], priority: int, field: str
) -> None:
    with pytest.raises(PlanLimitExceeded) as caught:
        require_within(TEAM, kind, replace(WORKLOAD, **changes), priority)
    assert caught.value.context["field"] == field
    assert caught.value.context["plan"] == "team"


def test_a_digest_holds_all_that_settles_an_answer() -> None:
    first = digest_of(RunKind.PORTFOLIO, posed(), DEFAULT_ORG, "1.0")
    assert first == digest_of(RunKind.PORTFOLIO, posed(seed=7), DEFAULT_ORG, "1.0")
    others = [
        digest_of(RunKind.LANDSCAPE, posed(), DEFAULT_ORG, "1.0"),
        digest_of(RunKind.PORTFOLIO, posed(seed=8), DEFAULT_ORG, "1.0"),
        digest_of(RunKind.PORTFOLIO, posed(vintage="cme@2"), DEFAULT_ORG, "1.0"),
        digest_of(RunKind.PORTFOLIO, posed(), UUID(int=9), "1.0"),
        digest_of(RunKind.PORTFOLIO, posed(), DEFAULT_ORG, "1.1"),
    ]
    assert len({first, *others}) == 6


def test_the_order_in_which_parameters_are_named_asks_for_nothing_else() -> None:
    grids = [{"a": [1.0, 2.0], "b": [3.0]}, {"b": [3.0], "a": [1.0, 2.0]}]
    digests = {
        digest_of(
            RunKind.CIRCUIT,
            posed("circuit", program="OPENQASM 3.0;", parameters=grid, grid="product"),
            DEFAULT_ORG,
            "1.0",
        )
        for grid in grids
    }
    assert len(digests) == 1


def test_the_backend_and_seed_of_a_sweep() -> None:
    one = specification_from_json("sweep", {**CONTRACTS, "backends": ["aer"], "seeds": [3, 4]})
    several = specification_from_json("sweep", {**CONTRACTS, "backends": ["aer", "subspace"]})
    assert (backend_of(one), seed_of(one)) == ("aer", 3)
    assert backend_of(several) == "auto"
    hedge = specification_from_json("portfolio", {**CONTRACTS, "seed": 5, "backend": "subspace"})
    assert (backend_of(hedge), seed_of(hedge)) == ("subspace", 5)


def device(name: str) -> QpuDevice:
    return QpuDevice(
        name=name, qubits=156, is_available=True, reason="", queue_length=3, source="ibm"
    )


async def test_a_device_that_the_account_lacks_is_refused_before_a_store_is_asked(
    edge: Any,
) -> None:
    edge.qpu.listed = [device("fez"), device("torino")]
    asked = {"program": "OPENQASM 3.0;", "backend": "ibm:nowhere"}
    async with edge.client() as client:
        answer = await client.post("/v1/runs", json={"kind": "circuit", "specification": asked})
    document = answer.json()
    assert (answer.status_code, document["field"]) == (422, "backend")
    assert "ibm:fez, ibm:torino" in document["reason"]
    sweep = {**CONTRACTS, "backends": ["aer", "ibm:fez", "ibm:lost"]}
    async with edge.client() as client:
        answer = await client.post("/v1/runs", json={"kind": "sweep", "specification": sweep})
    assert (answer.status_code, answer.json()["field"]) == (422, "backends")


async def test_backends_are_listed_with_and_without_ibm(edge: Any) -> None:
    async with edge.client() as client:
        away = (await client.get("/v1/backends")).json()
        edge.qpu.listed = [device("torino"), replace(device("fez"), is_available=False, reason="x")]
        there = (await client.get("/v1/backends")).json()
    assert away["ibm"]["is_reachable"] is False
    assert "it is restarting" in away["ibm"]["reason"]
    assert there["ibm"] == {"is_reachable": True, "reason": None}
    names = [item["backend"] for item in there["items"]]
    assert names[:3] == ["auto", "subspace", "aer"]
    assert names[-2:] == ["ibm:fez", "ibm:torino"]
    assert [item["backend"] for item in away["items"]] == names[:-2]
    by_name = {item["backend"]: item for item in there["items"]}
    assert by_name["aer:fake_torino"]["qubits"] == 133
    assert by_name["ibm:fez"]["status"] == "offline"
    assert by_name["ibm:fez"]["reason"] == "x"


async def test_work_in_the_background_is_kept_until_it_ends_or_is_ended() -> None:
    background, ended = Background(), []
    gate = asyncio.Event()

    async def work(name: str) -> None:
        try:
            await gate.wait()
        finally:
            ended.append(name)

    background.start(work("first"))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.sleep(0)
    gate.clear()
    background.start(work("second"))
    await asyncio.sleep(0)
    await background.close()
    assert ended == ["first", "second"]


async def test_a_webhook_goes_to_public_addresses_only(edge: Any) -> None:
    async with edge.client() as client:
        for url in ("http://example.com", "https://127.0.0.1/", "https://u:p@example.com", "x"):
            answer = await client.post("/v1/webhooks", json={"url": url})
            assert (answer.status_code, answer.json()["field"]) == (422, "url"), url
