"""Check every mixer's circuit, as a matrix on one weight, against dense exponentials."""

from itertools import combinations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator
from scipy.linalg import expm

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.mixer_circuits import ancilla_count, mixer_circuit

SIZES = [(2, 1), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3), (5, 2), (5, 3)]
BETAS = [0.0, 0.7, -2.3]


def masks_of(n: int, k: int) -> list[int]:
    return [mask for mask in range(2**n) if mask.bit_count() == k]


def hop(n: int, k: int, i: int, j: int) -> np.ndarray:
    """Return (XX+YY)/2 of qubits i and j among the states of weight k."""
    masks = masks_of(n, k)
    matrix = np.zeros((len(masks), len(masks)))
    for column, mask in enumerate(masks):
        if (mask >> i & 1) != (mask >> j & 1):
            matrix[masks.index(mask ^ 1 << i ^ 1 << j), column] = 1.0
    return matrix


def expected(mixer: Mixer, n: int, k: int, beta: float) -> np.ndarray:
    even, odd = range(0, n - 1, 2), range(1, n - 1, 2)
    ring = [*((i, i + 1) for i in even), *((i, i + 1) for i in odd), (0, n - 1)]
    size = len(masks_of(n, k))
    match mixer:
        case Mixer.RING:
            product = np.eye(size)
            for i, j in ring:
                product = expm(-1j * beta * hop(n, k, i, j)) @ product
            return product
        case Mixer.RING_EXACT:
            return expm(-1j * beta * sum(hop(n, k, i, j) for i, j in ring))
        case Mixer.COMPLETE:
            pairs = combinations(range(n), 2)
            return expm(-1j * beta * sum(hop(n, k, i, j) for i, j in pairs))
        case Mixer.GROVER:
            return expm(-1j * beta * np.full((size, size), 1 / size))


def on_weight(circuit: QuantumCircuit, n: int, k: int) -> np.ndarray:
    """Cut the matrix to states of weight k with all ancillas zero; nothing may leave them."""
    masks = masks_of(n, k)
    columns = Operator(circuit).data[:, masks]
    kept = columns[masks]
    np.testing.assert_allclose(np.linalg.norm(kept, axis=0), 1.0, atol=1e-12)
    return kept


@pytest.mark.parametrize("mixer", Mixer)
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_circuit_equals_the_dense_exponential(mixer: Mixer, n: int, k: int) -> None:
    angle = Parameter("β")
    open_circuit = mixer_circuit(mixer, n, k, angle)
    for beta in BETAS:
        matrix = expected(mixer, n, k, beta)
        found = on_weight(mixer_circuit(mixer, n, k, beta), n, k)
        np.testing.assert_allclose(found, matrix, atol=1e-11)
        bound = open_circuit.assign_parameters({angle: beta})
        np.testing.assert_allclose(on_weight(bound, n, k), matrix, atol=1e-11)


@pytest.mark.parametrize("mixer", Mixer)
def test_ancillas_are_counted(mixer: Mixer) -> None:
    for n, k in [*SIZES, (12, 6), (20, 17)]:
        circuit = mixer_circuit(mixer, n, k, 0.3)
        assert circuit.num_qubits == n + ancilla_count(mixer, n, k)


def test_exact_ring_has_a_gate_for_every_pair() -> None:
    counts = mixer_circuit(Mixer.RING_EXACT, 9, 4, 0.4).count_ops()
    assert counts["rxx"] == counts["ryy"] == 9 * 8 // 2


@pytest.mark.parametrize("mixer", Mixer)
@pytest.mark.parametrize(("n", "k"), [(1, 1), (4, 0), (4, 4)])
def test_refuses_a_weight_without_choice(mixer: Mixer, n: int, k: int) -> None:
    with pytest.raises(InvalidInput):
        mixer_circuit(mixer, n, k, 0.3)
