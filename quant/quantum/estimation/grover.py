"""Own amplitude problems as circuits, and the experiments that run them on a sampler.

Q = A S₀ A† S_χ, so that Qᵏ A is good with sin²((2k + 1)θ).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.primitives import BaseSamplerV2, StatevectorSampler
from qiskit.quantum_info import Statevector

from core.errors import InvalidInput
from quant.quantum.estimation.experiments import STREAM, Experiment
from quant.quantum.sweep import block_seed

Reals = NDArray[np.float64]
SamplerFactory = Callable[[int], BaseSamplerV2]
Transpiler = Callable[[QuantumCircuit], QuantumCircuit]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AmplitudeProblem:
    """Hold A, the qubit that is one in a good state, and the exact classical amplitude."""

    preparation: QuantumCircuit
    objective: int
    amplitude: float


Runner = Callable[[AmplitudeProblem], Experiment]


def power_circuit(problem: AmplitudeProblem, power: int) -> QuantumCircuit:
    """Build Qᵏ A without measurement."""
    circuit = problem.preparation.copy(name=f"Q^{power} A")
    step = QuantumCircuit(circuit.num_qubits)
    _append_q(step, problem)
    for _ in range(power):
        circuit.compose(step, inplace=True)
    return circuit


def phase_circuit(problem: AmplitudeProblem, qubits: int) -> QuantumCircuit:
    """Build phase estimation of Q without measurement; the phase qubits come after those of A.

    Only the two reflections are controlled: without them A and A† undo each other.
    """
    width = problem.preparation.num_qubits
    circuit = QuantumCircuit(width + qubits, name="phase estimation")
    circuit.compose(problem.preparation, range(width), inplace=True)
    for j in range(qubits):
        circuit.h(width + j)
        step = QuantumCircuit(width + 1)
        _append_q(step, problem, control=width)
        for _ in range(2**j):
            circuit.compose(step, [*range(width), width + j], inplace=True)
    _append_inverse_fourier(circuit, range(width, width + qubits))
    return circuit


def _append_q(
    circuit: QuantumCircuit, problem: AmplitudeProblem, control: int | None = None
) -> None:
    width = problem.preparation.num_qubits
    inputs = range(width)
    if control is None:
        circuit.z(problem.objective)
        circuit.global_phase += np.pi
    else:
        circuit.cz(control, problem.objective)
        circuit.z(control)
    circuit.compose(problem.preparation.inverse(), inputs, inplace=True)
    circuit.x(inputs)
    _append_sign(circuit, [*inputs] if control is None else [control, *inputs])
    circuit.x(inputs)
    circuit.compose(problem.preparation, inputs, inplace=True)


def _append_sign(circuit: QuantumCircuit, qubits: Sequence[int]) -> None:
    """Change the sign where all qubits are one."""
    *controls, target = qubits
    if not controls:
        circuit.z(target)
        return
    circuit.h(target)
    circuit.mcx(controls, target)
    circuit.h(target)


def _append_inverse_fourier(circuit: QuantumCircuit, qubits: Sequence[int]) -> None:
    for first, last in zip(qubits[: len(qubits) // 2], reversed(qubits), strict=False):
        circuit.swap(first, last)
    for j, target in enumerate(qubits):
        for distance, control in enumerate(reversed(qubits[:j]), start=1):
            circuit.cp(-np.pi / 2**distance, control, target)
        circuit.h(target)


class ExactExperiment:
    """Read expected outcomes off the state vector of the circuits: no shots, no seed."""

    is_exact = True
    seed: int | None = None

    def __init__(self, problem: AmplitudeProblem) -> None:
        self.amplitude = problem.amplitude
        self._problem = problem

    def good(self, powers: Sequence[int], shots: int) -> Reals:
        return shots * np.array([self._chance(power) for power in powers])

    def phases(self, qubits: int, shots: int) -> Reals:
        width = self._problem.preparation.num_qubits
        state = Statevector(phase_circuit(self._problem, qubits))
        chances: Reals = state.probabilities(list(range(width, width + qubits)))
        return shots * chances

    def _chance(self, power: int) -> float:
        state = Statevector(power_circuit(self._problem, power))
        return float(state.probabilities([self._problem.objective])[1])


class SampledExperiment:
    """Draw outcomes of the circuits from a Qiskit sampler.

    `sampler` is a SamplerV2, or a function from the seed of one round to one; without it Qiskit's
    state-vector sampler runs. `transpile` maps a measured circuit to what the sampler takes, for
    instance the `run` of a pass manager; without it circuits hold ry, cx, mcx and phases.

    Raises:
        InvalidInput: a seed is missing, or given beside a ready sampler, which has its own; or
            that sampler holds a fixed seed, and so would repeat its draws in every round.
    """

    is_exact = False

    def __init__(
        self,
        problem: AmplitudeProblem,
        *,
        sampler: BaseSamplerV2 | SamplerFactory | None = None,
        seed: int | None = None,
        transpile: Transpiler | None = None,
    ) -> None:
        self.amplitude = problem.amplitude
        self.seed = seed
        self._problem = problem
        self._transpile = transpile
        self._round = 0
        self._ready = sampler if isinstance(sampler, BaseSamplerV2) else None
        self._factory = _statevector_sampler if sampler is None else sampler
        _check_seed(self._ready, seed)

    def good(self, powers: Sequence[int], shots: int) -> Reals:
        circuits = [power_circuit(self._problem, power) for power in powers]
        outcomes = self._run(circuits, [self._problem.objective], shots)
        return np.array([found.get(1, 0) for found in outcomes], dtype=float)

    def phases(self, qubits: int, shots: int) -> Reals:
        width = self._problem.preparation.num_qubits
        circuit = phase_circuit(self._problem, qubits)
        (found,) = self._run([circuit], range(width, width + qubits), shots)
        counts = np.zeros(2**qubits)
        counts[list(found)] = list(found.values())
        return counts

    def _run(
        self, circuits: Sequence[QuantumCircuit], qubits: Sequence[int], shots: int
    ) -> list[dict[int, int]]:
        measured = []
        for circuit in circuits:
            circuit.add_register(ClassicalRegister(len(qubits), "outcome"))
            circuit.measure(list(qubits), list(range(len(qubits))))
            measured.append(circuit if self._transpile is None else self._transpile(circuit))
        results = self._sampler().run(measured, shots=shots).result()
        return [result.data.outcome.get_int_counts() for result in results]

    def _sampler(self) -> BaseSamplerV2:
        if self._ready is not None:
            return self._ready
        self._round += 1
        return self._factory(block_seed(STREAM, self.seed or 0, self._round))


def _statevector_sampler(seed: int) -> BaseSamplerV2:
    # given a number, this sampler would begin every circuit of a run at the same draws
    return StatevectorSampler(seed=np.random.default_rng(seed))


def _check_seed(ready: BaseSamplerV2 | None, seed: int | None) -> None:
    if (ready is None) == (seed is None):
        reason = (
            "expected, unless a ready sampler is given"
            if seed is None
            else ("expected none beside a ready sampler, which draws by its own")
        )
        raise InvalidInput(field="seed", reason=reason)
    if ready is not None and isinstance(getattr(ready, "seed", None), int):
        reason = "its fixed seed repeats the draws of every round: give a function of the seed"
        raise InvalidInput(field="sampler", reason=reason)
