"""Follow a portfolio run from its submission to its stored result."""

from itertools import combinations
from typing import Any

import httpx
import numpy as np
import pytest

from heliostat import Client, InvalidInput, RunAlreadyFinished, RunNotFound, RunStatus
from tests.on_ray.conftest import Stack, wait_for

pytestmark = pytest.mark.ray

SMALL: dict[str, Any] = {
    "products": ["CL"],
    "choose": 3,
    "of": 8,
    "depth": 2,
    "shots": 2500,
    "starts": 3,
    "seed": 11,
}


@pytest.fixture(scope="module")
def finished(stack: Stack) -> Any:
    with stack.client() as client:
        return client.optimize(fresh=True, **SMALL)


def test_the_optimum_can_be_recomputed_by_anyone(finished: Any) -> None:
    problem = finished.problem
    mu, sigma = np.array(problem["mu"]), np.array(problem["sigma"])
    costs = {
        chosen: problem["q"] * sigma[np.ix_(chosen, chosen)].sum() - mu[list(chosen)].sum()
        for chosen in combinations(range(len(mu)), problem["k"])
    }
    best = min(costs, key=costs.__getitem__)
    optimum = finished.result["classical_optimum"]
    assert optimum["proven"]
    assert optimum["objective"] == pytest.approx(costs[best], rel=1e-9)
    assert optimum["chosen"] == [problem["labels"][index] for index in best]
    worst = max(costs.values())
    expected = (worst - finished.result["expectation"]) / (worst - costs[best])
    assert finished.result["approximation_ratio"] == pytest.approx(expected, rel=1e-9)
    chosen = tuple(problem["labels"].index(name) for name in finished.result["chosen"])
    assert finished.result["objective"] == pytest.approx(costs[chosen], rel=1e-9)


def test_the_window_is_250_business_days_of_one_source(finished: Any) -> None:
    assert finished.problem["window"]["days"] == 250
    assert finished.problem["vintage"].startswith("sandbox@")
    assert finished.specification["source"] == "sandbox"


def test_the_same_seed_gives_the_same_answer(client: Client, finished: Any) -> None:
    again = client.optimize(fresh=True, **SMALL)
    assert again.run_id != finished.run_id
    names = ("chosen", "objective", "expectation", "gammas", "betas", "random_baseline")
    assert {name: again.result[name] for name in names} == {
        name: finished.result[name] for name in names
    }


def test_an_identical_finished_run_answers_from_the_store(client: Client, finished: Any) -> None:
    assert client.submit(**SMALL).status == "succeeded"


def test_events_are_numbered_without_holes_and_can_be_resumed(
    client: Client, finished: Any
) -> None:
    events = list(client.watch(finished.run_id))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events if event.kind != "progress"] == [
        "queued",
        "planning",
        "running",
        "succeeded",
    ]
    assert list(client.watch(finished.run_id, after=events[-2].sequence)) == events[-1:]


def test_the_last_event_brings_the_result(client: Client, finished: Any) -> None:
    *_, last = client.watch(finished.run_id)
    assert last.run is not None
    assert last.run.result == finished.result
    assert last.run.problem is None
    assert client.follow(finished.run_id).result == finished.result


def test_chunks_tell_where_and_how_long(client: Client, finished: Any) -> None:
    chunks = list(client.chunks(finished.run_id))
    assert {chunk.stage for chunk in chunks} >= {"train", "classical", "sample"}
    assert len([chunk for chunk in chunks if chunk.stage == "train"]) == SMALL["starts"]
    assert all(chunk.error is None and chunk.worker for chunk in chunks)


def test_a_circuit_comes_back_as_counts_rows_and_qpy(client: Client) -> None:
    program = (
        'OPENQASM 3.0; include "stdgates.inc"; input float[64] a; qubit[2] q; bit[2] c; '
        "rx(a) q[0]; cx q[0], q[1]; c = measure q;"
    )
    asked: dict[str, Any] = {"program": program, "parameters": {"a": [0.0, 3.14159265358979]}}
    trial = client.validate("circuit", asked, shots=500)
    assert (trial.qubits, trial.points, trial.shots) == (2, 2, 500)
    submitted = client.submit("circuit", asked, shots=500, fresh=True, labels=["bell"])
    run = client.follow(submitted.run_id)
    assert run.backend == trial.backend
    rows = client.result(run.run_id, "csv").decode().splitlines()
    assert rows[0].startswith("point,a,outcome,count")
    assert client.result(run.run_id, "parquet")[:4] == b"PAR1"
    assert client.result(run.run_id, "qpy")[:6] == b"QISKIT"
    found = client.runs(label="bell", kind="circuit", status=RunStatus.SUCCEEDED)
    assert next(found).run_id == run.run_id


@pytest.mark.parametrize(
    ("specification", "field"),
    [
        ({"program": "OPENQASM 3.0; nonsense q;"}, "program"),
        ({"program": "OPENQASM 3.0; qubit[2] q;", "backend": "abacus"}, "backend"),
        ({"program": "OPENQASM 3.0; qubit[2] q;", "shots": 0}, "shots"),
    ],
    ids=str,
)
def test_a_circuit_that_is_refused(
    client: Client, specification: dict[str, Any], field: str
) -> None:
    before = [run.run_id for run in client.runs(kind="circuit")]
    with pytest.raises(InvalidInput) as caught:
        client.submit("circuit", specification)
    assert caught.value.context["field"] == field
    assert [run.run_id for run in client.runs(kind="circuit")] == before


def test_backends_are_listed(client: Client) -> None:
    names = {backend.backend for backend in client.backends()}
    assert names >= {"auto", "subspace", "aer", "aer:fake_torino"}


def test_webhooks_stay_out_of_our_own_network_unless_told(client: Client) -> None:
    for url in ("http://127.0.0.1:9/", "https://127.0.0.1/", "https://[::1]/"):
        with pytest.raises(InvalidInput, match="url"):
            client.add_webhook(url)


def test_one_idempotency_key_makes_one_run(stack: Stack, client: Client) -> None:
    key = stack.chosen.secrets_key()
    body = {"kind": "portfolio", "specification": {**SMALL, "seed": 12}, "fresh": True}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "only-one"}
    with httpx.Client(base_url=f"http://127.0.0.1:{stack.port}", headers=headers) as http:
        first, second = (http.post("/v1/runs", json=body) for _ in range(2))
        other = http.post("/v1/runs", json={**body, "labels": ["other"]})
    assert first.status_code == second.status_code == 202
    assert first.json()["run_id"] == second.json()["run_id"]
    assert other.status_code == 422
    assert other.json()["type"].endswith("/idempotency-key-reused")
    wait_for(lambda: client.run(first.json()["run_id"]).status == "succeeded")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"choose": 8}, "choose"),
        ({"choose": 0}, "choose"),
        ({"of": 120, "choose": 3}, "of"),
        ({"of": 24, "products": ["CL"], "as_of": "2001-01-02"}, "source"),
        ({"shots": 0}, "shots"),
        ({"products": ["XX"], "source": "sandbox"}, "products"),
        ({"source": "sandbox,import:rtl"}, "source"),
        ({"source": "import:none"}, "source"),
        ({"backend": "aer:fake_nowhere"}, "backend"),
        ({"seed": -1}, "seed"),
        ({"depth": "three"}, "depth"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_bad_specifications_are_refused_at_once(
    stack: Stack, changes: dict[str, Any], field: str
) -> None:
    headers = {"Authorization": f"Bearer {stack.chosen.secrets_key()}"}
    body = {"kind": "portfolio", "specification": {**SMALL, **changes}}
    url = f"http://127.0.0.1:{stack.port}/v1/runs"
    answer = httpx.post(url, json=body, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("/invalid-input")
    assert answer.json()["field"] == field


def test_more_contracts_than_there_are_is_refused(stack: Stack, client: Client) -> None:
    rows = "".join(f"2024-01-02,NG,{position},2.5\n" for position in (1, 2))
    path = stack.data / "two.csv"
    path.write_text("date,product,position,settlement\n" + rows)
    client.import_settlements(path, "two")
    with pytest.raises(InvalidInput, match="NG has 2 contracts"):
        client.submit(products=["NG"], choose=2, of=3, source="import:two")


def test_new_prices_make_a_new_answer(stack: Stack, client: Client) -> None:
    rng = np.random.default_rng(3)
    days = np.arange(np.datetime64("2023-01-02"), np.datetime64("2023-06-30"))
    days = days[np.is_busday(days)]
    prices = np.round(80 + rng.normal(0, 1, (len(days), 6)).cumsum(axis=0), 2)
    lines = [
        f"{day},HO,{position + 1},{prices[row, position]}"
        for row, day in enumerate(days)
        for position in range(6)
    ]
    asked = {"products": ["HO"], "choose": 2, "of": 4, "window_days": 60, "source": "import:grow"}
    path = stack.data / "grow.csv"

    def answer(count: int, revise: bool = False) -> str:
        path.write_text("date,product,position,settlement\n" + "\n".join(lines[:count]) + "\n")
        client.import_settlements(path, "grow", revise=revise)
        return client.optimize(**asked, starts=1, shots=1024).run_id

    first = answer(6 * 100)
    assert answer(6 * 100) == first
    longer = answer(6 * 110)
    assert longer != first
    lines[6 * 100] = f"{days[100]},HO,1,{prices[100, 0] + 1:.2f}"
    assert answer(6 * 110, revise=True) != longer


def test_a_run_can_be_cancelled_and_not_twice(client: Client) -> None:
    run = client.submit(
        fresh=True, products=["CL"], choose=6, of=20, starts=64, depth=8, shots=100_000
    )
    wait_for(lambda: client.run(run.run_id).status == "running")
    cancelled = client.cancel(run.run_id)
    assert cancelled.status == "cancelled"
    assert [event.kind for event in client.watch(run.run_id)][-1] == "cancelled"
    with pytest.raises(RunAlreadyFinished):
        client.cancel(run.run_id)


def test_runs_are_listed_newest_first(client: Client, finished: Any) -> None:
    listed = [run.run_id for run in client.runs(page_size=2)]
    assert finished.run_id in listed
    assert listed == sorted(listed, reverse=True)
    with pytest.raises(RunNotFound):
        client.run("0192d3a0-0000-7000-8000-000000000000")
