"""Own the ansatz as Qiskit circuits: Dicke preparation, phase separator, ring-XY mixer.

Qubit i of a circuit is bit i of a mask, so a Qiskit bit string read in base 2 is the mask.
"""

from math import acos, sqrt

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
from qiskit.circuit.library import CXGate
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import (
    BasisTranslator,
    InverseCancellation,
    Optimize1qGatesDecomposition,
)

from quant.portfolio import PortfolioProblem
from quant.quantum.subspace import ring_edges

Reals = NDArray[np.float64]

DEPTH_BASIS = ("cx", "rz", "sx", "x")


def dicke_circuit(n: int, k: int) -> QuantumCircuit:
    """Build the equal superposition of all n-bit states with k ones, O(nk) gates.

    Bärtschi and Eidenbenz, "Deterministic Preparation of Dicke States" (arXiv 1904.07358): start
    from k ones on top and apply the split-and-cyclic-shift blocks on ever fewer qubits.
    """
    circuit = QuantumCircuit(n)
    for qubit in range(n - k, n):
        circuit.x(qubit)
    for length in range(n, 1, -1):
        _split_and_shift(circuit, length, min(k, length - 1))
    return circuit


def _split_and_shift(circuit: QuantumCircuit, length: int, k: int) -> None:
    last = length - 1
    circuit.cx(last - 1, last)
    _controlled_ry(circuit, 2 * acos(sqrt(1 / length)), last, last - 1)
    circuit.cx(last - 1, last)
    for ones in range(2, k + 1):
        target = last - ones
        circuit.cx(target, last)
        _doubly_controlled_ry(circuit, 2 * acos(sqrt(ones / length)), last, target + 1, target)
        circuit.cx(target, last)


def _controlled_ry(circuit: QuantumCircuit, angle: float, control: int, target: int) -> None:
    circuit.ry(angle / 2, target)
    circuit.cx(control, target)
    circuit.ry(-angle / 2, target)
    circuit.cx(control, target)


def _doubly_controlled_ry(
    circuit: QuantumCircuit, angle: float, first: int, second: int, target: int
) -> None:
    """Rotate only where both controls are one: four quarter turns, two of them between flips."""
    for control, quarter in ((second, angle / 4), (first, -angle / 4)) * 2:
        circuit.ry(quarter, target)
        circuit.cx(control, target)


def ising_terms(mu: Reals, sigma: Reals, q: float) -> tuple[float, Reals, Reals]:
    """Return offset, h (n,) and upper-triangular J (n, n) of q·xᵀΣx − μᵀx with x = (1 − Z)/2.

    The objective equals offset + Σ hᵢZᵢ + Σ_{i<j} JᵢⱼZᵢZⱼ.
    """
    linear = q * np.diagonal(sigma) - mu
    pair = np.triu(q * (sigma + sigma.T), 1)
    offset = float(linear.sum() / 2 + pair.sum() / 4)
    fields = -linear / 2 - (pair.sum(axis=0) + pair.sum(axis=1)) / 4
    return offset, fields, pair / 4


def portfolio_circuit(
    problem: PortfolioProblem, gammas: Reals, betas: Reals, *, measure: bool = True
) -> QuantumCircuit:
    """Build Dicke start, then per layer exp(−iγc) and the ring of exp(−iβ(XX+YY)/2).

    Amplitudes equal those of the subspace engine, global phase included.
    """
    circuit = dicke_circuit(problem.n, problem.k)
    for gamma, beta in zip(gammas, betas, strict=True):
        _append_phase(circuit, problem, float(gamma))
        _append_ring(circuit, float(beta))
    if measure:
        circuit.measure_all()
    return circuit


def _append_phase(circuit: QuantumCircuit, problem: PortfolioProblem, gamma: float) -> None:
    offset, fields, couplings = ising_terms(problem.mu, problem.sigma, problem.q)
    circuit.global_phase -= gamma * offset
    for i, field in enumerate(fields):
        circuit.rz(2 * gamma * float(field), i)
    for i, j in coupling_order(problem.n):
        circuit.rzz(2 * gamma * float(couplings[i, j]), i, j)


def coupling_order(n: int) -> tuple[tuple[int, int], ...]:
    """List every pair i < j of n qubits once, in an order of least depth.

    A round-robin tournament between neighbouring pairs of qubits: n−1 layers of disjoint gates
    for even n, and four gates on the same four qubits stand together, which simulators fuse.
    """
    teams: list[tuple[int, ...]] = [tuple(range(i, min(i + 2, n))) for i in range(0, n, 2)]
    order = [(team[0], team[1]) for team in teams if len(team) == 2]
    circle = teams if len(teams) % 2 == 0 else [*teams, ()]
    for _ in range(len(circle) - 1):
        for home, away in zip(circle[: len(circle) // 2], reversed(circle), strict=False):
            order += _matches(min(home, away), max(home, away))
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return tuple(order)


def _matches(low: tuple[int, ...], high: tuple[int, ...]) -> list[tuple[int, int]]:
    straight = list(zip(low, high, strict=False))
    crossed = list(zip(low, reversed(high), strict=False)) if len(high) == 2 else []
    if len(high) == 1 and len(low) == 2:
        crossed = [(low[1], high[0])]
    return straight + crossed


def _append_ring(circuit: QuantumCircuit, beta: float) -> None:
    # XX and YY commute, so the product of both rotations is the XY gate itself
    for i, j in ring_edges(circuit.num_qubits):
        circuit.rxx(beta, i, j)
        circuit.ryy(beta, i, j)


def depth(circuit: QuantumCircuit) -> int:
    """Return the depth over cx, rz, sx and x with all qubits connected.

    These three passes give what `transpile` gives at optimisation level 1, without loading every
    installed transpiler plug-in.
    """
    basis = list(DEPTH_BASIS)
    passes = PassManager(
        [
            BasisTranslator(SessionEquivalenceLibrary, basis),
            InverseCancellation([CXGate()]),
            Optimize1qGatesDecomposition(basis=basis),
        ]
    )
    return int(passes.run(circuit).depth())
