"""Check backtests from specification to rows, carried out in this process."""

from typing import Any

import pytest

from core.runs import RunKind
from jobs.plans.backtests import history_of, units
from jobs.results.backtest_rows import COLUMNS, ROWS_IN_RESULT, told
from jobs.tasks import backtests
from quant.backtest.judging import Yardsticks
from quant.backtest.units import carry_out as judge_unit
from tests.qaoa_runs import Carried, carry_out, pose

ASKED: dict[str, Any] = {
    "products": ["CL", "NG"],
    "positions": [1, 3],
    "models": ["random_walk", "historical", "naive"],
    "windows": [100],
    "horizons": [1, 5],
    "period_months": 2,
    "source": "import:made-up",
}
OUTCOMES = ("value", "low", "high")


@pytest.fixture(scope="module")
def carried() -> Carried:
    return carry_out(RunKind.BACKTEST, ASKED)


def test_one_chunk_for_each_model_product_and_period(carried: Carried) -> None:
    assert carried.stages == [["score"]]
    assert carried.plan["chunks"] == 2 * 3 * 3
    assert (carried.plan["backend"], carried.result["backend"]) == ("classical", "classical")
    assert len(carried.plan["estimated_s"]) == 18
    assert carried.plan["choice"]["estimated_s"] == pytest.approx(
        sum(carried.plan["estimated_s"]), abs=0.01
    )
    listed = units(carried.posed.specification, carried.posed.problem)  # type: ignore[arg-type]
    assert len({(one.product, one.period, one.model, one.window) for one in listed}) == 18


def test_the_rows_of_a_chunk_are_what_its_model_scored(carried: Carried) -> None:
    work = carried.posed.kind.shared(carried.posed.specification, carried.posed.problem, {})
    unit = units(work.specification, work.problem)[1]
    walk = backtests._walk(work, unit)
    assert walk is not None
    asked = work.specification
    yardsticks = Yardsticks.of(asked.horizons, asked.levels, asked.confidences, 100)
    expected = judge_unit(walk, unit.model, unit.window, 100, yardsticks, seed=asked.seed)
    rows = carried.done["score", 1]["rows"]
    assert [row["value"] for row in rows] == [one.estimate.value for one in expected.judgements]
    assert {row["days"] for row in rows} == {one.days for one in expected.judgements}
    history = history_of(work.problem, unit.product)
    assert walk.dates[walk.first].isoformat() >= rows[0]["first"]
    assert walk.changes[0, 0] == history.held_changes(3)[0, 0]


def test_rows_tell_every_measure_beside_the_baselines(carried: Carried) -> None:
    rows = carried.rows()
    assert len(rows) == carried.result["row_count"] == len(carried.result["rows"])
    assert tuple(rows[0]) == COLUMNS
    cells = {(row["product"], row["position"], row["horizon"]) for row in rows}
    assert len(cells) == 2 * 2 * 2
    for row in rows:
        ends = [row[name] for name in OUTCOMES]
        if row["metric"].endswith("_p"):
            assert 0.0 <= row["value"] <= 1.0
            assert ends[1:] == [None, None]
        else:
            assert row["low"] <= row["value"] <= row["high"]
        is_loss = row["metric"] in {"crps", "pinball", "mase"}
        assert (row["naive_difference"] is not None) is is_loss
        if row["model"] == "naive" and is_loss:
            assert row["naive_difference"] == 0.0
    assert carried.result["units"] == {"CL": "USD/bbl", "NG": "USD/MMBtu"}
    assert carried.result["source"] == "import:made-up"
    assert carried.result["vintage"].startswith("import:made-up@")


def test_a_seed_repeats_the_rows_and_another_moves_the_intervals(carried: Carried) -> None:
    small = {**ASKED, "products": ["CL"], "models": ["historical"], "period_months": None}
    first, same, other = (
        carry_out(RunKind.BACKTEST, {**small, "seed": seed}).result["rows"] for seed in (7, 7, 8)
    )
    assert first == same
    assert [row["value"] for row in first] == [row["value"] for row in other]
    assert [row["low"] for row in first] != [row["low"] for row in other]


def test_too_short_a_history_is_a_row_with_the_reason() -> None:
    found = carry_out(RunKind.BACKTEST, {**ASKED, "products": ["CL"], "models": ["density"]})
    (skipped, *_) = found.result["skipped"]
    assert skipped["model"] == "density"
    assert "needs 250 observations; there are 100" in skipped["reason"]
    assert all(row["metric"] == "skipped" and row["value"] is None for row in found.rows())
    assert len(found.rows()) == 3 * 2 * 2


def test_more_rows_than_a_result_holds_are_in_its_table_only(carried: Carried) -> None:
    row = carried.result["rows"][0]
    assert told([row] * ROWS_IN_RESULT)["rows"] is not None
    assert told([row] * (ROWS_IN_RESULT + 1))["rows"] is None


def test_the_workload_counts_days_forecast_and_there_is_no_circuit(carried: Carried) -> None:
    posed = pose(RunKind.BACKTEST, ASKED)
    workload = posed.kind.workload(posed.specification, posed.problem)
    listed = {(row["first"], row["product"]) for row in carried.rows()}
    assert len(listed) == 6
    assert workload.points == 3 * sum(
        max(row["days"] for row in carried.rows() if (row["first"], row["product"]) == each)
        for each in listed
    )
    assert (workload.shots, workload.qubits) == (0, 0)
    assert carried.programs() == []
