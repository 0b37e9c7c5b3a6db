"""Own the circuits that simulators are measured with: dense, Clifford, chains and lattices."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

_SEED = 11


def dense(qubits: int, layers: int) -> QuantumCircuit:
    """Make layers of rotations and of CX between random pairs."""
    generator = np.random.default_rng(_SEED)
    circuit = QuantumCircuit(qubits)
    angles = iter(ParameterVector("a", qubits * layers))
    for _ in range(layers):
        for qubit in range(qubits):
            circuit.ry(next(angles), qubit)
        order = generator.permutation(qubits).tolist()
        for first, second in zip(order[::2], order[1::2], strict=False):
            circuit.cx(first, second)
    return circuit


def chain(qubits: int, layers: int) -> QuantumCircuit:
    """Make a brickwork of rotations and CX between neighbours."""
    circuit = QuantumCircuit(qubits)
    angles = iter(ParameterVector("a", qubits * layers))
    for layer in range(layers):
        for qubit in range(qubits):
            circuit.ry(next(angles), qubit)
        for qubit in range(layer % 2, qubits - 1, 2):
            circuit.cx(qubit, qubit + 1)
    return circuit


def lattice(width: int, height: int) -> QuantumCircuit:
    """Make one round of rotations and ZZ turns between neighbours on a rectangle."""
    circuit = QuantumCircuit(width * height)
    circuit.h(range(width * height))
    for place in range(width * height):
        if place % width < width - 1:
            circuit.rzz(0.3, place, place + 1)
        if place + width < width * height:
            circuit.rzz(0.3, place, place + width)
    circuit.rx(0.7, range(width * height))
    return circuit


def clifford(qubits: int, layers: int) -> QuantumCircuit:
    """Make layers of H, S and CX between random pairs."""
    generator = np.random.default_rng(_SEED)
    circuit = QuantumCircuit(qubits)
    for _ in range(layers):
        for qubit in range(qubits):
            (circuit.h, circuit.s)[int(generator.integers(2))](qubit)
        order = generator.permutation(qubits).tolist()
        for first, second in zip(order[::2], order[1::2], strict=False):
            circuit.cx(first, second)
    return circuit


def words(qubits: int, count: int) -> list[str]:
    """Make different Pauli words of at most two letters."""
    found = ["I" * place + "Z" + "I" * (qubits - 1 - place) for place in range(qubits)]
    pairs = ["I" * place + "XX" + "I" * (qubits - 2 - place) for place in range(qubits - 1)]
    return (found + pairs)[:count]
