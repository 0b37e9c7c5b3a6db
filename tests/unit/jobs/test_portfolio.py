"""Check the task bodies: what they return, and that grouping and order leave no trace."""

import json
from datetime import date
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from core.runs import PortfolioSpecification
from jobs.portfolio import assemble, best_angles, classical, sample_blocks, train_start
from quant.exhaustive import exhaustive
from quant.portfolio_problem import PortfolioProblem, Window
from quant.quantum.subspace import Ansatz, expectation

SHOTS = 3000
SEED = 7
Angles = tuple[tuple[float, ...], tuple[float, ...]]


@pytest.fixture(scope="module")
def problem() -> PortfolioProblem:
    random = np.random.default_rng(8)
    factors = random.normal(size=(8, 8))
    return PortfolioProblem(
        labels=tuple(f"CL{i:02d}" for i in range(1, 9)),
        mu=random.normal(size=8),
        sigma=factors @ factors.T / 8,
        q=0.5,
        k=3,
        scale=1234.5,
        window=Window(first=date(2023, 1, 3), last=date(2023, 12, 29), days=250),
        vintage="import:rtl@1",
    )


@pytest.fixture(scope="module")
def specification() -> PortfolioSpecification:
    return PortfolioSpecification(
        products=("CL",),
        choose=3,
        of=8,
        source="import:rtl",
        as_of=date(2023, 12, 29),
        seed=SEED,
        depth=2,
        shots=SHOTS,
        starts=3,
    )


@pytest.fixture(scope="module")
def trained(problem: PortfolioProblem) -> list[dict[str, Any]]:
    return [train_start(problem, 2, SEED, start) for start in range(3)]


@pytest.fixture(scope="module")
def angles(trained: list[dict[str, Any]]) -> Angles:
    best = best_angles(trained)
    return best.gammas, best.betas


@pytest.fixture(scope="module")
def compared(problem: PortfolioProblem) -> dict[str, Any]:
    return classical(problem, SHOTS, SEED)


@pytest.fixture(scope="module")
def result(
    problem: PortfolioProblem,
    specification: PortfolioSpecification,
    trained: list[dict[str, Any]],
    angles: Angles,
    compared: dict[str, Any],
) -> dict[str, Any]:
    sampled = [sample_blocks(problem, *angles, SHOTS, SEED, (0, 1, 2))]
    return assemble(problem, specification, trained, sampled, compared)


class TestTraining:
    def test_result_survives_json(self, trained: list[dict[str, Any]]) -> None:
        assert json.loads(json.dumps(trained)) == trained

    def test_repeats(self, problem: PortfolioProblem, trained: list[dict[str, Any]]) -> None:
        assert train_start(problem, 2, SEED, 1) == trained[1]

    def test_best_angles_have_the_least_energy(self, trained: list[dict[str, Any]]) -> None:
        assert best_angles(trained).energy == min(start["energy"] for start in trained)


class TestSampling:
    def test_blocks_do_not_depend_on_their_group(
        self, problem: PortfolioProblem, angles: Angles
    ) -> None:
        together = sample_blocks(problem, *angles, SHOTS, SEED, (0, 1, 2))["blocks"]
        for group in ((2,), (1, 0), (2, 1)):
            alone = sample_blocks(problem, *angles, SHOTS, SEED, group)["blocks"]
            assert alone == {str(block): together[str(block)] for block in group}

    def test_blocks_hold_their_shots(self, problem: PortfolioProblem, angles: Angles) -> None:
        blocks = sample_blocks(problem, *angles, SHOTS, SEED, (0, 2))["blocks"]
        assert {block: sum(counts.values()) for block, counts in blocks.items()} == {
            "0": 1024,
            "2": SHOTS - 2048,
        }

    def test_blocks_and_seeds_differ(self, problem: PortfolioProblem, angles: Angles) -> None:
        blocks = sample_blocks(problem, *angles, SHOTS, SEED, (0, 1))["blocks"]
        other = sample_blocks(problem, *angles, SHOTS, SEED + 1, (0,))["blocks"]
        assert blocks["0"] != blocks["1"]
        assert blocks["0"] != other["0"]

    def test_frequencies_follow_the_exact_expectation(
        self, problem: PortfolioProblem, angles: Angles
    ) -> None:
        shots = 40 * 1024
        blocks = sample_blocks(problem, *angles, shots, SEED, range(40))["blocks"]
        total = 0.0
        for counts in blocks.values():
            for bits, count in counts.items():
                chosen = [i for i, bit in enumerate(reversed(bits)) if bit == "1"]
                total += count * problem.objective(chosen)
        costs = problem.costs()
        psi = Ansatz(problem.basis, costs).evolve(np.array(angles[0]), np.array(angles[1]))
        error = costs.std() / shots**0.5
        assert total / shots == pytest.approx(expectation(psi, costs), abs=5 * error)


class TestClassical:
    def test_names_the_proven_optimum(
        self, problem: PortfolioProblem, compared: dict[str, Any]
    ) -> None:
        optimum = exhaustive(problem)
        assert compared["optimum"]["objective"] == optimum.objective
        assert compared["optimum"]["chosen"] == list(optimum.chosen)
        assert compared["optimum"]["proven"] is True
        assert compared["optimum"]["evaluated"] == 56
        assert compared["optimum"]["elapsed_s"] > 0
        assert compared["random_baseline"]["draws"] == SHOTS


class TestAssemble:
    def test_holds_what_a_run_reports(self, result: dict[str, Any]) -> None:
        assert json.loads(json.dumps(result)) == result
        assert result["backend"] == "aer"
        assert result["cost"] == 0
        assert (result["depth"], result["shots"], result["seed"]) == (2, SHOTS, SEED)
        assert result["circuit_depth"] > 100
        assert result["feasible_fraction"] == 1.0
        assert result["training_evaluations"] > 3
        assert 0 < result["probability_of_optimum"] < 1

    def test_chosen_has_the_objective(
        self, problem: PortfolioProblem, result: dict[str, Any]
    ) -> None:
        assert problem.objective(result["chosen_indices"]) == result["objective"]
        assert result["objective_unscaled"] == result["objective"] * problem.scale
        assert result["chosen"] == [problem.labels[i] for i in result["chosen_indices"]]

    def test_approximation_ratio_is_exact(
        self, problem: PortfolioProblem, result: dict[str, Any], trained: list[dict[str, Any]]
    ) -> None:
        costs = problem.costs()
        energy = min(start["energy"] for start in trained)
        assert result["expectation"] == pytest.approx(energy, abs=1e-12)
        ratio = (costs.max() - energy) / (costs.max() - costs.min())
        assert result["approximation_ratio"] == pytest.approx(ratio, abs=1e-12)
        assert result["objective"] >= result["classical_optimum"]["objective"]

    def test_does_not_depend_on_order_or_grouping(
        self,
        problem: PortfolioProblem,
        specification: PortfolioSpecification,
        trained: list[dict[str, Any]],
        angles: Angles,
        compared: dict[str, Any],
        result: dict[str, Any],
    ) -> None:
        chunks = [sample_blocks(problem, *angles, SHOTS, SEED, (block,)) for block in (2, 0, 1)]
        for order in permutations(chunks):
            assert assemble(problem, specification, trained, order, compared) == result

    def test_drops_outcomes_of_another_weight(
        self,
        problem: PortfolioProblem,
        specification: PortfolioSpecification,
        trained: list[dict[str, Any]],
        compared: dict[str, Any],
    ) -> None:
        noisy = [{"blocks": {"0": {"00000111": 1, "00001111": 3}}, "circuit_depth": 1}]
        kept = assemble(problem, specification, trained, noisy, compared)
        assert kept["chosen_indices"] == [0, 1, 2]
        assert kept["feasible_fraction"] == 0.25

    def test_says_so_when_no_outcome_is_feasible(
        self,
        problem: PortfolioProblem,
        specification: PortfolioSpecification,
        trained: list[dict[str, Any]],
        compared: dict[str, Any],
    ) -> None:
        noisy = [{"blocks": {"0": {"00001111": 3}}, "circuit_depth": 1}]
        empty = assemble(problem, specification, trained, noisy, compared)
        assert empty["objective"] is None
        assert empty["chosen"] == []
        assert empty["feasible_fraction"] == 0.0
