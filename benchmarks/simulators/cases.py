"""Own what the costs of simulating are measured on: circuits with the work that each is."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from qiskit import QuantumCircuit

from benchmarks.simulators.circuits import chain, clifford, dense, words
from core.backends import Method
from core.mixers import Mixer
from jobs.aer.batches import expectations, sample
from jobs.aer.simulators import Simulation
from jobs.backends.costs import Amount, Way
from jobs.plans.ansatz_sizes import ansatz_size
from jobs.tasks.program_facts import circuit_facts
from quant.quantum.subspace import Ansatz, sample_blocks
from quant.quantum.sweep import block_sizes
from quant.subset_problem import SubsetProblem

POINTS = 4
_SLOW_S = 0.5
_SEED = 7
_METHODS = {
    Way.STABILIZER: Simulation(method=Method.STABILIZER),
    Way.MATRIX_PRODUCT_STATE: Simulation(method=Method.MATRIX_PRODUCT_STATE),
    Way.STATEVECTOR: Simulation(method=Method.STATEVECTOR),
    Way.NOISY_STATEVECTOR: Simulation(method=Method.STATEVECTOR, device="fake_guadalupe"),
    Way.NOISY_DENSITY_MATRIX: Simulation(method=Method.DENSITY_MATRIX, device="fake_guadalupe"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Hold one thing to time: how much work one point is, and what does `points` of them."""

    way: Way
    amount: Amount
    run: Callable[[], object]
    points: int = POINTS

    def seconds(self, runs: int) -> float:
        """Return the median seconds of a core for one point; making ready once is left out."""
        self.run()
        found = [self._once()]
        while len(found) < runs and sum(found) * self.points < _SLOW_S:
            found.append(self._once())
        return median(found)

    def _once(self) -> float:
        started = time.process_time()
        self.run()
        return (time.process_time() - started) / self.points


def all_cases() -> Iterator[Case]:
    """Make every circuit that costs are fitted to."""
    some: tuple[tuple[int, int], ...] = ((2, 1), (2, 4096), (12, 1024))
    yield from _family(Way.STATEVECTOR, dense, (2, 6, 10, 14, 17, 20), some, terms=8)
    some = ((2, 16), (2, 2048), (20, 256))
    yield from _family(Way.STABILIZER, clifford, (4, 20, 60, 120), some, terms=12)
    some = ((1, 16), (2, 1024), (6, 64), (8, 256), (10, 16))
    yield from _family(Way.MATRIX_PRODUCT_STATE, chain, (6, 12, 40), some, terms=12)
    some = ((1, 64), (1, 1024), (4, 256))
    yield from _family(Way.NOISY_STATEVECTOR, dense, (2, 4, 6, 8), some)
    yield from _family(Way.NOISY_DENSITY_MATRIX, dense, (2, 4, 6), some)
    for qubits, ones in ((6, 3), (10, 5), (14, 7), (18, 9), (20, 10)):
        for layers in (1, 4):
            yield evolved(qubits, ones, layers)
        yield drawn(qubits, ones, 4096)


def _family(
    way: Way,
    make: Callable[[int, int], QuantumCircuit],
    sizes: Sequence[int],
    sampled_as: Sequence[tuple[int, int]],
    terms: int = 0,
) -> Iterator[Case]:
    """Sample circuits of some sizes at (layers, shots), and observe `terms` Pauli words of them."""
    for qubits in sizes:
        for layers, shots in sampled_as:
            yield sampled(way, make(qubits, layers), shots)
        if terms:
            yield observed(way, make(qubits, 2), 1)
            yield observed(way, make(qubits, 4), terms)


def sampled(way: Way, circuit: QuantumCircuit, shots: int) -> Case:
    """Time the sampling of a circuit."""
    rows = _rows(circuit)
    return Case(
        way=way,
        amount=_amount(circuit, shots=shots),
        run=lambda: sample(circuit, rows, shots, _SEED, 0, _METHODS[way]),
    )


def observed(way: Way, circuit: QuantumCircuit, terms: int) -> Case:
    """Time the expectations of Pauli words."""
    rows = _rows(circuit)
    observables = [dict.fromkeys(words(circuit.num_qubits, terms), 1.0)]
    return Case(
        way=way,
        amount=_amount(circuit, terms=terms),
        run=lambda: expectations(circuit, rows, observables, _METHODS[way]),
    )


def evolved(qubits: int, ones: int, layers: int) -> Case:
    """Time an evolution in the subspace; its gates are those of the ring ansatz's circuit."""
    ansatz, amount = _ansatz(qubits, ones, layers)
    angles = np.random.default_rng(_SEED).normal(size=(2, layers))
    return Case(
        way=Way.SUBSPACE,
        amount=amount,
        run=lambda: ansatz.evolve(angles[0], angles[1]),
        points=1,
    )


def drawn(qubits: int, ones: int, shots: int) -> Case:
    """Time an evolution of one layer in the subspace, and the drawing of its outcomes."""
    ansatz, amount = _ansatz(qubits, ones, 1)
    angles = np.random.default_rng(_SEED).normal(size=(2, 1))
    sizes = dict(enumerate(block_sizes(shots)))
    return Case(
        way=Way.SUBSPACE,
        amount=replace(amount, shots=shots),
        run=lambda: sample_blocks(ansatz.evolve(angles[0], angles[1]), sizes, _SEED),
        points=1,
    )


def _ansatz(qubits: int, ones: int, layers: int) -> tuple[Ansatz, Amount]:
    generator = np.random.default_rng(_SEED)
    factor = generator.normal(size=(qubits, qubits))
    problem = SubsetProblem(
        mu=generator.normal(size=qubits), sigma=factor @ factor.T, q=0.5, k=ones
    )
    size = ansatz_size(qubits, ones, layers, Mixer.RING)
    amount = Amount(
        qubits=qubits,
        gates=size.gates,
        two_qubit_gates=size.two_qubit,
        cut_bits=size.cut_bits,
        shots=0,
        terms=0,
        repeats=False,
        weight=ones,
    )
    return Ansatz(problem.basis, problem.costs(), threads=1), amount


def _amount(circuit: QuantumCircuit, *, shots: int = 0, terms: int = 0) -> Amount:
    facts = circuit_facts(circuit)
    return Amount(
        qubits=facts.qubits,
        gates=facts.gates,
        two_qubit_gates=facts.two_qubit_gates,
        cut_bits=facts.cut_bits,
        shots=shots,
        terms=terms,
        repeats=facts.is_dynamic,
    )


def _rows(circuit: QuantumCircuit) -> list[list[float]]:
    generator = np.random.default_rng(_SEED)
    values = generator.uniform(-np.pi, np.pi, size=(POINTS, circuit.num_parameters))
    return [[float(value) for value in row] for row in values]
