"""Own the stages of one QAOA answer, which portfolio and hedge share: train, sample, score.

Imports neither Qiskit, numba nor SciPy, since the RunManager's process decides here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.backends import Backend, Family
from core.specifications.hedge import HedgeSpecification
from core.specifications.portfolio import PortfolioSpecification
from jobs.backends.choice import Choice, Workload
from jobs.pieces import Done, Piece, Target
from jobs.plans.ansatz_work import circuit_workload
from jobs.plans.grouping import group_points
from jobs.plans.stages import missing, results_of
from jobs.results.outcomes import Tally, members_of, merged, merged_counts, objectives, tally
from jobs.results.tables import bit_string
from quant.quantum.sweep import block_sizes, group_blocks
from quant.subset_problem import SubsetProblem

if TYPE_CHECKING:
    import pyarrow as pa

Asked = PortfolioSpecification | HedgeSpecification

TRAIN, CLASSICAL, COMPOSE, SAMPLE, SCORE = "train", "classical", "compose", "sample", "score"


def workload(asked: Asked) -> Workload:
    """Say what sampling the trained circuit takes."""
    return circuit_workload(
        n=asked.of,
        k=asked.choose,
        depth=asked.depth,
        mixer=asked.mixer,
        points=1,
        shots=asked.shots,
        backend=asked.backend,
    )


def plan(asked: Asked, choice: Choice) -> dict[str, Any]:
    """Settle the backend and which blocks of shots each piece samples."""
    on_hardware = choice.backend.family is Family.IBM
    blocks = len(block_sizes(asked.shots))
    groups = [] if on_hardware else [[group[0], group[-1] + 1] for group in _groups(blocks, choice)]
    sampling = 2 if on_hardware else len(groups)  # composed, then carried out by the device
    return {
        "backend": str(choice.backend),
        "method": choice.method,
        "groups": groups,
        "chunks": asked.starts + 1 + sampling + 1,
    }


def pieces(asked: Asked, plan: dict[str, Any], done: Done) -> list[Piece]:
    """List the pieces of the next stage: what needs only the problem, then what needs angles."""
    first = missing(_training_pieces(asked), done)
    if first:
        return first
    best = best_start(asked, done)
    angles = (asked.mixer.value, best["gammas"], best["betas"])
    scoring = Piece(stage=SCORE, index=0, task=SCORE, arguments=angles)
    if Backend.parse(plan["backend"]).family is not Family.IBM:
        return missing([*_sampling_pieces(asked, plan, angles), scoring], done)
    composing = Piece(stage=COMPOSE, index=0, task=COMPOSE, arguments=angles)
    return missing([composing, scoring], done) or missing([_hardware_piece(asked, done)], done)


def best_start(asked: Asked, done: Done) -> dict[str, Any]:
    """Return the training result of least energy, the first of equal ones."""
    trained = [done[TRAIN, start] for start in range(asked.starts)]
    return min(trained, key=lambda result: result["energy"])


def answer(
    problem: SubsetProblem, asked: Asked, plan: dict[str, Any], done: Done
) -> dict[str, Any]:
    """Put the chunks of a run together: what was sampled beside the exact and classical answers.

    Objectives are those of the subset problem. Nothing but the classical `elapsed_s` depends on
    when or where the chunks ran.
    """
    compared, found, best = (
        done[CLASSICAL, 0],
        _tallied(problem, plan, done),
        best_start(asked, done),
    )
    return {
        "objective": found.objective,
        "chosen_indices": [] if found.mask is None else members_of(found.mask),
        "feasible_fraction": found.feasible_fraction,
        **done[SCORE, 0],
        "random_baseline": with_indices(compared["random_baselines"][0]),
        "classical_optimum": with_indices(compared["optimum"]),
        "worst_objective": compared["worst_objective"],
        "backend": plan["backend"],
        "method": plan["method"],
        "mixer": asked.mixer.value,
        "shots": asked.shots,
        "depth": asked.depth,
        **_circuit_facts(done),
        "gammas": best["gammas"],
        "betas": best["betas"],
        "training_evaluations": sum(
            done[TRAIN, start]["evaluations"] for start in range(asked.starts)
        ),
        "seed": asked.seed,
    }


def with_indices(found: dict[str, Any]) -> dict[str, Any]:
    """Return a classical answer whose chosen indices are named like those of a sampled one."""
    return {**found, "chosen_indices": found["chosen"]}


def outcomes_table(problem: SubsetProblem, done: Done, offset: float = 0.0) -> "pa.Table":
    """Return one row for each outcome measured: bits, qubit 0 rightmost, count, objective.

    `offset` is added to every objective, which is null where an outcome has other than k ones.
    """
    import pyarrow as pa

    counts = merged_counts(_counts(done))
    keys = list(counts)
    masks = np.array([int(key, 16) for key in keys], dtype=np.uint64)
    feasible = np.bitwise_count(masks) == problem.k
    values = np.full(len(masks), np.nan)
    values[feasible] = objectives(problem, masks[feasible]) + offset
    return pa.table(
        {
            "outcome": pa.array([bit_string(key, problem.n) for key in keys], pa.string()),
            "count": pa.array(list(counts.values()), pa.int64()),
            "feasible": pa.array(feasible),
            "objective": pa.array(values, from_pandas=True),
        }
    )


def programs(problem: SubsetProblem, result: dict[str, Any]) -> list[Any]:
    """Return the trained circuit, measured."""
    from jobs.tasks.circuit_forms import bound  # Qiskit

    return [bound(problem, result["mixer"], result["gammas"], result["betas"])]


def _training_pieces(asked: Asked) -> list[Piece]:
    training = [
        Piece(
            stage=TRAIN,
            index=start,
            task=TRAIN,
            arguments=(asked.mixer.value, asked.depth, asked.seed, start),
        )
        for start in range(asked.starts)
    ]
    classical = Piece(
        stage=CLASSICAL, index=0, task=CLASSICAL, arguments=(asked.shots, [asked.seed])
    )
    return [*training, classical]


def _groups(blocks: int, choice: Choice) -> Sequence[Sequence[int]]:
    """Group blocks by their time where every shot is evolved anew; else one evolution does many."""
    if choice.backend.is_noisy:
        return group_points(blocks, choice.seconds / blocks)
    return group_blocks(blocks)


def _sampling_pieces(
    asked: Asked, plan: dict[str, Any], angles: tuple[str, list[float], list[float]]
) -> list[Piece]:
    way = {"backend": plan["backend"], "method": plan["method"]}
    return [
        Piece(
            stage=SAMPLE,
            index=index,
            task=SAMPLE,
            arguments=(*angles, way, asked.shots, asked.seed, list(range(first, last))),
        )
        for index, (first, last) in enumerate(plan["groups"])
    ]


def _hardware_piece(asked: Asked, done: Done) -> Piece:
    request = {
        "qpy": done[COMPOSE, 0]["qpy"],
        "rows": [[]],
        "shots": asked.shots,
        "seed": asked.seed,
    }
    return Piece(stage=SAMPLE, index=0, task="sampler", arguments=(request,), target=Target.QPU)


def _counts(done: Done) -> list[dict[str, int]]:
    """Return the counts of each sampling chunk; a device's chunk holds those of each row."""
    found = [chunk["counts"] for chunk in results_of(done, SAMPLE)]
    return [counts if isinstance(counts, dict) else counts[0] for counts in found]


def _tallied(problem: SubsetProblem, plan: dict[str, Any], done: Done) -> Tally:
    if Backend.parse(plan["backend"]).family is Family.IBM:
        return tally(problem, _counts(done)[0])
    return merged(Tally.from_json(chunk) for chunk in results_of(done, SAMPLE))


def _circuit_facts(done: Done) -> dict[str, Any]:
    """Return what the circuit took; sampling the subspace runs none. Cost is 0 for what is local.

    On hardware `cost` is the seconds of the QPU that were used.
    """
    first = results_of(done, SAMPLE)[0]
    composed = done.get((COMPOSE, 0), first)
    facts = dict(composed.get("facts") or {"circuit_depth": None, "two_qubit_gates": None})
    if (COMPOSE, 0) not in done:
        return {**facts, "cost": 0}
    return {
        **facts,
        "physical_depth": first["isa_depth"],
        "physical_two_qubit_gates": first["two_qubit_gates"],
        "job_id": first["job_id"],
        "calibrated_at": first["calibrated_at"],
        "qpu_seconds": first["usage_s"],
        "cost": first["usage_s"],
    }


class ChoiceKind:
    """Be what portfolios and hedges share: the same work, grouped alike, in the same stages."""

    def workload(self, specification: Any, problem: dict[str, Any]) -> Workload:
        del problem
        return workload(specification)

    def plan(self, specification: Any, problem: dict[str, Any], choice: Choice) -> dict[str, Any]:
        del problem
        return plan(specification, choice)

    def pieces(
        self, specification: Any, problem: dict[str, Any], plan: dict[str, Any], done: Done
    ) -> list[Piece]:
        del problem
        return pieces(specification, plan, done)
