"""Check multiplexed rotations and prepared states against dense matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit.library import RYGate
from qiskit.quantum_info import Operator, Statevector
from scipy.linalg import block_diag

from quant.quantum.multiplexed import append_multiplexed_ry, preparation


@pytest.mark.parametrize("controls", [0, 1, 2, 3])
def test_multiplexed_rotation_is_block_diagonal(controls: int) -> None:
    angles = np.random.default_rng(controls).uniform(-7, 7, 2**controls)
    circuit = QuantumCircuit(controls + 1)
    # the target is the lowest qubit, so each block is one reading of the controls
    append_multiplexed_ry(circuit, angles, range(1, controls + 1), 0)
    expected = block_diag(*(RYGate(float(angle)).to_matrix() for angle in angles))
    np.testing.assert_allclose(Operator(circuit).data, expected, atol=1e-13)
    assert circuit.count_ops().get("cx", 0) == (2**controls if controls else 0)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.floats(0, 1), min_size=2**n, max_size=2**n).filter(
            lambda weights: sum(weights) > 1e-3
        )
    )
)
def test_preparation_has_the_roots_as_amplitudes(weights: list[float]) -> None:
    probabilities = np.array(weights) / sum(weights)
    amplitudes = Statevector(preparation(probabilities)).data
    np.testing.assert_allclose(amplitudes, np.sqrt(probabilities), atol=1e-7)
    np.testing.assert_allclose(np.abs(amplitudes) ** 2, probabilities, atol=1e-13)
