"""Check `heliostat risk simulate`: what is asked, the tables, the picture."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi


def level(value: float, confidence: float) -> dict[str, Any]:
    told = {"estimate": value, "error": 50.0, "low": value - 98.0, "high": value + 98.0}
    parts = [
        {"position": 1, "label": "crude", "value_at_risk": value + 500.0},
        {"position": 3, "label": "calls", "value_at_risk": -500.0},
    ]
    return {
        "level": confidence,
        "value_at_risk": told,
        "expected_shortfall": told,
        "positions": [{**part, "expected_shortfall": part["value_at_risk"]} for part in parts],
        "contracts": [],
        "added": None,
    }


RESULT: dict[str, Any] = {
    "book": "desk",
    "version": 2,
    "as_of": "2023-12-29",
    "sources": {"CL": "import:test"},
    "method": "monte_carlo",
    "horizon_days": 1,
    "window": {"first": "2022-01-04", "last": "2023-12-29", "days": 500},
    "scenarios": 5_000_000,
    "floored_scenarios": 0,
    "levels": [level(12_000.0, 0.95), level(20_000.0, 0.99)],
    "notes": [{"code": "covariance", "detail": "of 500 days, all alike"}],
    "expired": 1,
    "stale": ["CL-202401"],
    "seed": 7,
}


@pytest.fixture
def answering(api: "FakeApi") -> "FakeApi":
    done = {"run_id": "r1", "kind": "risk", "status": "succeeded", "result": RESULT}
    api.on("POST", "/v1/runs", 200, done)
    return api


def test_what_is_asked(answering: "FakeApi") -> None:
    words = ("risk", "simulate", "desk", "--paths", "5000000", "--level", "0.99", "--level", "0.95")
    found = answering.run(*words, "--seed", "7", "--degrees-of-freedom", "5", "--json")
    assert found.exit_code == 0, found.output
    body = json.loads(answering.requests[0].content)
    assert (body["kind"], body["fresh"]) == ("risk", False)
    assert body["specification"] == {
        "book": "desk",
        "method": "monte_carlo",
        "paths": 5_000_000,
        "levels": [0.95, 0.99],
        "seed": 7,
        "degrees_of_freedom": 5.0,
        "window_days": 500,
        "horizon_days": 1,
        "rate": 0.0,
        "dollars": {},
        "strict": False,
    }
    assert json.loads(found.stdout) == {"run_id": "r1", "status": "succeeded", **RESULT}


def test_measures_parts_and_what_is_to_be_known(answering: "FakeApi") -> None:
    lines = answering.run("risk", "simulate", "desk").stdout.splitlines()
    assert any("99 %" in line and "20,000  19,902 to 20,098" in line for line in lines)
    first, second = (
        next(n for n, line in enumerate(lines) if name in line) for name in ("crude", "calls")
    )
    assert first < second  # the largest part first
    assert any("5,000,000 paths of 1 days, monte_carlo, seed 7" in line for line in lines)
    assert "of 500 days, all alike" in lines
    assert "1 contracts have expired and are left out" in lines
    assert "stale prices: CL-202401" in lines
    assert lines[-1] == "run r1"


def test_a_picture_of_the_parts(answering: "FakeApi", tmp_path: Path) -> None:
    path = tmp_path / "parts.svg"
    found = answering.run("risk", "simulate", "desk", "--plot", str(path))
    assert found.exit_code == 0, found.output
    assert b"<svg" in path.read_bytes()


@pytest.mark.parametrize(
    "words", [("--level", "high"), ("--plot", "parts.txt"), ("--method", "parametric")]
)
def test_what_is_no_value_is_refused_before_anything_is_asked(
    answering: "FakeApi", words: tuple[str, str]
) -> None:
    found = answering.run("risk", "simulate", "desk", *words)
    assert found.exit_code == 2
    assert words[0] in found.output
    assert not answering.requests
