"""Check how a run tells its progress, and how its failure is stored."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runs.events import Progress, problem_of
from core.errors import InvalidInput, RunFailed

SECOND = 10**9


def test_expects_the_rest_at_the_pace_so_far() -> None:
    progress = Progress(total=4, started_ns=100)
    progress.advance()
    detail = progress.detail("train", 100 + 2 * SECOND)
    assert detail == {"stage": "train", "done": 1, "total": 4, "eta_s": 6.0}


def test_without_a_finished_piece_nothing_is_expected() -> None:
    assert Progress(total=4, started_ns=0).detail("train", SECOND)["eta_s"] is None


def test_a_finished_run_expects_nothing_more() -> None:
    progress = Progress(total=2, started_ns=0)
    progress.advance()
    progress.advance()
    assert progress.detail("sample", 7 * SECOND)["eta_s"] == 0.0


def test_pieces_of_an_earlier_attempt_count_but_set_no_pace() -> None:
    progress = Progress(total=10, started_ns=0)
    progress.already(6)
    resumed = progress.detail("train", SECOND)
    assert (resumed["done"], resumed["eta_s"]) == (6, None)
    progress.advance()
    assert progress.detail("train", 3 * SECOND) == {
        "stage": "train",
        "done": 7,
        "total": 10,
        "eta_s": 9.0,
    }


@given(
    st.integers(1, 200), st.integers(0, 200), st.integers(0, 200), st.integers(0, 10**6 * SECOND)
)
def test_any_count_can_be_sent(total: int, before: int, now: int, elapsed_ns: int) -> None:
    progress = Progress(total=total, started_ns=0)
    progress.already(before)
    for _ in range(now):
        progress.advance()
    detail = json.loads(json.dumps(progress.detail("train", elapsed_ns)))
    assert detail["done"] == before + now
    eta_s = detail["eta_s"]
    assert (eta_s is None) == (now == 0)
    assert eta_s is None or (math.isfinite(eta_s) and eta_s >= 0)


@pytest.mark.parametrize(
    ("error", "stored"),
    [
        (
            InvalidInput(field="of", reason="too many"),
            {"code": "invalid-input", "detail": "of: too many", "field": "of"},
        ),
        (RunFailed(run_id="r", reason="x"), {"code": "run-failed", "detail": "Run r failed: x"}),
    ],
)
def test_a_failure_is_stored_with_its_context(
    error: InvalidInput | RunFailed, stored: dict[str, Any]
) -> None:
    problem = problem_of(error)
    assert json.loads(json.dumps(problem)) == problem
    assert problem.items() >= stored.items()
    assert "Traceback" not in str(problem)
