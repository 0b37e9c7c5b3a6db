"""Own multiplexed rotations and the states made of them, from ry and cx alone."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Qubit

Reals = NDArray[np.float64]
Wire: TypeAlias = Qubit | int


def append_multiplexed_ry(
    circuit: QuantumCircuit, angles: Reals, controls: Sequence[Wire], target: Wire
) -> None:
    """Rotate `target` by angles[j] where the controls read j, controls[0] the lowest bit.

    2^c ry and 2^c cx of c controls, in Gray-code order (Möttönen et al., quant-ph/0407010).
    """
    count = len(controls)
    turned = _walsh_hadamard(angles) / len(angles)
    if count == 0:
        circuit.ry(float(turned[0]), target)
        return
    for step in range(len(angles)):
        circuit.ry(float(turned[step ^ (step >> 1)]), target)
        # the bit in which this Gray code and the next differ; the last one closes the cycle
        changed = (~step & (step + 1)).bit_length() - 1
        circuit.cx(controls[min(changed, count - 1)], target)


def _walsh_hadamard(values: Reals) -> Reals:
    work = np.asarray(values, dtype=float)
    width = 1
    while width < len(values):
        pairs = work.reshape(-1, 2, width)
        work = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).ravel()
        width *= 2
    return work


def preparation(probabilities: Reals) -> QuantumCircuit:
    """Build Σ √p_i |i⟩ of 2^n probabilities: 2^n − 1 rotations, the highest qubit first."""
    qubits = len(probabilities).bit_length() - 1
    circuit = QuantumCircuit(qubits, name="prepare")
    for qubit in reversed(range(qubits)):
        halves = probabilities.reshape(-1, 2, 2**qubit).sum(axis=2)
        angles = 2 * np.arctan2(np.sqrt(halves[:, 1]), np.sqrt(halves[:, 0]))
        append_multiplexed_ry(circuit, angles, range(qubit + 1, qubits), qubit)
    return circuit
