"""Own the tasks of many QAOA circuits of one problem: train, score and sample a group of points."""

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from core.backends import Family
from jobs.results.outcomes import tally
from jobs.tasks import circuit_forms, sampling
from jobs.tasks.qaoa import ansatz_of, score_of
from quant.quantum.qaoa import multistart
from quant.quantum.subspace import Ansatz
from quant.quantum.sweep import block_sizes
from quant.subset_problem import SubsetProblem


def train_points(
    problem: SubsetProblem, points: Sequence[tuple[str, int, int]], starts: int
) -> dict[str, Any]:
    """Train each (mixer, depth, seed) from `starts` starts, and score where that ends.

    Each of `points` has gammas, betas, expectation, approximation_ratio, probability_of_optimum,
    evaluations and elapsed_s.
    """
    ansatz = cache(lambda mixer: ansatz_of(problem, mixer))
    return {
        "points": [_trained(ansatz(mixer), depth, seed, starts) for mixer, depth, seed in points]
    }


def score_points(
    problem: SubsetProblem, points: Sequence[tuple[str, Sequence[float], Sequence[float]]]
) -> dict[str, Any]:
    """Score the angles of each (mixer, gammas, betas); what is returned is as of `train_points`."""
    ansatz = cache(lambda mixer: ansatz_of(problem, mixer))
    found = []
    for mixer, gammas, betas in points:
        started = time.perf_counter()
        scores = score_of(ansatz(mixer), gammas, betas)
        elapsed_s = time.perf_counter() - started
        angles = {"gammas": list(gammas), "betas": list(betas)}
        found.append({**angles, **scores, "evaluations": 1, "elapsed_s": elapsed_s})
    return {"points": found}


def sample_points(
    problem: SubsetProblem, way: dict[str, Any], batches: Sequence[dict[str, Any]], shots: int
) -> dict[str, Any]:
    """Sample every point of some batches `shots` times.

    A batch holds `angles` (γ, β) of one `mixer` and depth under one `seed`, numbered from
    `first_point`: what a point gives depends on its seed and number, not on the others. Each of
    `points` has what `jobs.outcomes.Tally` holds, elapsed_s, and which of `facts` (one for each
    batch, None where the subspace is sampled) are its circuit's.
    """
    sizes = dict(enumerate(block_sizes(shots)))
    draw = _from_subspace if way["backend"] == Family.SUBSPACE else _on_aer
    points: list[dict[str, Any]] = []
    facts = []
    for number, batch in enumerate(batches):
        found, about = draw(problem, way, batch, sizes)
        points += [{**point, "circuit": number} for point in found]
        facts.append(about)
    return {"points": points, "facts": facts}


def compose_points(
    problem: SubsetProblem,
    mixer: str,
    angles: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> dict[str, Any]:
    """Build the template of a mixer and depth, measured: `qpy`, `rows` of values, and `facts`."""
    circuit = circuit_forms.template(problem, mixer, len(angles[0][0]))
    return {
        "qpy": circuit_forms.to_qpy(circuit),
        "rows": circuit_forms.rows_of(circuit, angles),
        "facts": circuit_forms.facts_of(circuit),
    }


def _trained(ansatz: Ansatz, depth: int, seed: int, starts: int) -> dict[str, Any]:
    started = time.perf_counter()
    trained = multistart(ansatz, depth, seed=seed, starts=starts)
    scores = score_of(ansatz, trained.gammas, trained.betas)
    return {
        "gammas": list(trained.gammas),
        "betas": list(trained.betas),
        **scores,
        "evaluations": trained.evaluations,
        "elapsed_s": time.perf_counter() - started,
    }


_Drawn = tuple[list[dict[str, Any]], dict[str, Any] | None]


def _from_subspace(
    problem: SubsetProblem, way: dict[str, Any], batch: dict[str, Any], sizes: dict[int, int]
) -> _Drawn:
    del way
    ansatz = ansatz_of(problem, batch["mixer"])
    found = []
    for point, (gammas, betas) in enumerate(batch["angles"], batch["first_point"]):
        started = time.perf_counter()
        psi = ansatz.evolve(np.array(gammas), np.array(betas))
        counts = sampling.of_state(problem, psi, sizes, batch["seed"], point)
        amount = tally(problem, counts).to_json()
        found.append({**amount, "elapsed_s": time.perf_counter() - started})
    return found, None


def _on_aer(
    problem: SubsetProblem, way: dict[str, Any], batch: dict[str, Any], sizes: dict[int, int]
) -> _Drawn:
    circuit = circuit_forms.template(problem, batch["mixer"], len(batch["angles"][0][0]))
    facts = circuit_forms.facts_of(circuit, sampling.simulation_of(way).device)
    started = time.perf_counter()
    drawn = sampling.of_circuit(
        circuit,
        circuit_forms.rows_of(circuit, batch["angles"]),
        sizes,
        seed=batch["seed"],
        first_point=batch["first_point"],
        way=way,
    )
    each_s = (time.perf_counter() - started) / len(drawn)
    found = [{**tally(problem, counts).to_json(), "elapsed_s": each_s} for counts in drawn]
    return found, facts
