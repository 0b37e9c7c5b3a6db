"""Carry a backtest and a simulation of risk out on workers, and compare what they say."""

import json
from typing import Any

import pytest

from heliostat import Client
from tests.on_ray.conftest import Stack

pytestmark = pytest.mark.ray

BACKTEST: dict[str, Any] = {
    "products": ["CL"],
    "positions": [1, 6],
    "models": ["ewma", "density", "naive"],
    "windows": [250],
    "horizons": [1, 5],
    "period_months": 12,
}
SIMULATION: dict[str, Any] = {
    "paths": 60_000,
    "levels": [0.95, 0.99],
    "window_days": 250,
    "seed": 3,
}


def test_a_backtest_on_workers_and_its_rows_everywhere(client: Client, stack: Stack) -> None:
    events: list[Any] = []
    run = client.backtest(fresh=True, on_event=events.append, **BACKTEST)
    assert run.backend == "classical"
    assert run.result is not None
    result = run.result
    assert len(list(client.chunks(run.run_id))) == 3 * len(result["periods"])
    rows = result["rows"]
    assert {row["model"] for row in rows} == {"ewma", "density", "naive"}
    for row in rows:
        if row["metric"] == "crps":
            assert row["low"] <= row["value"] <= row["high"]
            assert row["naive_difference"] is not None
    frame = client.frame(run.run_id)
    assert len(frame) == result["row_count"] == len(rows)
    assert any(event.detail.get("total") for event in events)

    words = ("CL", "--positions", "1,6", "--models", "ewma,density,naive", "--windows", "250")
    asked = ("--horizons", "1,5", "--period-months", "12", "--json")
    told = stack.run("backtest", *words, *asked)
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout)
    # an identical run has succeeded, so that its stored result answers
    assert answer["run_id"] == run.run_id
    assert answer["rows"] == rows
    query = "SELECT count(*) AS found FROM backtest_scores GROUP BY run_id"
    counted = json.loads(stack.run("sql", query, "--json").stdout)
    assert counted["items"] == [{"found": len(rows)}]


def test_a_simulation_on_workers_is_that_of_one_process(client: Client) -> None:
    listed = client.instruments("CL", limit=6)
    held: list[dict[str, Any]] = [
        {"kind": "future", "instrument": f"CL-{listed[1].contract}", "contracts": 10},
        {"kind": "future", "instrument": f"CL-{listed[5].contract}", "contracts": -8},
    ]
    run = client.simulate_risk(held, fresh=True, **SIMULATION)
    assert run.result is not None
    waited = client.risk(held, method="monte_carlo", **SIMULATION)
    for level, expected in zip(run.result["levels"], waited.levels, strict=True):
        at_risk, shortfall = level["value_at_risk"], level["expected_shortfall"]
        assert at_risk["estimate"] == pytest.approx(expected.value_at_risk.estimate, rel=1e-12)
        assert shortfall["estimate"] == pytest.approx(
            expected.expected_shortfall.estimate, rel=1e-12
        )
        parts = sum(part["value_at_risk"] for part in level["positions"])
        assert parts == pytest.approx(at_risk["estimate"], rel=1e-9)
    stages = {chunk.stage for chunk in client.chunks(run.run_id)}
    assert stages == {"draw", "report"}
    assert {"book", "position", "contract"} == set(client.frame(run.run_id)["part"])
