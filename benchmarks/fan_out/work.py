"""Own what the benchmark of the fan-out computes: one circuit at many points."""

from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import n_local

from core.specifications.circuit import CircuitSpecification

QUBITS = 10
SHOTS = 1024
SEED = 7


def ansatz() -> QuantumCircuit:
    """Return ten qubits of rotations and entanglers, 60 parameters, measured."""
    circuit = n_local(QUBITS, ["ry", "rz"], "cx", "linear", reps=2)
    circuit.measure_all()
    return circuit


def rows(circuits: int) -> list[list[float]]:
    """Return the parameters of so many circuits, always the same."""
    rng = np.random.default_rng(SEED)
    found: list[list[float]] = rng.uniform(-np.pi, np.pi, (circuits, 60)).tolist()
    return found


def specification(circuits: int) -> CircuitSpecification:
    """Return the run that asks for these circuits."""
    from jobs.tasks.program_facts import qpy_text

    circuit = ansatz()
    columns = zip(*rows(circuits), strict=True)
    values: dict[str, Any] = {
        "language": "qpy",
        "program": qpy_text(circuit),
        "parameters": {
            parameter.name: column
            for parameter, column in zip(circuit.parameters, columns, strict=True)
        },
        "shots": SHOTS,
        "seed": SEED,
        "backend": "aer",
    }
    return CircuitSpecification.model_validate(values)
