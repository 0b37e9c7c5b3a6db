"""Check that every gate gets its parameter on Aer, in the middle of a batch, against the state."""

from collections.abc import Callable

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import CU1Gate, CU3Gate, RXGate, RZGate, XXPlusYYGate
from qiskit.quantum_info import SparsePauliOp, Statevector

from core.backends import Method
from jobs.aer.batches import expectations, sample
from jobs.aer.simulators import Simulation

ANGLE = Parameter("angle")
ROWS = [[0.9], [1.7], [-2.2]]
OBSERVABLE = {"ZIZ": 1.0, "XXI": 0.5}
Change = Callable[[QuantumCircuit], object]
GATES: dict[str, Change] = {
    "cp": lambda circuit: circuit.cp(ANGLE, 0, 1),
    "cp of an expression": lambda circuit: circuit.cp(-2 * ANGLE, 0, 1),
    "cp where zero controls": lambda circuit: circuit.cp(ANGLE, 0, 1, ctrl_state=0),
    "mcp": lambda circuit: circuit.mcp(ANGLE, [0, 1], 2),
    "crx": lambda circuit: circuit.crx(ANGLE, 0, 1),
    "cry": lambda circuit: circuit.cry(ANGLE, 0, 1),
    "crz": lambda circuit: circuit.crz(ANGLE, 0, 1),
    "cu": lambda circuit: circuit.cu(ANGLE, 0.2, 0.3, 0.1, 0, 1),
    "cu1": lambda circuit: circuit.append(CU1Gate(ANGLE), [0, 1]),
    "cu3": lambda circuit: circuit.append(CU3Gate(ANGLE, 0.1, 0.2), [0, 1]),
    "rx under two controls": lambda circuit: circuit.append(
        RXGate(ANGLE).control(2, annotated=False), [0, 1, 2]
    ),
    "rz under two controls": lambda circuit: circuit.append(
        RZGate(ANGLE).control(2, annotated=False), [0, 1, 2]
    ),
    "xx + yy": lambda circuit: circuit.append(XXPlusYYGate(ANGLE), [0, 1]),
    "u": lambda circuit: circuit.u(ANGLE, 0.2, 0.3, 0),
    "r": lambda circuit: circuit.r(ANGLE, 0.2, 0),
    "rzx": lambda circuit: circuit.rzx(ANGLE, 0, 1),
    "global phase": lambda circuit: setattr(circuit, "global_phase", ANGLE) or circuit.p(ANGLE, 0),
}
METHODS = [Method.STATEVECTOR, Method.MATRIX_PRODUCT_STATE, Method.DENSITY_MATRIX]


def with_gate(change: Change) -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    for qubit in range(3):
        circuit.ry(0.3 + 0.4 * qubit, qubit)
    change(circuit)
    for qubit in range(3):
        circuit.rx(0.7, qubit)
    circuit.cx(0, 1)
    circuit.ry(0.4, 0)
    return circuit


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gate", GATES)
def test_every_gate_gets_its_parameter(gate: str, method: Method) -> None:
    circuit = with_gate(GATES[gate])
    found = expectations(circuit, ROWS, [OBSERVABLE], Simulation(method=method))
    operator = SparsePauliOp(list(OBSERVABLE), list(OBSERVABLE.values()))
    exact = [
        [Statevector(circuit.assign_parameters(row)).expectation_value(operator).real]
        for row in ROWS
    ]
    np.testing.assert_allclose(found, exact, atol=1e-9)


@pytest.mark.parametrize("gate", ["mcp", "crx", "global phase"])
def test_samples_are_of_that_circuit_too(gate: str) -> None:
    circuit = with_gate(GATES[gate])
    drawn = sample(circuit, ROWS, 4096, 7, 0, Simulation(method=Method.STATEVECTOR))
    for row, counts in zip(ROWS, drawn, strict=True):
        shares = Statevector(circuit.assign_parameters(row)).probabilities()
        found = np.array([counts.get(hex(outcome), 0) for outcome in range(8)]) / 4096
        assert (np.abs(found - shares) <= 5 * np.sqrt(shares * (1 - shares) / 4096) + 1e-9).all()
