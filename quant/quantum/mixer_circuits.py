"""Own the mixers as circuits, exact on states of weight k: rings, complete graph, Grover."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterExpression

from core.mixers import Mixer
from quant.quantum.dicke import check_weight, spread_circuit
from quant.quantum.edges import ring_edges
from quant.quantum.exact_mixers.free_fermions import hopping
from quant.quantum.rotations import rotation_network
from quant.quantum.spin_circuits import complete_ancillas, complete_circuit

Complexes = NDArray[np.complex128]
Angle: TypeAlias = float | ParameterExpression


def mixer_circuit(mixer: Mixer, n: int, k: int, beta: Angle) -> QuantumCircuit:
    """Build exp(−iβH) of a mixer, or one Trotter step of it for `ring`.

    Qubits beyond the first n are ancillas, zero before and after; only `complete` has them.
    Amplitudes of weight k equal the subspace engine's, global phase included; those of other
    weights may not.

    Raises:
        InvalidInput: k is not in 1…n−1.
    """
    check_weight(n, k)
    match mixer:
        case Mixer.RING:
            return _trotter_ring(n, beta)
        case Mixer.RING_EXACT:
            return _exact_ring(n, k, beta)
        case Mixer.COMPLETE:
            return complete_circuit(n, k, beta)
        case Mixer.GROVER:
            return _grover(n, k, beta)


def ancilla_count(mixer: Mixer, n: int, k: int) -> int:
    """Return how many qubits beyond the first n the circuit of a mixer has."""
    return complete_ancillas(n, k) if mixer is Mixer.COMPLETE else 0


def _trotter_ring(n: int, beta: Angle) -> QuantumCircuit:
    circuit = QuantumCircuit(n)
    for i, j in ring_edges(n):
        _append_xy(circuit, beta, i, j)
    return circuit


def _append_xy(circuit: QuantumCircuit, theta: Angle, i: int, j: int) -> None:
    # XX and YY commute, so the product of both rotations is the XY gate itself
    circuit.rxx(theta, i, j)
    circuit.ryy(theta, i, j)


def _exact_ring(n: int, k: int, beta: Angle) -> QuantumCircuit:
    """Rotate modes as free fermions do: n(n−1)/2 gates, twice as many if β is yet to be bound."""
    energies, modes = np.linalg.eigh(hopping(n, k))
    circuit = QuantumCircuit(n)
    if isinstance(beta, ParameterExpression):
        _append_network(circuit, modes.T.astype(np.complex128))
        for mode, energy in enumerate(energies.tolist()):
            circuit.p(-beta * energy, mode)
        _append_network(circuit, modes.astype(np.complex128))
    else:
        _append_network(circuit, (modes * np.exp(-1j * beta * energies)) @ modes.T)
    return circuit


def _append_network(circuit: QuantumCircuit, unitary: Complexes) -> None:
    rotations, phases = rotation_network(unitary)
    for turn in rotations:
        circuit.rz(turn.phi, turn.mode)
        _append_xy(circuit, turn.theta, turn.mode, turn.mode + 1)
        circuit.rz(-turn.phi, turn.mode)
    for mode, phase in enumerate(phases.tolist()):
        circuit.p(phase, mode)


def _grover(n: int, k: int, beta: Angle) -> QuantumCircuit:
    """Undo the Dicke state, turn its one preimage by −β, and prepare again.

    The preimage has its ones on top, and among states of one weight is known by them alone. Where
    zeros are rarer they play that part, as the mixer does not tell them from ones.
    """
    fewer = min(k, n - k)
    spread = spread_circuit(n, fewer)
    circuit = QuantumCircuit(n)
    if fewer < k:
        circuit.x(range(n))
    circuit.compose(spread.inverse(), inplace=True)
    circuit.mcp(-beta, list(range(n - fewer, n - 1)), n - 1)
    circuit.compose(spread, inplace=True)
    if fewer < k:
        circuit.x(range(n))
    return circuit
