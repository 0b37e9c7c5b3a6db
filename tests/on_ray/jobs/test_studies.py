"""Carry studies out as Ray tasks, and compare them with what one process makes of them."""

from typing import Any

import pytest

from core.runs import RunKind
from jobs.fanout import RayFanout
from jobs.pieces import Finished
from tests import risk_runs
from tests.qaoa_runs import Posed, carry_out, pose, stored

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("_head")]

BACKTEST: dict[str, Any] = {
    "products": ["CL"],
    "positions": [1, 2],
    "models": ["ewma", "historical", "naive"],
    "windows": [100],
    "horizons": [1, 5],
    "source": "import:made-up",
}


async def on_workers(posed: Posed, plan: dict[str, Any]) -> dict[str, Any]:
    """Carry a posed run out as the RunManager does, and return its result."""
    kind, asked, problem = posed.kind, posed.specification, posed.problem
    done: dict[tuple[str, int], dict[str, Any]] = {}
    while pieces := kind.pieces(asked, problem, plan, done):
        async for outcome in RayFanout().run(kind.shared(asked, problem, plan), pieces):
            assert isinstance(outcome, Finished), outcome
            done[outcome.stage, outcome.index] = stored(outcome.result)
    return stored(kind.assemble(asked, problem, plan, done))


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return the leaves of a JSON value by their path."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return {
            path: leaf for key, one in parts for path, leaf in flat(one, f"{name}.{key}").items()
        }
    return {name: value}


async def test_a_backtest_has_the_same_rows() -> None:
    expected = flat(carry_out(RunKind.BACKTEST, BACKTEST).result)
    posed = pose(RunKind.BACKTEST, BACKTEST)
    found = flat(await on_workers(posed, posed.plan("auto")))
    # a worker has one thread for linear algebra and this process several: sums round otherwise
    assert found == {
        path: pytest.approx(leaf, rel=1e-9, abs=1e-12) if isinstance(leaf, float) else leaf
        for path, leaf in expected.items()
    }
    assert len(found) > 1_000


async def test_a_simulation_has_the_same_measures() -> None:
    book = risk_runs.loaded(risk_runs.held())
    expected = risk_runs.carry_out(risk_runs.ASKED, book)
    found = await on_workers(expected.posed, {**expected.plan, "edges": [0, 2, 3, 5, 7]})
    for level, one in zip(found["levels"], expected.result["levels"], strict=True):
        assert level["value_at_risk"] == pytest.approx(one["value_at_risk"], rel=1e-12)
        assert level["expected_shortfall"] == pytest.approx(one["expected_shortfall"], rel=1e-12)
