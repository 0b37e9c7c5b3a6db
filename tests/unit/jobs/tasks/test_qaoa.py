"""Check the tasks of one circuit: what they return, and that grouping leaves no trace."""

import json
from typing import Any

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from core.mixers import Mixer
from jobs.results.outcomes import members_of
from jobs.tasks import circuit_forms, qaoa
from quant.exhaustive import exhaustive
from quant.quantum.subspace import Ansatz, sample
from quant.subset_problem import SubsetProblem
from tests.subset_problems import random_problem

SHOTS = 3000
SEED = 7
GAMMAS, BETAS = [-0.4, -0.7], [0.5, 0.2]
WAYS = {
    "subspace": {"backend": "subspace", "method": None},
    "statevector": {"backend": "aer", "method": "statevector"},
    "matrix_product_state": {"backend": "aer", "method": "matrix_product_state"},
    "noise": {"backend": "aer:fake_oslo", "method": "density_matrix"},
}
EXACT = ("subspace", "statevector", "matrix_product_state")


@pytest.fixture(scope="module")
def problem() -> SubsetProblem:
    return random_problem(5, 2, seed=8)


def drawn(
    problem: SubsetProblem,
    way: str,
    blocks: tuple[int, ...],
    *,
    mixer: Mixer = Mixer.RING,
    shots: int = SHOTS,
    seed: int = SEED,
) -> dict[str, Any]:
    return qaoa.sample_blocks(problem, mixer.value, GAMMAS, BETAS, WAYS[way], shots, seed, blocks)


class TestTraining:
    def test_repeats_and_survives_json(self, problem: SubsetProblem) -> None:
        trained = qaoa.train_start(problem, "ring", 2, SEED, 1)
        assert json.loads(json.dumps(trained)) == trained
        assert qaoa.train_start(problem, "ring", 2, SEED, 1) == trained
        assert qaoa.train_start(problem, "ring", 2, SEED, 2) != trained

    @pytest.mark.parametrize("mixer", list(Mixer))
    def test_ends_where_the_score_says(self, problem: SubsetProblem, mixer: Mixer) -> None:
        trained = qaoa.train_start(problem, mixer.value, 2, SEED, 0)
        scores = qaoa.score(problem, mixer.value, trained["gammas"], trained["betas"])
        assert scores["expectation"] == pytest.approx(trained["energy"], abs=1e-12)
        assert scores["expectation"] < problem.costs().mean()


class TestScore:
    @pytest.mark.parametrize("mixer", list(Mixer))
    def test_is_that_of_the_circuit(self, problem: SubsetProblem, mixer: Mixer) -> None:
        circuit = circuit_forms.bound(problem, mixer.value, GAMMAS, BETAS)
        state = Statevector(circuit.remove_final_measurements(inplace=False))
        shares = state.probabilities(range(problem.n))
        scores = qaoa.score(problem, mixer.value, GAMMAS, BETAS)
        costs = {
            mask: problem.objective(members_of(mask)) for mask in range(32) if mask.bit_count() == 2
        }
        energy = sum(shares[mask] * cost for mask, cost in costs.items())
        optimum = exhaustive(problem)
        assert scores["expectation"] == pytest.approx(energy, abs=1e-9)
        best = sum(1 << i for i in optimum.chosen)
        assert scores["probability_of_optimum"] == pytest.approx(shares[best], abs=1e-9)
        ratio = (max(costs.values()) - energy) / (max(costs.values()) - optimum.objective)
        assert scores["approximation_ratio"] == pytest.approx(ratio, abs=1e-9)

    def test_every_answer_to_a_problem_without_a_choice_is_best(self) -> None:
        flat = random_problem(4, 2, seed=1, kind="zero")
        assert qaoa.score(flat, "ring", GAMMAS, BETAS)["approximation_ratio"] == 1.0


class TestSampling:
    @pytest.mark.parametrize("way", WAYS)
    def test_blocks_do_not_depend_on_their_group(self, problem: SubsetProblem, way: str) -> None:
        together = drawn(problem, way, (0, 1, 2))
        parts = [drawn(problem, way, group) for group in ((2,), (1, 0))]
        added: dict[str, int] = {}
        for part in parts:
            for key, count in part["counts"].items():
                added[key] = added.get(key, 0) + count
        assert together["counts"] == dict(sorted(added.items(), key=lambda item: int(item[0], 16)))
        assert drawn(problem, way, (0, 1, 2)) == together

    @pytest.mark.parametrize("way", WAYS)
    def test_blocks_hold_their_shots_and_differ(self, problem: SubsetProblem, way: str) -> None:
        first, last = drawn(problem, way, (0,)), drawn(problem, way, (2,))
        assert (first["shots"], last["shots"]) == (1024, SHOTS - 2048)
        second = drawn(problem, way, (1,))
        assert first["counts"] != second["counts"]
        assert first["counts"] != drawn(problem, way, (0,), seed=SEED + 1)["counts"]

    @pytest.mark.parametrize("way", EXACT)
    @pytest.mark.parametrize("mixer", list(Mixer))
    def test_frequencies_follow_the_exact_probabilities(
        self, problem: SubsetProblem, way: str, mixer: Mixer
    ) -> None:
        shots = 8 * 1024
        found = drawn(problem, way, tuple(range(8)), mixer=mixer, shots=shots)
        shares = Ansatz(problem.basis, problem.costs(), mixer).probabilities(
            np.array(GAMMAS), np.array(BETAS)
        )
        assert found["kept"] == found["shots"] == shots
        counts = np.array(
            [found["counts"].get(hex(int(mask)), 0) for mask in problem.basis.masks.tolist()]
        )
        error = np.sqrt(shares * (1 - shares) / shots)
        assert (np.abs(counts / shots - shares) <= 5 * error + 1e-12).all()

    def test_the_subspace_draws_what_the_kernel_draws(self, problem: SubsetProblem) -> None:
        psi = Ansatz(problem.basis, problem.costs()).evolve(np.array(GAMMAS), np.array(BETAS))
        masks = problem.basis.masks[sample(psi, SHOTS, SEED)]
        found, counts = np.unique(masks, return_counts=True)
        expected = {hex(mask): n for mask, n in zip(found.tolist(), counts.tolist(), strict=True)}
        assert drawn(problem, "subspace", (0, 1, 2))["counts"] == expected

    def test_noise_breaks_the_weight_and_is_told(self, problem: SubsetProblem) -> None:
        found = drawn(problem, "noise", (0,))
        assert 0 < found["kept"] < found["shots"] == 1024
        weights = {int(key, 16).bit_count() for key in found["counts"]}
        assert weights > {2}
        facts = found["facts"]
        assert facts["physical_two_qubit_gates"] > facts["two_qubit_gates"] > 0
        assert facts["physical_depth"] > 0
        assert drawn(problem, "noise", (1,))["facts"] is None

    def test_the_facts_come_with_the_first_block(self, problem: SubsetProblem) -> None:
        facts = drawn(problem, "statevector", (0, 1))["facts"]
        assert set(facts) == {"qubits", "circuit_depth", "two_qubit_gates"}
        assert drawn(problem, "statevector", (1,))["facts"] is None
        assert drawn(problem, "subspace", (0,))["facts"] is None


class TestCompose:
    @pytest.mark.parametrize("mixer", list(Mixer))
    def test_the_circuit_survives_the_way(self, problem: SubsetProblem, mixer: Mixer) -> None:
        composed = qaoa.compose(problem, mixer.value, GAMMAS, BETAS)
        circuit = circuit_forms.bound(problem, mixer.value, GAMMAS, BETAS)
        assert circuit_forms.from_qpy(composed["qpy"]) == circuit
        assert composed["facts"] == circuit_forms.facts_of(circuit)
        assert circuit.num_clbits == problem.n

    def test_one_process_makes_a_circuit_once(self, problem: SubsetProblem) -> None:
        first = circuit_forms.bound(problem, "ring", GAMMAS, BETAS)
        again = random_problem(5, 2, seed=8)
        assert circuit_forms.bound(again, "ring", list(GAMMAS), BETAS) is first
        assert circuit_forms.bound(problem, "grover", GAMMAS, BETAS) is not first

    @pytest.mark.parametrize("mixer", list(Mixer))
    def test_rows_give_a_template_its_angles(self, problem: SubsetProblem, mixer: Mixer) -> None:
        circuit = circuit_forms.template(problem, mixer.value, 2)
        (row,) = circuit_forms.rows_of(circuit, [(GAMMAS, BETAS)])
        bound = circuit.assign_parameters(row).remove_final_measurements(inplace=False)
        expected = circuit_forms.bound(problem, mixer.value, GAMMAS, BETAS)
        assert Statevector(bound).equiv(
            Statevector(expected.remove_final_measurements(inplace=False))
        )
