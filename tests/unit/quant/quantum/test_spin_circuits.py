"""Check what the exact complete-graph mixer costs, and that its phases are the Johnson graph's."""

import numpy as np
import pytest
from qiskit.quantum_info import Operator

from quant.quantum.devices import count_gates, unrolled
from quant.quantum.spin_circuits import complete_ancillas, complete_circuit


@pytest.mark.parametrize(("k", "ancillas"), [(1, 0), (2, 2), (3, 2), (4, 4), (7, 4), (8, 6)])
def test_ancillas_grow_as_the_logarithm_of_the_rarer_bits(k: int, ancillas: int) -> None:
    assert complete_ancillas(16, k) == complete_ancillas(16, 16 - k) == ancillas


@pytest.mark.parametrize(("k", "per_qubit"), [(1, 12), (2, 54), (3, 54), (5, 180)])
def test_two_qubit_gates_grow_linearly_with_n(k: int, per_qubit: int) -> None:
    counts = [count_gates(unrolled(complete_circuit(n, k, 0.3))).two_qubit for n in (24, 48)]
    assert counts[1] <= per_qubit * 48
    assert counts[1] <= 2.5 * counts[0]


@pytest.mark.parametrize(("n", "k"), [(5, 2), (6, 2), (6, 3)])
def test_phases_are_those_of_the_johnson_graph(n: int, k: int) -> None:
    masks = [mask for mask in range(2**n) if mask.bit_count() == k]
    block = Operator(complete_circuit(n, k, 0.1)).data[np.ix_(masks, masks)]
    found = np.unique(np.round(-np.angle(np.linalg.eigvals(block)) / 0.1, 6))
    eigenvalues = sorted((k - a) * (n - k - a) - a for a in range(k + 1))
    np.testing.assert_allclose(found, eigenvalues, atol=1e-6)
