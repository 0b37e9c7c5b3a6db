"""Own the measured circuits of problems: with their angles or as templates, as facts and as QPY."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, qpy

from core.mixers import Mixer
from jobs.aer.programs import fitted
from quant.quantum.circuits import ansatz_circuit, ansatz_template, measured
from quant.quantum.devices import count_gates, unrolled
from quant.quantum.ising import Ising
from quant.subset_problem import SubsetProblem

_KEPT = 16


def bound(
    problem: SubsetProblem, mixer: str, gammas: Sequence[float], betas: Sequence[float]
) -> QuantumCircuit:
    """Return the ansatz with its angles in place; it must not be changed.

    One process makes it once, as what Aer has made ready of a circuit belongs to that object.
    """
    return _bound(*_key(problem), Mixer(mixer), tuple(gammas), tuple(betas))


def template(problem: SubsetProblem, mixer: str, layers: int) -> QuantumCircuit:
    """Return the ansatz with parameters γ[0]… and β[0]…; it must not be changed, see `bound`."""
    return _template(*_key(problem), Mixer(mixer), layers)


def rows_of(
    circuit: QuantumCircuit, angles: Sequence[tuple[Sequence[float], Sequence[float]]]
) -> list[list[float]]:
    """Return the values of a template's parameters, in the circuit's own order, for each (γ, β)."""
    places = [("γβ".index(each.vector.name), each.index) for each in circuit.parameters]
    return [[pair[which][index] for which, index in places] for pair in angles]


def facts_of(circuit: QuantumCircuit, device: str | None = None) -> dict[str, Any]:
    """Return what a circuit takes: its qubits, and its gates with all qubits connected.

    `circuit_depth` and `two_qubit_gates` are over cx, rz, sx and x. On a fake device there are
    also `physical_depth` and `physical_two_qubit_gates`, in its own gates on its own couplings.
    """
    if device is not None:
        placed = fitted(circuit, device)
        return {
            "qubits": circuit.num_qubits,
            "circuit_depth": placed.before.depth,
            "two_qubit_gates": placed.before.two_qubit,
            "physical_depth": placed.after.depth,
            "physical_two_qubit_gates": placed.after.two_qubit,
        }
    found = count_gates(unrolled(circuit.remove_final_measurements(inplace=False)))
    return {
        "qubits": circuit.num_qubits,
        "circuit_depth": found.depth,
        "two_qubit_gates": found.two_qubit,
    }


def to_qpy(circuit: QuantumCircuit) -> str:
    """Return a circuit as QPY in base64."""
    buffer = BytesIO()
    qpy.dump(circuit, buffer)
    return b64encode(buffer.getvalue()).decode()


def from_qpy(text: str) -> QuantumCircuit:
    """Rebuild a circuit that `to_qpy` wrote."""
    circuits: list[QuantumCircuit] = qpy.load(BytesIO(b64decode(text)))
    return circuits[0]


_Key = tuple[bytes, bytes, float, int]


def _key(problem: SubsetProblem) -> _Key:
    return problem.mu.tobytes(), problem.sigma.tobytes(), problem.q, problem.k


def _cost(mu: bytes, sigma: bytes, q: float) -> Ising:
    linear = np.frombuffer(mu)
    return Ising.of_quadratic(linear, np.frombuffer(sigma).reshape(len(linear), -1), q)


@lru_cache(maxsize=_KEPT)
def _bound(
    mu: bytes,
    sigma: bytes,
    q: float,
    k: int,
    mixer: Mixer,
    gammas: tuple[float, ...],
    betas: tuple[float, ...],
) -> QuantumCircuit:
    cost = _cost(mu, sigma, q)
    return measured(ansatz_circuit(cost, k, gammas, betas, mixer=mixer), cost.n)


@lru_cache(maxsize=_KEPT)
def _template(
    mu: bytes, sigma: bytes, q: float, k: int, mixer: Mixer, layers: int
) -> QuantumCircuit:
    cost = _cost(mu, sigma, q)
    return measured(ansatz_template(cost, k, layers, mixer=mixer).circuit, cost.n)
