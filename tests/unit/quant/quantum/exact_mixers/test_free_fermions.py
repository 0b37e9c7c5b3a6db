"""Check that the exact ring is one of free fermions, by minors of its one-particle matrix."""

from itertools import combinations

import numpy as np
import pytest
from scipy.linalg import expm

from quant.quantum.basis import Basis
from quant.quantum.exact_mixers.free_fermions import RingMixer, hopping
from quant.quantum.exact_mixers.givens import decompose

SIZES = [(2, 1), (3, 2), (6, 3), (7, 4), (8, 5), (9, 3)]


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_amplitudes_are_minors(n: int, k: int) -> None:
    """⟨S|exp(−iβH)|T⟩ is the determinant of rows S and columns T of exp(−iβA)."""
    basis = Basis(n, k)
    one = expm(-0.83j * hopping(n, k))
    subsets = sorted(combinations(range(n), k), key=lambda ones: ones[::-1])
    start = basis.size // 3
    psi = np.zeros(basis.size, dtype=complex)
    psi[start] = 1.0
    RingMixer(basis, complex).apply(psi, 0.83)
    minors = [np.linalg.det(one[np.ix_(rows, subsets[start])]) for rows in subsets]
    np.testing.assert_allclose(psi, minors, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("n", "k"), [*SIZES, (14, 7), (18, 5)])
def test_equals_ffsim(n: int, k: int) -> None:
    """Spinless fermions of ffsim, k in n orbitals, turned by the same one-particle matrix."""
    ffsim = pytest.importorskip("ffsim", reason="ffsim is not installed: it pins its own JAX")
    basis = Basis(n, k)
    random = np.random.default_rng(n)
    psi = random.normal(size=basis.size) + 1j * random.normal(size=basis.size)
    psi /= np.linalg.norm(psi)
    energies, orbitals = np.linalg.eigh(hopping(n, k))
    expected = ffsim.apply_num_op_sum_evolution(
        psi, energies, time=-1.7, norb=n, nelec=k, orbital_rotation=orbitals
    )
    RingMixer(basis, complex).apply(psi, -1.7)
    np.testing.assert_allclose(psi, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_eigenvalues_are_sums_over_filled_modes(n: int, k: int) -> None:
    """Momenta are whole multiples of 2π/n for odd k and halfway between for even k."""
    momenta = 2 * np.pi * (np.arange(n) + (0 if k % 2 else 0.5)) / n
    expected = np.sort([sum(pick) for pick in combinations(2 * np.cos(momenta), k)])
    mixer, basis = RingMixer(Basis(n, k), complex), Basis(n, k)
    energies = np.sort(np.linalg.eigvalsh(hopping(n, k)))
    np.testing.assert_allclose(energies, np.sort(2 * np.cos(momenta)), atol=1e-14)
    columns = np.eye(basis.size, dtype=complex)
    for column in columns:
        mixer.apply(column, 0.01)
    phases = -np.angle(np.linalg.eigvals(columns)) / 0.01
    np.testing.assert_allclose(np.sort(phases), expected, atol=1e-10)


@pytest.mark.parametrize(("n", "sign"), [(2, 1), (3, 1), (5, -1), (8, -1), (20, 1), (33, -1)])
def test_turns_multiply_to_the_matrix(n: int, sign: int) -> None:
    one = expm(-0.6j * hopping(n, 1 if sign > 0 else 2))
    cosines, sines = np.empty((2, n * (n - 1) // 2), dtype=complex)
    decompose(one.copy(), cosines, sines)
    product, turn = np.eye(n, dtype=complex), 0
    for column in range(n - 1):
        for i in range(n - 2, column - 1, -1):
            c, s = cosines[turn], sines[turn]
            product[i : i + 2] = np.array([[c, s], [-s.conj(), c.conj()]]) @ product[i : i + 2]
            turn += 1
    assert turn == len(cosines)
    np.testing.assert_allclose(product, one, rtol=0, atol=1e-14)
