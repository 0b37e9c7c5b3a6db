"""Check the complete graph's mixer against the spectrum of the Johnson graph."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from quant.quantum.basis import Basis
from quant.quantum.exact_mixers.johnson import CompleteMixer, eigenvalues

SIZES = [(2, 1), (5, 2), (6, 3), (7, 5), (8, 4), (9, 3), (10, 8)]


def adjacency(n: int, k: int) -> np.ndarray:
    """Return J(n, k): subsets are neighbours when they differ in one member each way."""
    subsets = [set(ones) for ones in combinations(range(n), k)]
    return np.array([[len(a & b) == k - 1 for b in subsets] for a in subsets], dtype=float)


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_spectrum_and_multiplicities(n: int, k: int) -> None:
    counted = [
        value
        for d, value in enumerate(eigenvalues(n, k))
        for _ in range(comb(n, d) - (comb(n, d - 1) if d else 0))
    ]
    expected = np.linalg.eigvalsh(adjacency(n, k))
    np.testing.assert_allclose(np.sort(counted), expected, atol=1e-12)


@pytest.mark.parametrize(("n", "k"), [(16, 8), (20, 5), (18, 13)])
def test_spreads_from_one_state_by_distance_alone(n: int, k: int) -> None:
    """Amplitudes depend on how many members differ, so there are min(k, n−k) + 1 of them."""
    basis = Basis(n, k)
    psi = np.zeros(basis.size, dtype=complex)
    start = basis.size // 2
    psi[start] = 1.0
    CompleteMixer(basis, complex).apply(psi, 0.31)
    assert np.vdot(psi, psi).real == pytest.approx(1.0, abs=1e-13)
    distances = np.bitwise_count(basis.masks ^ basis.masks[start]) // 2
    assert distances.max() == min(k, n - k)
    for distance in range(distances.max() + 1):
        shell = psi[distances == distance]
        np.testing.assert_allclose(shell, shell[0], rtol=0, atol=1e-14)


@pytest.mark.parametrize(("n", "k"), [(16, 8), (20, 5), (18, 13)])
@pytest.mark.parametrize("beta", [0.2, -55.5])
def test_uniform_state_only_gains_a_phase(n: int, k: int, beta: float) -> None:
    basis = Basis(n, k)
    psi = np.full(basis.size, basis.size**-0.5, dtype=complex)
    CompleteMixer(basis, complex).apply(psi, beta)
    expected = basis.size**-0.5 * np.exp(-1j * beta * k * (n - k))
    np.testing.assert_allclose(psi, expected, rtol=0, atol=1e-14)
