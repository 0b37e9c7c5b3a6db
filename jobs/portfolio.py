"""Own the bodies of a portfolio run's tasks: train, sample, compare, assemble.

Plain functions of picklable values returning JSON-ready dictionaries; imports no Ray, and Qiskit
only where a circuit is sampled.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.runs import PortfolioSpecification
from quant.exhaustive import exhaustive
from quant.local_search import random_subsets
from quant.portfolio_problem import PortfolioProblem
from quant.quantum.basis import positions_of
from quant.quantum.costs import subset_costs
from quant.quantum.post_selection import best_of, post_select
from quant.quantum.qaoa import Trained, merge_best, train
from quant.quantum.subspace import Ansatz, expectation, probabilities
from quant.quantum.sweep import block_sizes, merge_counts

BACKEND = "aer"


def train_start(
    problem: PortfolioProblem, depth: int, seed: int, start_index: int
) -> dict[str, Any]:
    """Train the angles from one start; keys gammas, betas, energy, evaluations."""
    trained = train(Ansatz(problem.basis, problem.costs(), threads=1), depth, seed, start_index)
    return {
        "gammas": list(trained.gammas),
        "betas": list(trained.betas),
        "energy": trained.energy,
        "evaluations": trained.evaluations,
    }


def best_angles(trained: Sequence[dict[str, Any]]) -> Trained:
    """Return the training result of least energy, the first of equal ones.

    `trained` is ordered by start index.
    """
    return merge_best(
        [
            Trained(
                gammas=tuple(result["gammas"]),
                betas=tuple(result["betas"]),
                energy=result["energy"],
                evaluations=result["evaluations"],
            )
            for result in trained
        ]
    )


def sample_blocks(
    problem: PortfolioProblem,
    gammas: Sequence[float],
    betas: Sequence[float],
    shots: int,
    seed: int,
    block_indices: Sequence[int],
) -> dict[str, Any]:
    """Sample some 1,024-shot blocks of the trained Qiskit circuit on Aer.

    Returns `blocks`, {block: {bit string: count}} with contract 0 rightmost, and the transpiled
    `circuit_depth`. `shots` is that of the whole run; the last block may be shorter.
    """
    from jobs.simulate import sample_on_aer  # Qiskit takes a second to import
    from quant.quantum.circuits import ansatz_circuit
    from quant.quantum.devices import depth
    from quant.quantum.ising import Ising

    cost = Ising.of_quadratic(problem.mu, problem.sigma, problem.q)
    circuit = ansatz_circuit(cost, problem.k, gammas, betas)
    sizes = block_sizes(shots)
    counts = sample_on_aer(circuit, {block: sizes[block] for block in block_indices}, seed)
    return {
        "blocks": {str(block): dict(sorted(found.items())) for block, found in counts.items()},
        "circuit_depth": depth(circuit),
    }


def classical(problem: PortfolioProblem, shots: int, seed: int) -> dict[str, Any]:
    """Return the proven optimum, the worst objective and the best of `shots` random subsets."""
    started = time.perf_counter()
    optimum = exhaustive(problem)
    elapsed_s = time.perf_counter() - started
    baseline = random_subsets(problem, shots, seed)
    return {
        "optimum": {
            "objective": optimum.objective,
            "chosen": list(optimum.chosen),
            "proven": optimum.proven,
            "evaluated": optimum.evaluated,
            "elapsed_s": elapsed_s,
        },
        "worst_objective": optimum.worst_objective,
        "random_baseline": {
            "objective": baseline.objective,
            "chosen": list(baseline.chosen),
            "draws": baseline.evaluated,
        },
    }


def assemble(
    problem: PortfolioProblem,
    specification: PortfolioSpecification,
    trained: Sequence[dict[str, Any]],
    sampled: Sequence[dict[str, Any]],
    compared: dict[str, Any],
) -> dict[str, Any]:
    """Put the chunks of a run together into its result.

    Objectives are in the scaled units of the problem unless the key says unscaled (dollars²
    times q, less dollars). `trained` is ordered by start index; the order of `sampled` does not
    matter. Nothing but the classical `elapsed_s` depends on when or where the chunks ran.
    """
    angles = best_angles(trained)
    counts = merge_counts(block for chunk in sampled for block in chunk["blocks"].values())
    return {
        **_sampled_answer(problem, counts),
        **_exact_answer(problem, angles, compared),
        "random_baseline": _with_labels(problem, compared["random_baseline"]),
        "classical_optimum": _with_labels(problem, compared["optimum"]),
        "backend": BACKEND,
        "shots": specification.shots,
        "depth": specification.depth,
        "circuit_depth": max(chunk["circuit_depth"] for chunk in sampled),
        "cost": 0,
        "gammas": list(angles.gammas),
        "betas": list(angles.betas),
        "training_evaluations": sum(result["evaluations"] for result in trained),
        "seed": specification.seed,
    }


def _sampled_answer(problem: PortfolioProblem, counts: dict[str, int]) -> dict[str, Any]:
    """Keep the outcomes of k ones and take the best of them; of equal ones the least mask."""

    def costs_of(masks: NDArray[np.uint64]) -> NDArray[np.float64]:
        positions = positions_of(masks, problem.n, problem.k)
        return subset_costs(positions, problem.mu, problem.sigma, problem.q)

    selected = post_select(counts, problem.k)
    best = best_of(selected, costs_of)
    if best is None:
        return {
            "objective": None,
            "objective_unscaled": None,
            "chosen": [],
            "chosen_indices": [],
            "feasible_fraction": selected.feasible_fraction,
        }
    mask, objective = best
    chosen = [i for i in range(problem.n) if mask >> i & 1]
    return {
        "objective": objective,
        "objective_unscaled": objective * problem.scale,
        "chosen": [problem.labels[i] for i in chosen],
        "chosen_indices": chosen,
        "feasible_fraction": selected.feasible_fraction,
    }


def _exact_answer(
    problem: PortfolioProblem, angles: Trained, compared: dict[str, Any]
) -> dict[str, Any]:
    costs = problem.costs()
    ansatz = Ansatz(problem.basis, costs, threads=1)
    psi = ansatz.evolve(np.array(angles.gammas), np.array(angles.betas))
    energy = expectation(psi, costs)
    least, greatest = compared["optimum"]["objective"], compared["worst_objective"]
    spread = greatest - least
    rank = problem.basis.rank(sum(1 << i for i in compared["optimum"]["chosen"]))
    return {
        "expectation": energy,
        "approximation_ratio": (greatest - energy) / spread if spread > 0 else 1.0,
        "probability_of_optimum": float(probabilities(psi)[rank]),
    }


def _with_labels(problem: PortfolioProblem, answer: dict[str, Any]) -> dict[str, Any]:
    chosen = answer["chosen"]
    return {
        **answer,
        "objective_unscaled": answer["objective"] * problem.scale,
        "chosen": [problem.labels[i] for i in chosen],
        "chosen_indices": chosen,
    }
