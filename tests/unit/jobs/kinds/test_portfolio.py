"""Check portfolio runs from specification to answer, on every backend and however grouped."""

import json
from itertools import combinations
from typing import Any

import pytest
from qiskit.quantum_info import Statevector

from core.backends import Family
from core.errors import InvalidInput
from core.mixers import Mixer
from core.runs import RunKind
from quant.portfolio_problem import PortfolioProblem
from tests.qaoa_runs import CHOICE, Carried, carry_out, pose

ASKED = {**CHOICE, "depth": 2, "shots": 3000, "starts": 2, "seed": 7}
TOLD_BEFORE = {
    "objective",
    "objective_unscaled",
    "chosen",
    "chosen_indices",
    "feasible_fraction",
    "expectation",
    "approximation_ratio",
    "probability_of_optimum",
    "random_baseline",
    "classical_optimum",
    "backend",
    "shots",
    "depth",
    "circuit_depth",
    "cost",
    "gammas",
    "betas",
    "training_evaluations",
    "seed",
}


def portfolio(**changes: Any) -> Carried:
    return carry_out(RunKind.PORTFOLIO, {**ASKED, **changes})


@pytest.fixture(scope="module")
def carried() -> Carried:
    return portfolio()


def alike(result: dict[str, Any]) -> dict[str, Any]:
    optimum = {**result["classical_optimum"], "elapsed_s": None}
    return {**result, "classical_optimum": optimum}


class TestAnswer:
    def test_holds_what_a_run_reports(self, carried: Carried) -> None:
        result = carried.result
        assert result.keys() >= TOLD_BEFORE
        assert (result["backend"], result["method"]) == ("aer", "statevector")
        assert (result["depth"], result["shots"], result["seed"]) == (2, 3000, 7)
        assert (result["cost"], result["feasible_fraction"]) == (0, 1.0)
        assert result["circuit_depth"] > 50
        assert 0 < result["probability_of_optimum"] < 1
        starts = [carried.done["train", start] for start in range(2)]
        assert result["training_evaluations"] == sum(start["evaluations"] for start in starts)
        energy = min(start["energy"] for start in starts)
        assert result["expectation"] == pytest.approx(energy, abs=1e-12)

    def test_every_number_stands_beside_the_optimum_and_random_draws(
        self, carried: Carried
    ) -> None:
        problem = PortfolioProblem.from_json(carried.posed.problem)
        values = {subset: problem.objective(subset) for subset in combinations(range(6), 2)}
        result = carried.result
        optimum, baseline = result["classical_optimum"], result["random_baseline"]
        assert optimum["objective"] == min(values.values())
        assert optimum["proven"]
        assert baseline["draws"] == 3000
        assert result["worst_objective"] == max(values.values())
        for answer in (result, optimum, baseline):
            subset = tuple(answer["chosen_indices"])
            assert values[subset] == answer["objective"] >= optimum["objective"]
            assert answer["objective_unscaled"] == answer["objective"] * problem.scale
            assert answer["chosen"] == [problem.labels[i] for i in subset]

    def test_the_date_is_settled_when_the_problem_is_posed(self, carried: Carried) -> None:
        specification = carried.posed.specification.to_json()
        assert specification["as_of"] == carried.posed.problem["window"]["last"]

    def test_rows_are_the_outcomes(self, carried: Carried) -> None:
        rows = carried.rows()
        assert sum(row["count"] for row in rows) == 3000
        assert [row["outcome"] for row in rows] == sorted(row["outcome"] for row in rows)
        best = min(rows, key=lambda row: row["objective"])
        assert best["objective"] == carried.result["objective"]
        assert all(row["feasible"] and row["outcome"].count("1") == 2 for row in rows)

    def test_the_program_is_the_circuit_that_was_sampled(self, carried: Carried) -> None:
        (circuit,) = carried.programs()
        state = Statevector(circuit.remove_final_measurements(inplace=False))
        mask = sum(1 << i for i in carried.result["classical_optimum"]["chosen_indices"])
        share = state.probabilities()[mask]
        assert share == pytest.approx(carried.result["probability_of_optimum"], abs=1e-9)


class TestStages:
    def test_angles_come_before_samples(self, carried: Carried) -> None:
        assert carried.stages == [["classical", "train"], ["sample", "score"]]
        assert len(carried.done) == carried.plan["chunks"]

    def test_the_same_arguments_give_the_same_plan(self, carried: Carried) -> None:
        assert carried.posed.plan("auto") == carried.posed.plan("auto") == carried.plan

    def test_a_run_picked_up_again_goes_on_where_it_was(self, carried: Carried) -> None:
        kind, posed = carried.posed.kind, carried.posed
        done = dict(carried.done)
        del done["train", 1], done["sample", 0]
        again = kind.pieces(posed.specification, posed.problem, carried.plan, done)
        assert [(piece.stage, piece.index) for piece in again] == [("train", 1)]
        done["train", 1] = carried.done["train", 1]
        again = kind.pieces(posed.specification, posed.problem, carried.plan, done)
        assert [(piece.stage, piece.index) for piece in again] == [("sample", 0)]

    @pytest.mark.parametrize("backend", ["subspace", "aer"])
    def test_neither_order_nor_grouping_of_blocks_shows(self, backend: str) -> None:
        asked = {**ASKED, "backend": backend}
        whole = carry_out(RunKind.PORTFOLIO, asked)

        def apart(plan: dict[str, Any]) -> dict[str, Any]:
            return {**plan, "groups": [[2, 3], [0, 1], [1, 2]], "chunks": plan["chunks"] + 2}

        parts = carry_out(RunKind.PORTFOLIO, asked, apart)
        assert len(parts.done) == len(whole.done) + 2
        assert parts.rows() == whole.rows()
        told = {name: parts.result[name] for name in ("objective", "chosen", "expectation")}
        assert told == {name: whole.result[name] for name in told}


class TestBackends:
    @pytest.mark.parametrize("mixer", list(Mixer))
    @pytest.mark.parametrize("backend", ["subspace", "aer"])
    def test_every_mixer_is_trained_sampled_and_scored(self, backend: str, mixer: Mixer) -> None:
        result = portfolio(backend=backend, mixer=mixer.value, depth=1).result
        assert (result["backend"], result["mixer"]) == (backend, mixer.value)
        assert result["feasible_fraction"] == 1.0
        assert (result["circuit_depth"] is None) == (backend == "subspace")

    def test_noise_is_told_with_what_the_device_runs(self) -> None:
        small = {"of": 4, "choose": 2, "depth": 1, "starts": 1, "shots": 1500}
        carried = portfolio(backend="aer:fake_oslo", **small)
        result = carried.result
        assert 0 < result["feasible_fraction"] < 1
        assert result["physical_two_qubit_gates"] > result["two_qubit_gates"]
        assert result["physical_depth"] > result["circuit_depth"] > 0
        rows = carried.rows()
        kept = sum(row["count"] for row in rows if row["feasible"])
        assert result["feasible_fraction"] == kept / 1500
        assert all((row["objective"] is None) != row["feasible"] for row in rows)

    def test_hardware_gets_the_circuit_once_it_is_composed(self) -> None:
        carried = portfolio(backend="ibm:somewhere", depth=1)
        assert carried.stages == [["classical", "train"], ["compose", "score"], ["sample"]]
        assert len(carried.done) == carried.plan["chunks"]
        result = carried.result
        assert result["backend"] == "ibm:somewhere"
        assert (result["job_id"], result["cost"], result["qpu_seconds"]) == ("job-1", 2.0, 2.0)
        assert result["physical_depth"] == carried.done["sample", 0]["isa_depth"]
        assert result["feasible_fraction"] == 1.0
        assert sum(row["count"] for row in carried.rows()) == 3000

    def test_what_no_device_could_hold_is_refused(self) -> None:
        posed = pose(RunKind.PORTFOLIO, {**ASKED, "backend": "aer:fake_manila"})
        with pytest.raises(InvalidInput, match="5 qubits"):
            posed.choice("aer:fake_manila")


class TestNoBackendNamed:
    def test_a_real_circuit_is_sampled_while_that_is_affordable(self, carried: Carried) -> None:
        choice = carried.posed.choice("auto")
        assert choice.backend.family is Family.AER

    def test_else_the_subspace_and_the_reason_is_told(self) -> None:
        wide = {"of": 24, "choose": 12, "shots": 1_000_000, "depth": 8}
        choice = pose(RunKind.PORTFOLIO, {**ASKED, **wide}).choice("auto")
        assert choice.backend.family is Family.SUBSPACE
        assert "state vector" in choice.why


def test_no_outcome_of_k_ones_is_no_answer(carried: Carried) -> None:
    done = {**carried.done}
    counts = {"counts": {"0xf": 3}, "shots": 3, "kept": 0, "total": 0.0}
    done["sample", 0] = {**done["sample", 0], **counts, "mask": None, "objective": None}
    posed = carried.posed
    result = posed.kind.assemble(posed.specification, posed.problem, carried.plan, done)
    assert result["objective"] is result["objective_unscaled"] is None
    assert (result["chosen"], result["feasible_fraction"]) == ([], 0.0)
    json.dumps(result, allow_nan=False)
