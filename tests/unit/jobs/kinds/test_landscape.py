"""Check landscapes: every point of the grid, exactly or sampled, and what the result keeps."""

from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInput
from core.runs import RunKind
from quant.portfolio_problem import PortfolioProblem
from quant.quantum.subspace import Ansatz
from tests.qaoa_runs import CHOICE, Carried, carry_out, pose

ASKED: dict[str, Any] = {
    **CHOICE,
    "of": 4,
    "gamma": {"low": -1.0, "high": 1.0, "points": 5},
    "beta": {"low": 0.0, "high": 2.0, "points": 4},
}


def landscape(**changes: Any) -> Carried:
    return carry_out(RunKind.LANDSCAPE, {**ASKED, **changes})


@pytest.fixture(scope="module")
def exact() -> Carried:
    return landscape()


class TestExact:
    def test_every_point_is_an_expectation(self, exact: Carried) -> None:
        problem = PortfolioProblem.from_json(exact.posed.problem)
        ansatz = Ansatz(problem.basis, problem.costs())
        matrix = exact.result["expectations"]
        for row, gamma in enumerate(np.linspace(-1, 1, 5)):
            for column, beta in enumerate(np.linspace(0, 2, 4)):
                value = ansatz.expectation(np.array([gamma]), np.array([beta]))
                assert matrix[row][column] == pytest.approx(value, abs=1e-12)

    def test_rows_run_through_the_grid(self, exact: Carried) -> None:
        rows = exact.rows()
        matrix = np.array(exact.result["expectations"])
        assert [row["expectation"] for row in rows] == matrix.ravel().tolist()
        assert [row["beta"] for row in rows[:4]] == np.linspace(0, 2, 4).tolist()
        assert {row["gamma"] for row in rows[:4]} == {-1.0}
        optimum = exact.result["classical_optimum"]["objective"]
        worst = exact.result["worst_objective"]
        for row in rows:
            ratio = (worst - row["expectation"]) / (worst - optimum)
            assert row["approximation_ratio"] == pytest.approx(ratio, abs=1e-12)

    def test_names_its_least_point_and_its_company(self, exact: Carried) -> None:
        result, rows = exact.result, exact.rows()
        least = min(rows, key=lambda row: row["expectation"])
        assert result["least"] == {
            "point": rows.index(least),
            **{name: least[name] for name in ("gamma", "beta", "expectation")},
            "approximation_ratio": least["approximation_ratio"],
        }
        assert result["classical_optimum"]["proven"]
        assert result["random_baseline"]["draws"] == 1024
        assert (result["backend"], result["shots"], result["cost"]) == ("subspace", None, 0)
        assert exact.stages == [["classical", "expect"]]
        (circuit,) = exact.programs()
        assert circuit.num_parameters == 2

    def test_grouping_does_not_show(self, exact: Carried) -> None:
        def apart(plan: dict[str, Any]) -> dict[str, Any]:
            return {**plan, "groups": [[0, 3], [3, 4], [4, 20]], "chunks": 4}

        parts = carry_out(RunKind.LANDSCAPE, ASKED, apart)
        found = np.array(parts.result["expectations"])
        np.testing.assert_allclose(found, exact.result["expectations"], rtol=0, atol=1e-12)

    def test_a_large_grid_is_in_the_table_only(self) -> None:
        wide = landscape(
            gamma={"low": -1.0, "high": 1.0, "points": 2001}, beta={**ASKED["beta"], "points": 6}
        )
        assert wide.result["expectations"] is None
        assert "Parquet" in wide.result["expectations_are_in"]
        assert wide.result["points"] == len(wide.rows()) == 2001 * 6
        assert len(wide.done) == wide.plan["chunks"]

    def test_what_is_exact_is_not_sampled(self) -> None:
        for backend in ("aer", "aer:fake_oslo", "ibm:somewhere"):
            with pytest.raises(InvalidInput) as refused:
                pose(RunKind.LANDSCAPE, {**ASKED, "backend": backend})
            assert refused.value.context["field"] == "shots"


class TestSampled:
    @pytest.mark.parametrize("backend", ["auto", "subspace", "ibm:somewhere"])
    def test_the_mean_follows_what_is_exact(self, exact: Carried, backend: str) -> None:
        sampled = landscape(backend=backend, shots=2000)
        found = np.array(sampled.result["expectations"])
        assert np.abs(found - np.array(exact.result["expectations"])).max() < 0.15
        assert sampled.result["feasible_fraction"] == 1.0
        assert sampled.result["random_baseline"]["draws"] == 2000
        assert len(sampled.done) == sampled.plan["chunks"]
        if backend == "ibm:somewhere":
            assert sampled.stages == [["classical", "compose"], ["sample"]]
            assert sampled.result["cost"] == 2.0

    def test_noise_is_told(self) -> None:
        gamma, beta = {**ASKED["gamma"], "points": 2}, {**ASKED["beta"], "points": 2}
        noisy = landscape(backend="aer:fake_oslo", shots=1000, gamma=gamma, beta=beta)
        assert 0 < noisy.result["feasible_fraction"] < 1
        assert noisy.result["physical_two_qubit_gates"] > 0
        shares = [row["feasible_fraction"] for row in noisy.rows()]
        assert noisy.result["feasible_fraction"] == pytest.approx(np.mean(shares))

    @pytest.mark.parametrize("backend", ["auto", "subspace"])
    def test_grouping_does_not_show(self, backend: str) -> None:
        def apart(plan: dict[str, Any]) -> dict[str, Any]:
            return {**plan, "groups": [[0, 3], [3, 4], [4, 20]], "chunks": 4}

        asked = {**ASKED, "backend": backend, "shots": 1500}
        whole, parts = (
            carry_out(RunKind.LANDSCAPE, asked, replan) for replan in (lambda plan: plan, apart)
        )
        assert parts.rows() == whole.rows()

    def test_a_point_without_a_feasible_shot_has_no_expectation(self) -> None:
        carried = landscape(backend="subspace", shots=1000)
        posed, done = carried.posed, dict(carried.done)
        points = [dict(point) for point in done["sample", 0]["points"]]
        points[3] |= {"kept": 0, "total": 0.0, "mask": None, "objective": None}
        done["sample", 0] = {**done["sample", 0], "points": points}
        result = posed.kind.assemble(posed.specification, posed.problem, carried.plan, done)
        assert result["expectations"][0][3] is None
        assert result["least"]["point"] != 3
        rows = posed.kind.table(posed.specification, posed.problem, result, done).to_pylist()
        assert rows[3]["expectation"] is rows[3]["approximation_ratio"] is None
