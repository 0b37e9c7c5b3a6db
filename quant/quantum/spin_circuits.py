"""Own the exact mixer of the complete graph as a circuit, by adding up spins one qubit at a time.

On states of weight k, Σ_{i<j}(XX+YY)/2 depends on the total spin only: n/2 − a with a in 0…d,
d = min(k, n−k), has the eigenvalue (k−a)(n−k−a) − a of the Johnson graph.
"""

from math import atan2, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterExpression, Qubit

from quant.quantum.multiplexed import append_multiplexed_ry

Reals = NDArray[np.float64]
Angle: TypeAlias = float | ParameterExpression


def complete_ancillas(n: int, k: int) -> int:
    """Return the qubits beyond the first n that `complete_circuit` needs, 2⌊log₂ min(k, n−k)⌋."""
    return 2 * (min(k, n - k).bit_length() - 1)


def complete_circuit(n: int, k: int, beta: Angle) -> QuantumCircuit:
    """Build exp(−iβ Σ_{i<j}(XX+YY)/2) on states of weight k, with no Trotter error.

    The coupling of spins is run, the eigenvalue's phase is put on the counter of spin, and the
    coupling is undone. Both counters have w = ⌊log₂ d⌋ + 1 bits, the lowest of each in a qubit
    that the coupling frees, so the ancillas are 2(w−1); they start and end as zero. At most 2n
    multiplexed rotations of 4^w ≤ 4d² CX each and 4n controlled increments of w bits, hence
    O(n·d²) gates. Bacon, Chuang and Harrow (arXiv quant-ph/0407082) couple in this order; within
    one weight the spin's own projection needs no register (Iglesias and Natale, arXiv 1912.09243,
    factor the same change of basis).
    """
    fewer = min(k, n - k)
    coupling, falls = _coupling_circuit(n, fewer)
    circuit = coupling.copy_empty_like()
    # the mixer does not tell zeros from ones, so the rarer of them is counted
    if fewer < k:
        circuit.x(range(n))
    circuit.compose(coupling, inplace=True)
    _append_spin_phase(circuit, n, fewer, beta, falls)
    circuit.compose(coupling.inverse(), inplace=True)
    if fewer < k:
        circuit.x(range(n))
    return circuit


def _coupling_circuit(n: int, k: int) -> tuple[QuantumCircuit, list[Qubit]]:
    """Turn each qubit into the step that adding it took: 0 where the spin rose, 1 where it fell.

    Step i rotates by cos² = (i−a−w)/(i−2a), sin² = (w−a)/(i−2a), the Clebsch–Gordan coefficients
    of a spin (i−1)/2 − a and a half; a counts falls so far, w ones among the first i bits. The
    first step always rises and the second is what a starts from, so qubits 0 and 1 hold the
    lowest bits of w and a. Also returns the counter of falls, least significant bit first.
    """
    extra = k.bit_length() - 1
    circuit = QuantumCircuit(n + 2 * extra)
    ones = [circuit.qubits[0], *circuit.qubits[n : n + extra]]
    falls = [circuit.qubits[1], *circuit.qubits[n + extra :]]
    for i in range(2, n + 1):
        qubit = circuit.qubits[i - 1]
        _append_increment(circuit, qubit, ones[: min(i, k).bit_length()])
        low = falls[: min((i - 1) // 2, k).bit_length()]
        high = ones[: _ones_read(n, k, i)]
        angles = _turns(n, k, i, 1 << len(low), 1 << len(high))
        append_multiplexed_ry(circuit, angles, [*low, *high], qubit)
        if i > 2:
            _append_increment(circuit, qubit, falls[: min(i // 2, k).bit_length()])
    return circuit, falls


def _ones_range(n: int, k: int, i: int) -> tuple[int, int]:
    return max(0, k - (n - i)), min(i, k)


def _ones_read(n: int, k: int, i: int) -> int:
    """Return how many low bits tell the possible counts of ones at step i from each other."""
    least, most = _ones_range(n, k, i)
    return (most - least).bit_length()


def _turns(n: int, k: int, i: int, falls: int, residues: int) -> Reals:
    """Return the angles of step i by w modulo `residues`, and by a within them."""
    angles = np.zeros((residues, falls))
    least, most = _ones_range(n, k, i)
    for w in range(least, most + 1):
        for a in range(min(falls, w + 1, i - w + 1)):
            angles[w % residues, a] = -2 * atan2(sqrt(w - a), sqrt(i - a - w))
    return angles.ravel()


def _append_increment(circuit: QuantumCircuit, control: Qubit, counter: list[Qubit]) -> None:
    for place in range(len(counter) - 1, -1, -1):
        circuit.mcx([control, *counter[:place]], counter[place])


def _append_spin_phase(
    circuit: QuantumCircuit, n: int, k: int, beta: Angle, falls: list[Qubit]
) -> None:
    """Apply exp(−iβλ) for λ = a² − (n+1)a + k(n−k), a quadratic in the bits of the counter."""
    circuit.global_phase -= beta * (k * (n - k))
    for place, qubit in enumerate(falls):
        circuit.p(-beta * (4**place - (n + 1) * 2**place), qubit)
        for lower in range(place):
            circuit.cp(-beta * 2 ** (place + lower + 1), falls[lower], qubit)
