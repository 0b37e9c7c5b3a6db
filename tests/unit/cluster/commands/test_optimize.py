"""Check `heliostat optimize`: submit, follow, tell."""

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

ASK = ("optimize", "--products", "CL, ng", "--choose", "2", "--of", "4", "--q", "0.7")
QUEUED = {
    "run_id": "r1",
    "kind": "portfolio",
    "status": "queued",
    "specification": {
        "products": ["CL", "NG"],
        "choose": 2,
        "of": 4,
        "source": "sandbox",
        "seed": 7,
        "shots": 4096,
        "depth": 3,
    },
}
RESULT = {
    "objective": -0.25,
    "chosen": ["CL1", "NG2"],
    "expectation": -0.2,
    "approximation_ratio": 0.97,
    "probability_of_optimum": 0.31,
    "random_baseline": {"objective": -0.24, "draws": 4096},
    "backend": "aer",
    "depth": 41,
    "cost": 0,
    "classical_optimum": {
        "objective": -0.25,
        "chosen": ["CL1", "NG2"],
        "proven": True,
        "elapsed_s": 0.01,
    },
    "transpiled_gates": 99,
}
DONE = QUEUED | {"status": "succeeded", "result": RESULT, "elapsed_s": 3.5}


def frame(sequence: int, status: str, **detail: Any) -> str:
    data = {
        "run_id": "r1",
        "sequence": sequence,
        "at": "2026-01-05T12:00:00Z",
        "kind": "progress",
        "status": status,
        "detail": detail,
    }
    return f"id: {sequence}\nevent: progress\ndata: {json.dumps(data)}\n\n"


@pytest.fixture
def flowing(api: "FakeApi") -> "FakeApi":
    api.on("POST", "/v1/runs", 202, QUEUED)
    api.on("GET", "/v1/runs/r1", 200, DONE)
    frames = frame(1, "running", stage="train", done=1, total=8, eta_s=2.5) + frame(2, "succeeded")
    api.on_text("GET", "/v1/streams/runs/r1", "text/event-stream", frames)
    return api


def test_json_prints_one_flat_object_and_progress_stays_on_stderr(flowing: "FakeApi") -> None:
    result = flowing.run(*ASK, "--seed", "7", "--fresh", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer | {"chosen": 0} == {
        "run_id": "r1",
        "status": "succeeded",
        "source": "sandbox",
        "objective": -0.25,
        "chosen": 0,
        "expectation": -0.2,
        "approximation_ratio": 0.97,
        "probability_of_optimum": 0.31,
        "random_baseline": {"objective": -0.24, "draws": 4096},
        "backend": "aer",
        "shots": 4096,
        "depth": 41,
        "cost": 0,
        "seed": 7,
        "classical_optimum": RESULT["classical_optimum"],
        "transpiled_gates": 99,
        "elapsed_s": 3.5,
    }
    assert "train ..." in result.stderr
    assert json.loads(flowing.requests[0].content) == {
        "kind": "portfolio",
        "specification": {
            "products": ["CL", "NG"],
            "choose": 2,
            "of": 4,
            "seed": 7,
            "risk_aversion": 0.7,
        },
        "fresh": True,
    }


def test_people_see_the_choice_beside_the_classical_optimum(flowing: "FakeApi") -> None:
    result = flowing.run(*ASK)
    assert result.exit_code == 0, result.output
    assert "chosen by QAOA" in result.stdout
    assert "classical optimum (proven)" in result.stdout
    assert "-0.24" in result.stdout
    assert "approximation ratio 0.97" in result.stdout
    assert "source sandbox" in result.stdout


def test_ctrl_c_leaves_the_run_going_and_says_how_to_find_it(flowing: "FakeApi") -> None:
    def interrupt(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    flowing.answers["GET", "/v1/streams/runs/r1"] = interrupt
    result = flowing.run(*ASK)
    assert result.exit_code == 130
    assert "heliostat runs watch r1" in result.stderr
    assert [request.method for request in flowing.requests] == ["POST", "GET"]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_run_that_ends_badly_is_exit_1_and_still_an_object(
    flowing: "FakeApi", status: str
) -> None:
    flowing.on("POST", "/v1/runs", 200, QUEUED | {"status": status, "error": {"detail": "why"}})
    result = flowing.run(*ASK, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["status"] == status
    assert result.stderr == f"heliostat: Run r1 {status}: why\n"


def test_a_value_the_api_refuses_is_exit_2_and_one_line(api: "FakeApi") -> None:
    detail = "choose: expected fewer than the 4 contracts to choose from, was 4"
    api.on_problem("POST", "/v1/runs", 422, "invalid-input", detail)
    result = api.run(*ASK)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"heliostat: {detail}\n"
