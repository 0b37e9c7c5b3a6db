"""Own the tasks of one QAOA circuit: train its angles, score them, and sample it block by block."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.backends import Family
from core.mixers import Mixer
from jobs.results.outcomes import tally
from jobs.tasks import circuit_forms, sampling
from quant.quantum.qaoa import train
from quant.quantum.subspace import Ansatz, expectation, probabilities
from quant.quantum.sweep import block_sizes
from quant.subset_problem import SubsetProblem


def ansatz_of(problem: SubsetProblem, mixer: str) -> Ansatz:
    """Return the ansatz of a problem on one thread, as every task has one core."""
    return Ansatz(problem.basis, problem.costs(), Mixer(mixer), threads=1)


def train_start(
    problem: SubsetProblem, mixer: str, depth: int, seed: int, start: int
) -> dict[str, Any]:
    """Train the angles from one start; keys gammas, betas, energy, evaluations."""
    trained = train(ansatz_of(problem, mixer), depth, seed, start)
    return {
        "gammas": list(trained.gammas),
        "betas": list(trained.betas),
        "energy": trained.energy,
        "evaluations": trained.evaluations,
    }


def score(
    problem: SubsetProblem, mixer: str, gammas: Sequence[float], betas: Sequence[float]
) -> dict[str, Any]:
    """Return what angles are worth, exactly and without noise: see `score_of`."""
    return score_of(ansatz_of(problem, mixer), gammas, betas)


def score_of(ansatz: Ansatz, gammas: Sequence[float], betas: Sequence[float]) -> dict[str, Any]:
    """Return expectation, approximation ratio and probability of the optimum.

    The ratio is (max c − ⟨c⟩)/(max c − min c), 1 where all subsets cost the same. Of equal optima
    the first in colexicographic order counts, which is the one the exhaustive search names.
    """
    psi = ansatz.evolve(np.array(gammas), np.array(betas))
    energy = expectation(psi, ansatz.costs)
    best = int(ansatz.costs.argmin())
    least, greatest = float(ansatz.costs[best]), float(ansatz.costs.max())
    spread = greatest - least
    return {
        "expectation": energy,
        "approximation_ratio": (greatest - energy) / spread if spread > 0 else 1.0,
        "probability_of_optimum": float(probabilities(psi)[best]),
    }


def compose(
    problem: SubsetProblem, mixer: str, gammas: Sequence[float], betas: Sequence[float]
) -> dict[str, Any]:
    """Build the measured circuit: its `qpy` in base64, and its `facts` (`circuit_forms`)."""
    circuit = circuit_forms.bound(problem, mixer, gammas, betas)
    return {"qpy": circuit_forms.to_qpy(circuit), "facts": circuit_forms.facts_of(circuit)}


def sample_blocks(
    problem: SubsetProblem,
    mixer: str,
    gammas: Sequence[float],
    betas: Sequence[float],
    way: dict[str, Any],
    shots: int,
    seed: int,
    blocks: Sequence[int],
) -> dict[str, Any]:
    """Sample some 1,024-shot blocks of the trained circuit.

    `way` names backend and method; `shots` is that of the whole run, whose last block may be
    shorter. Returns `counts` by hexadecimal mask, what they amount to (`jobs.outcomes.Tally`), and
    with block 0 the `facts` of the circuit, if one was run. Neither the grouping of blocks nor the
    number of cores changes what is drawn.
    """
    sizes = dict(enumerate(block_sizes(shots)))
    asked = {block: sizes[block] for block in blocks}
    facts = None
    if way["backend"] == Family.SUBSPACE:
        psi = ansatz_of(problem, mixer).evolve(np.array(gammas), np.array(betas))
        counts = sampling.of_state(problem, psi, asked, seed)
    else:
        circuit = circuit_forms.bound(problem, mixer, gammas, betas)
        drawn = sampling.of_circuit(circuit, [[]], asked, seed=seed, first_point=0, way=way)
        counts = drawn[0]
        device = sampling.simulation_of(way).device
        facts = circuit_forms.facts_of(circuit, device) if 0 in asked else None
    return {"counts": counts, "facts": facts, **tally(problem, counts).to_json()}
