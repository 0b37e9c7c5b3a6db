"""Own batches of points on Aer: parameters bound once, random numbers kept per point and block.

A block's counts depend on the seed, its number and its point's alone, never on what else is in the
batch, so that any grouping of points and blocks into chunks gives the same result.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from core.errors import InvalidInput
from jobs.aer.draws import cumulated, draw, merged, named
from jobs.aer.programs import Program, observed_program, sampled_program
from jobs.aer.simulators import Simulation, run_on
from quant.quantum.sweep import batch_seed, block_sizes, point_generator

STREAM = "aer"
SEED_STEP = 2113
"""Aer seeds the i-th point of a batch with the batch's seed plus this times i."""

Rows = Sequence[Sequence[float]]


def sample(
    circuit: QuantumCircuit,
    rows: Rows,
    shots: int,
    seed: int,
    first_point: int,
    simulation: Simulation,
) -> list[dict[str, int]]:
    """Return the counts of each point, keys in hexadecimal with classical bit 0 the least.

    A row holds one point's values in the order of `circuit.parameters`; row i is point
    `first_point` + i of its run. A circuit that measures nothing has all its qubits measured. With
    a device the circuit is placed on it and gets its noise. The circuit must not change between
    calls: what was made ready of it is kept.

    Raises:
        InvalidInput: a row has other than one value for each parameter, or Aer cannot simulate.
    """
    sizes = dict(enumerate(block_sizes(shots)))
    return [
        merged(blocks.values())
        for blocks in sample_blocks(circuit, rows, sizes, seed, first_point, simulation)
    ]


def sample_blocks(
    circuit: QuantumCircuit,
    rows: Rows,
    shots_of_block: Mapping[int, int],
    seed: int,
    first_point: int,
    simulation: Simulation,
) -> list[dict[int, dict[str, int]]]:
    """Return each point's counts of some of its blocks, for points too large for one chunk.

    Where a state vector tells all outcomes, it is evolved once for all blocks.

    Raises:
        InvalidInput: as `sample`.
    """
    program = sampled_program(circuit, simulation)
    _require_values(circuit, rows)
    if program.reads is None:
        return _sampled_by_aer(program, rows, shots_of_block, seed, first_point)
    evolved = _run(program, rows, shots=1, seed=0)
    found = []
    for point, one in enumerate(evolved, first_point):
        sums = cumulated(np.asarray(one.data.probabilities))
        found.append(
            {
                block: named(
                    draw(sums, shots, point_generator(STREAM, seed, point, block)), program.reads
                )
                for block, shots in shots_of_block.items()
            }
        )
    return found


def expectations(
    circuit: QuantumCircuit,
    rows: Rows,
    observables: Sequence[Mapping[str, float]],
    simulation: Simulation,
) -> list[list[float]]:
    """Return the exact expectation of each observable at each point.

    An observable maps Pauli words, qubit 0 rightmost, to real coefficients. Measurements at the
    end of the circuit are left out. Rows and device are as in `sample`.

    Raises:
        InvalidInput: as `sample`; or a word has other than one letter for each qubit, or the
            circuit measures before its end, so that no single state tells the expectations.
    """
    words = tuple(dict.fromkeys(word for observable in observables for word in observable))
    program = observed_program(circuit, words, simulation)
    _require_values(circuit, rows)
    place = {word: index for index, word in enumerate(words)}
    weights = np.zeros((len(words), len(observables)))
    for column, observable in enumerate(observables):
        for word, coefficient in observable.items():
            weights[place[word], column] = coefficient
    found = []
    for one in _run(program, rows, shots=1, seed=0):
        values = one.data.to_dict()
        # Rows add up word by word, so that a value never depends on the size of the batch.
        found.append((np.array([values[f"e{i}"] for i in range(len(words))]) @ weights).tolist())
    return found


def _sampled_by_aer(
    program: Program,
    rows: Rows,
    shots_of_block: Mapping[int, int],
    seed: int,
    first_point: int,
) -> list[dict[int, dict[str, int]]]:
    found: list[dict[int, dict[str, int]]] = [{} for _ in rows]
    for block, shots in shots_of_block.items():
        first_seed = batch_seed(STREAM, seed, block) + SEED_STEP * first_point
        results = _run(program, rows, shots=shots, seed=first_seed)
        for index, one in enumerate(results):
            if one.seed_simulator != first_seed + SEED_STEP * index:
                message = f"Aer seeded point {index} of a batch with {one.seed_simulator}."
                raise RuntimeError(message)
            found[index][block] = one.data.counts
    return found


def _run(program: Program, rows: Rows, *, shots: int, seed: int) -> list[Any]:
    options: dict[str, Any] = {"shots": shots, "seed_simulator": seed}
    if not program.columns:
        return run_on(program.simulator, [program.circuit] * len(rows), **options)
    values = list(zip(*rows, strict=True))
    binds = {parameter: values[place] for parameter, place in program.columns}
    return run_on(program.simulator, [program.circuit], parameter_binds=[binds], **options)


def _require_values(circuit: QuantumCircuit, rows: Rows) -> None:
    wanted = circuit.num_parameters
    for row in rows:
        if len(row) != wanted:
            raise InvalidInput(
                field="parameters",
                reason=f"expected {wanted} values for each point, was {len(row)}",
            )
