"""Check the exact mixers against dense matrix exponentials, and against what must stay the same."""

from functools import lru_cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.basis import Basis
from quant.quantum.edges import ring_edges
from quant.quantum.mixers import ExactMixer, exact_mixer

Matrix = NDArray[np.complex128]
State = NDArray[np.complexfloating]

EXACT = (Mixer.RING_EXACT, Mixer.COMPLETE, Mixer.GROVER)
SIZES = [(n, k) for n in range(2, 9) for k in range(1, n)]
BETAS = (0.7, -2.3, 137.0, -1000.25)


@lru_cache(maxsize=32)
def generator(mixer: Mixer, n: int) -> NDArray[np.float64]:
    """Return H on all 2^n states as sums of Pauli products."""
    x = np.array([[0, 1], [1, 0]], dtype=complex)
    y = np.array([[0, -1j], [1j, 0]])
    if mixer is Mixer.GROVER:
        weights = np.array([mask.bit_count() for mask in range(2**n)])
        same = weights[:, None] == weights
        return same / same.sum(axis=0)
    edges = ring_edges(n) if mixer is Mixer.RING_EXACT else tuple(combinations(range(n), 2))
    total = np.zeros((2**n, 2**n), dtype=complex)
    for i, j in edges:
        for pauli in (x, y):
            product = np.eye(1)
            for qubit in range(n):
                product = np.kron(pauli if qubit in (i, j) else np.eye(2), product)
            total += product / 2
    assert not total.imag.any()
    return total.real


def restricted(mixer: Mixer, basis: Basis) -> NDArray[np.float64]:
    masks = basis.masks.astype(np.intp)
    full = generator(mixer, basis.n)
    outside = np.setdiff1d(np.arange(2**basis.n), masks)
    assert not full[np.ix_(outside, masks)].any()
    return full[np.ix_(masks, masks)]


def random_states(basis: Basis, count: int, seed: int = 0) -> State:
    random = np.random.default_rng(seed)
    states = random.normal(size=(count, basis.size)) + 1j * random.normal(size=(count, basis.size))
    return states / np.linalg.norm(states, axis=1, keepdims=True)


def evolved(mixer: ExactMixer, psi: State, beta: float) -> State:
    after = psi.copy()
    mixer.apply(after, beta)
    return after


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize(("n", "k"), SIZES)
class TestAgainstDense:
    def test_evolution(self, kind: Mixer, n: int, k: int) -> None:
        basis = Basis(n, k)
        mixer, dense = exact_mixer(kind, basis, np.complex128), restricted(kind, basis)
        psi = random_states(basis, 1, seed=n * k)[0]
        energies, modes = np.linalg.eigh(dense)
        for beta in BETAS:
            # a thousand is past what expm squares accurately, so large angles go through H's modes
            unitary = expm(-1j * beta * dense) if abs(beta) < 3 else None
            if unitary is None:
                unitary = (modes * np.exp(-1j * beta * energies)) @ modes.T
            tolerance = 3e-14 + 3e-15 * abs(beta) * np.abs(energies).max()
            np.testing.assert_allclose(
                evolved(mixer, psi, beta), unitary @ psi, rtol=0, atol=tolerance
            )

    def test_overlap(self, kind: Mixer, n: int, k: int) -> None:
        basis = Basis(n, k)
        bra, ket = random_states(basis, 2, seed=n + k)
        found = exact_mixer(kind, basis, np.complex128).overlap(bra, ket)
        expected = (bra.conj() @ restricted(kind, basis) @ ket).imag
        assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("kind", EXACT)
class TestLargerStates:
    @pytest.mark.parametrize(("n", "k"), [(9, 4), (13, 6), (16, 3), (16, 8), (16, 13), (15, 14)])
    def test_unitary_and_undone_by_the_opposite_angle(self, kind: Mixer, n: int, k: int) -> None:
        basis = Basis(n, k)
        mixer = exact_mixer(kind, basis, np.complex128)
        psi, other = random_states(basis, 2)
        after = evolved(mixer, psi, 0.9)
        assert np.vdot(after, after).real == pytest.approx(1.0, abs=1e-13)
        product = np.vdot(evolved(mixer, other, 0.9), after)
        assert product == pytest.approx(np.vdot(other, psi), abs=1e-13)
        np.testing.assert_allclose(evolved(mixer, after, -0.9), psi, rtol=0, atol=1e-13)

    @pytest.mark.parametrize(("n", "k"), [(11, 5), (14, 7), (16, 4), (16, 12)])
    def test_overlap_is_half_the_slope(self, kind: Mixer, n: int, k: int) -> None:
        """⟨w⟩ after the mixer, by β: 2 Im⟨ψ|wH|ψ⟩, against differences of fourth order."""
        basis = Basis(n, k)
        mixer = exact_mixer(kind, basis, np.complex128)
        psi = random_states(basis, 1)[0]
        weights = np.random.default_rng(3).normal(size=basis.size)

        def average(beta: float) -> float:
            return float((np.abs(evolved(mixer, psi, beta)) ** 2 * weights).sum())

        after, h = evolved(mixer, psi, 0.4), 2e-4
        steps = average(0.4 + h) - average(0.4 - h), average(0.4 + 2 * h) - average(0.4 - 2 * h)
        slope = (8 * steps[0] - steps[1]) / (12 * h)
        assert 2 * mixer.overlap(weights * after, after) == pytest.approx(slope, abs=1e-9)

    @pytest.mark.parametrize(("n", "k"), [(6, 3), (13, 6), (16, 8), (16, 5)])
    def test_single_precision(self, kind: Mixer, n: int, k: int) -> None:
        basis = Basis(n, k)
        psi, other = random_states(basis, 2)
        double, single = (exact_mixer(kind, basis, t) for t in (np.complex128, np.complex64))
        short, short_other = psi.astype(np.complex64), other.astype(np.complex64)
        after = evolved(single, short, -1.3)
        assert after.dtype == np.complex64
        error = np.linalg.norm(after - evolved(double, psi, -1.3))
        assert error < 2e-6
        expected = double.overlap(other, psi)
        assert single.overlap(short_other, short) == pytest.approx(expected, abs=2e-6)

    def test_rounding_does_not_grow_with_depth(self, kind: Mixer) -> None:
        basis = Basis(12, 6)
        mixer = exact_mixer(kind, basis, np.complex128)
        psi = random_states(basis, 1)[0]
        after = psi.copy()
        for _ in range(50):
            mixer.apply(after, 0.37)
        np.testing.assert_allclose(after, evolved(mixer, psi, 50 * 0.37), rtol=0, atol=1e-13)


@st.composite
def relabelled(draw: st.DrawFn) -> tuple[Basis, list[int], float]:
    n = draw(st.integers(2, 10))
    basis = Basis(n, draw(st.integers(1, n - 1)))
    order = draw(st.permutations(range(n)))
    return basis, order, draw(st.floats(-20, 20))


def relabel(basis: Basis, psi: State, order: list[int]) -> State:
    """Move qubit i to qubit order[i]."""
    weights = 2 ** np.array(order, dtype=np.int64)
    moved = np.empty_like(psi)
    moved[np.searchsorted(basis.masks, (basis.bits @ weights).astype(np.uint64))] = psi
    return moved


class TestSymmetry:
    @pytest.mark.parametrize("kind", [Mixer.COMPLETE, Mixer.GROVER])
    @given(case=relabelled())
    @settings(max_examples=30, deadline=None)
    def test_any_order_of_the_qubits_is_the_same(
        self, kind: Mixer, case: tuple[Basis, list[int], float]
    ) -> None:
        basis, order, beta = case
        mixer = exact_mixer(kind, basis, np.complex128)
        psi = random_states(basis, 1)[0]
        first = relabel(basis, evolved(mixer, psi, beta), order)
        second = evolved(mixer, relabel(basis, psi, order), beta)
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-13)

    @given(case=relabelled(), turns=st.integers(0, 9), is_mirrored=st.booleans())
    @settings(max_examples=30, deadline=None)
    def test_a_ring_may_be_turned_and_mirrored(
        self, case: tuple[Basis, list[int], float], turns: int, is_mirrored: bool
    ) -> None:
        basis, _, beta = case
        mixer = exact_mixer(Mixer.RING_EXACT, basis, np.complex128)
        step = -1 if is_mirrored else 1
        order = [(step * i + turns) % basis.n for i in range(basis.n)]
        psi = random_states(basis, 1)[0]
        first = relabel(basis, evolved(mixer, psi, beta), order)
        second = evolved(mixer, relabel(basis, psi, order), beta)
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-12)


class TestSmallRings:
    def test_two_qubits_count_their_edge_twice_as_the_trotter_ring_does(self) -> None:
        assert ring_edges(2) == ((0, 1), (0, 1))
        psi = np.array([1.0, 0.0], dtype=complex)
        after = evolved(exact_mixer(Mixer.RING_EXACT, Basis(2, 1), complex), psi, 0.3)
        np.testing.assert_allclose(after, [np.cos(0.6), -1j * np.sin(0.6)], atol=1e-15)

    def test_two_qubits_are_one_pair_of_the_complete_graph(self) -> None:
        psi = np.array([1.0, 0.0], dtype=complex)
        after = evolved(exact_mixer(Mixer.COMPLETE, Basis(2, 1), complex), psi, 0.3)
        np.testing.assert_allclose(after, [np.cos(0.3), -1j * np.sin(0.3)], atol=1e-15)

    @pytest.mark.parametrize("k", [1, 2])
    def test_three_qubits_in_a_ring_are_the_complete_graph(self, k: int) -> None:
        basis = Basis(3, k)
        psi = random_states(basis, 1)[0]
        ring, complete = (
            exact_mixer(kind, basis, np.complex128) for kind in (Mixer.RING_EXACT, Mixer.COMPLETE)
        )
        np.testing.assert_allclose(
            evolved(ring, psi, 1.1), evolved(complete, psi, 1.1), rtol=0, atol=1e-15
        )


class TestRefusals:
    def test_the_trotter_ring_is_not_exact(self) -> None:
        with pytest.raises(InvalidInput, match="mixer"):
            exact_mixer(Mixer.RING, Basis(4, 2), np.complex128)

    @pytest.mark.parametrize("kind", EXACT)
    @pytest.mark.parametrize(
        "psi",
        [np.zeros(5, complex), np.zeros(6, np.complex64), np.zeros(12, complex)[::2], np.zeros(6)],
    )
    def test_states_that_do_not_fit(self, kind: Mixer, psi: State) -> None:
        mixer = exact_mixer(kind, Basis(4, 2), np.complex128)
        fitting = np.zeros(6, complex)
        for attempt in (
            lambda: mixer.apply(psi, 0.1),
            lambda: mixer.overlap(psi, fitting),
            lambda: mixer.overlap(fitting, psi),
        ):
            with pytest.raises(InvalidInput, match="psi"):
                attempt()
