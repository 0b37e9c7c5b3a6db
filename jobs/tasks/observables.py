"""Own the bodies of an observable run's tasks: exact expectations, and those told by samples."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.aer.batches import expectations, sample
from jobs.plans.pauli_bases import Basis, Observable
from jobs.plans.programs import Shared
from jobs.tasks.circuits import placed_facts, simulation_of
from jobs.tasks.program_facts import qpy_text
from jobs.tasks.programs import bare_program, basis_program

Reals = NDArray[np.float64]


def expect_points(shared: Shared, first: int, last: int) -> dict[str, Any]:
    """Return `values`, the exact expectation of each observable at points `first` to `last` − 1."""
    rows = shared.points.rows(first, last)
    simulation = simulation_of(shared)
    circuit = bare_program(shared.qpy)
    return {"values": expectations(circuit, rows, shared.observables, simulation)}


def estimate_points(shared: Shared, first: int, last: int) -> dict[str, Any]:
    """Sample each basis at points `first` to `last` − 1; return `values` and `standard_errors`.

    Basis b of point i draws the random numbers of point b·(number of points) + i.
    """
    rows = shared.points.rows(first, last)
    estimates = [Estimate(shared.observables) for _ in rows]
    facts: Mapping[str, int] = {}
    for number, values in enumerate(shared.bases):
        basis = Basis.from_json(values)
        circuit = basis_program(shared.qpy, basis.letters, is_dynamic=shared.is_dynamic)
        below = circuit.num_clbits - len(basis.support)
        point = number * shared.points.count + first
        simulation = simulation_of(shared)
        found = sample(circuit, rows, basis.shots, shared.seed, point, simulation)
        for estimate, counts in zip(estimates, found, strict=True):
            estimate.add(basis, counts, below)
        facts = placed_facts(circuit, shared.device)
    return {
        "values": [estimate.values.tolist() for estimate in estimates],
        "standard_errors": [np.sqrt(each.variances).tolist() for each in estimates],
        **facts,
    }


def compose(shared: Shared) -> dict[str, Any]:
    """Return `qpy`, the circuit as hardware is to estimate it: without measurements."""
    return {"qpy": qpy_text(bare_program(shared.qpy))}


class Estimate:
    """Add up what the counts of each basis tell of observables, and how sure it is.

    In one basis an observable is Σ c_w·(±1) of each shot: its mean counts, and the variance of the
    mean is s²/shots. Bases are sampled apart, so that means and variances add.
    """

    def __init__(self, observables: Sequence[Observable]) -> None:
        self._observables = observables
        identity = [
            sum(value for word, value in observable.items() if set(word) == {"I"})
            for observable in observables
        ]
        self.values: Reals = np.array(identity, dtype=np.float64)
        self.variances: Reals = np.zeros(len(observables))

    def add(self, basis: Basis, counts: Mapping[str, int], below: int) -> None:
        """Add the counts of one basis; its bits stand above `below` others."""
        shown = outcomes(counts, below, len(basis.support))
        weights = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
        letters = np.array([[word[-1 - at] != "I" for at in basis.support] for word in basis.words])
        signs = 1.0 - 2.0 * ((shown @ letters.T.astype(np.int64)) & 1)
        coefficients = np.array(
            [[each.get(word, 0.0) for word in basis.words] for each in self._observables]
        )
        each_shot = signs @ coefficients.T
        means = weights @ each_shot / basis.shots
        spread = weights @ (each_shot - means) ** 2 / (basis.shots - 1)
        self.values += means
        self.variances += spread / basis.shots


def outcomes(counts: Mapping[str, int], below: int, bits: int) -> NDArray[np.int64]:
    """Return the bits (outcomes, bits) of counts, bit i in column i, `below` others left out."""
    size = -(-bits // 8)
    mask = (1 << bits) - 1
    told = b"".join((int(key, 16) >> below & mask).to_bytes(size, "little") for key in counts)
    octets = np.frombuffer(told, dtype=np.uint8).reshape(len(counts), size)
    return np.unpackbits(octets, axis=1, count=bits, bitorder="little").astype(np.int64)
