"""Own how blocks of shots are drawn: from the subspace's state, or from circuits on Aer.

Every block has a seed of its own, so what it holds depends neither on the other blocks that a
task draws nor on the number of cores. Counts are keyed by hexadecimal masks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from core.backends import Backend, Method
from jobs.aer import batches
from jobs.aer.simulators import Simulation
from jobs.results.outcomes import merged_counts
from quant.quantum.amplitudes import State
from quant.quantum.subspace import sample_blocks
from quant.subset_problem import SubsetProblem

Way = Mapping[str, Any]


def of_state(
    problem: SubsetProblem, psi: State, sizes: Mapping[int, int], seed: int, point: int = 0
) -> dict[str, int]:
    """Draw blocks of a point from amplitudes in colexicographic order; `sizes` are their shots."""
    ranks = np.concatenate(list(sample_blocks(psi, sizes, seed, point).values()))
    found, counts = np.unique(ranks, return_counts=True)
    masks = problem.basis.masks[found]
    return {hex(mask): n for mask, n in zip(masks.tolist(), counts.tolist(), strict=True)}


def of_circuit(
    circuit: QuantumCircuit,
    rows: Sequence[Sequence[float]],
    sizes: Mapping[int, int],
    *,
    seed: int,
    first_point: int,
    way: Way,
) -> list[dict[str, int]]:
    """Run a measured circuit for each row of parameters, and return the counts of each.

    `way` names backend and method; a fake device adds its placement and noise. See
    `jobs.aer.batches.sample_blocks`.

    Raises:
        InvalidInput: Aer refused, for want of memory for instance; names `backend`.
    """
    drawn = batches.sample_blocks(circuit, rows, sizes, seed, first_point, simulation_of(way))
    return [merged_counts(blocks.values()) for blocks in drawn]


def simulation_of(way: Way) -> Simulation:
    """Return how Aer simulates for a way of backend and method."""
    return Simulation(method=Method(way["method"]), device=Backend.parse(way["backend"]).device)
