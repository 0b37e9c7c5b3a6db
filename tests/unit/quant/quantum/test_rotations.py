"""Check the network of rotations by multiplying it out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group, unitary_group

from quant.quantum.rotations import Rotation, rotation_network


def multiplied(n: int, rotations: tuple[Rotation, ...], phases: np.ndarray) -> np.ndarray:
    product = np.eye(n, dtype=complex)
    for turn in rotations:
        step = np.eye(n, dtype=complex)
        i, j = turn.mode, turn.mode + 1
        step[i, i] = step[j, j] = np.cos(turn.theta)
        step[i, j] = -1j * np.sin(turn.theta) * np.exp(-1j * turn.phi)
        step[j, i] = -1j * np.sin(turn.theta) * np.exp(1j * turn.phi)
        product = step @ product
    return np.exp(1j * phases)[:, None] * product


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 14), st.integers(0, 2**31), st.booleans())
def test_network_multiplies_out_to_its_unitary(n: int, seed: int, real: bool) -> None:
    group = ortho_group if real else unitary_group
    unitary = group.rvs(n, random_state=seed)
    rotations, phases = rotation_network(unitary.astype(complex))
    np.testing.assert_allclose(multiplied(n, rotations, phases), unitary, atol=1e-12)


@pytest.mark.parametrize("n", [2, 5, 8, 13])
def test_network_has_n_layers_of_neighbours(n: int) -> None:
    rotations, _ = rotation_network(unitary_group.rvs(n, random_state=n))
    assert len(rotations) == n * (n - 1) // 2
    layer = [0] * n
    for turn in rotations:
        both = slice(turn.mode, turn.mode + 2)
        layer[both] = [max(layer[both]) + 1] * 2
    assert max(layer) <= n


def test_identity_needs_no_rotation() -> None:
    rotations, phases = rotation_network(np.eye(4, dtype=complex))
    assert rotations == ()
    assert not phases.any()
