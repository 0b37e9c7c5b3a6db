"""Check the weight-k engine against published numbers and a dense matrix exponential."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from core.errors import InvalidInput
from quant.quantum.subspace import (
    Ansatz,
    Basis,
    cost_vector,
    expectation,
    probabilities,
    ring_edges,
    sample,
)

Reals = NDArray[np.float64]

# Barkoutsos et al., arXiv 1907.04769, the instance of qiskit-optimization's CVaR tutorial
MU = np.array([0.7313, 0.9893, 0.2725, 0.8750, 0.7667, 0.3622])
SIGMA = np.array(
    [
        [0.7312, -0.6233, 0.4689, -0.5452, -0.0082, -0.3809],
        [-0.6233, 2.4732, -0.7538, 2.4659, -0.0733, 0.8945],
        [0.4689, -0.7538, 1.1543, -1.4095, 0.0007, -0.4301],
        [-0.5452, 2.4659, -1.4095, 3.5067, 0.2012, 1.0922],
        [-0.0082, -0.0733, 0.0007, 0.2012, 0.6231, 0.1509],
        [-0.3809, 0.8945, -0.4301, 1.0922, 0.1509, 0.8992],
    ]
)


@st.composite
def bases(draw: st.DrawFn, largest: int = 9) -> Basis:
    n = draw(st.integers(2, largest))
    return Basis(n, draw(st.integers(1, n - 1)))


def random_ansatz(basis: Basis, seed: int) -> Ansatz:
    return Ansatz(basis, np.random.default_rng(seed).normal(size=basis.size))


def dense_ring_state(n: int, k: int, costs: Reals, gammas: Reals, betas: Reals) -> NDArray:
    """Evolve all 2^n amplitudes with a matrix exponential of Pauli products for each gate."""
    x = np.array([[0, 1], [1, 0]], dtype=complex)
    y = np.array([[0, -1j], [1j, 0]])
    diagonal = np.zeros(2**n)
    state = np.zeros(2**n, dtype=complex)
    masks = sorted(sum(1 << i for i in chosen) for chosen in combinations(range(n), k))
    diagonal[masks] = costs
    state[masks] = comb(n, k) ** -0.5
    for gamma, beta in zip(gammas, betas, strict=True):
        state = np.exp(-1j * gamma * diagonal) * state
        for i, j in ring_edges(n):
            generator = sum(pauli_pair(n, pauli, i, j) for pauli in (x, y)) / 2
            state = expm(-1j * beta * generator) @ state
    return state[masks]


def pauli_pair(n: int, pauli: NDArray, i: int, j: int) -> NDArray:
    product = np.eye(1)
    for qubit in range(n):
        product = np.kron(pauli if qubit in (i, j) else np.eye(2), product)
    return product


class TestBasis:
    @given(bases(largest=14))
    def test_masks_are_the_combinations_in_rising_order(self, basis: Basis) -> None:
        expected = sorted(
            sum(1 << i for i in chosen) for chosen in combinations(range(basis.n), basis.k)
        )
        assert basis.masks.tolist() == expected
        assert basis.size == len(expected)

    @given(bases(largest=25), st.data())
    def test_rank_undoes_unrank(self, basis: Basis, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, basis.size - 1))
        assert basis.rank(basis.unrank(index)) == index

    def test_bits_have_qubit_i_in_column_i(self) -> None:
        assert Basis(3, 2).bits.tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 1]]

    @pytest.mark.parametrize(
        ("n", "k", "field"), [(1, 1, "n"), (64, 3, "n"), (6, 0, "k"), (6, 6, "k"), (40, 20, "k")]
    )
    def test_refuses_impossible_sizes(self, n: int, k: int, field: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            Basis(n, k)
        assert caught.value.context["field"] == field

    def test_says_how_much_memory_it_would_take(self) -> None:
        with pytest.raises(InvalidInput, match=r"8822\.2 GB"):
            Basis(40, 20)

    @pytest.mark.parametrize("mask", [-1, 0b1, 0b111, 0b10001])
    def test_refuses_to_rank_a_foreign_mask(self, mask: int) -> None:
        with pytest.raises(InvalidInput, match="mask"):
            Basis(4, 2).rank(mask)

    @pytest.mark.parametrize("index", [-1, 6])
    def test_refuses_to_unrank_outside(self, index: int) -> None:
        with pytest.raises(InvalidInput, match="index"):
            Basis(4, 2).unrank(index)


class TestCostVector:
    @given(bases(), st.integers(0, 2**32 - 1), st.floats(-3, 3))
    def test_equals_the_quadratic_form(self, basis: Basis, seed: int, q: float) -> None:
        random = np.random.default_rng(seed)
        mu, half = random.normal(size=basis.n), random.normal(size=(basis.n, basis.n))
        sigma = half + half.T
        expected = [q * x @ sigma @ x - mu @ x for x in basis.bits.astype(float)]
        np.testing.assert_allclose(cost_vector(basis, mu, sigma, q), expected, atol=1e-11)


class TestRingAnsatz:
    def test_reference_values(self) -> None:
        """The Trotter ring row of the design's table, computed there with dense matrices."""
        basis = Basis(6, 3)
        costs = cost_vector(basis, MU, SIGMA, 0.5)
        assert costs.min() == pytest.approx(-1.27835, abs=1e-12)
        assert costs.mean() == pytest.approx(0.558425, abs=1e-12)
        assert costs.max() == pytest.approx(5.66565, abs=1e-12)
        ansatz = Ansatz(basis, costs)
        one = ansatz.evolve(np.array([0.5]), np.array([0.6]))
        assert expectation(one, costs) == pytest.approx(2.4608569363, abs=5e-11)
        two = ansatz.evolve(np.array([0.5, 0.8]), np.array([0.6, 0.3]))
        assert expectation(two, costs) == pytest.approx(2.3957961544, abs=5e-11)
        assert probabilities(two)[costs.argmin()] == pytest.approx(0.0007531773, abs=5e-11)

    def test_best_known_angles_of_one_layer(self) -> None:
        basis = Basis(6, 3)
        costs = cost_vector(basis, MU, SIGMA, 0.5)
        psi = Ansatz(basis, costs).evolve(np.array([-0.375957]), np.array([0.269845]))
        assert expectation(psi, costs) == pytest.approx(-0.280135, abs=5e-7)

    def test_edges_follow_qokit(self) -> None:
        assert ring_edges(5) == ((0, 1), (2, 3), (1, 2), (3, 4), (0, 4))
        assert ring_edges(6) == ((0, 1), (2, 3), (4, 5), (1, 2), (3, 4), (0, 5))

    @pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 1), (4, 2), (5, 3), (6, 3), (7, 2)])
    def test_equals_dense_matrix_exponentials(self, n: int, k: int) -> None:
        ansatz = random_ansatz(Basis(n, k), seed=n * k)
        gammas, betas = np.array([0.7, -1.1]), np.array([0.4, 1.9])
        expected = dense_ring_state(n, k, ansatz.costs, gammas, betas)
        np.testing.assert_allclose(ansatz.evolve(gammas, betas), expected, atol=1e-13)

    def test_long_blocks_equal_gathered_pairs(self) -> None:
        """Large bases rotate slices; the product formula written with masks must agree."""
        basis = Basis(18, 9)
        ansatz = random_ansatz(basis, seed=5)
        masks = basis.masks.astype(np.int64)
        psi = np.full(basis.size, basis.size**-0.5) * np.exp(-0.3j * ansatz.costs)
        for i, j in ring_edges(basis.n):
            differ = (masks >> i & 1) != (masks >> j & 1)
            swapped = np.where(differ, masks ^ (1 << i | 1 << j), masks)
            partner = np.searchsorted(masks, swapped)
            psi = np.where(differ, np.cos(0.8) * psi - 1j * np.sin(0.8) * psi[partner], psi)
        np.testing.assert_allclose(ansatz.evolve(np.array([0.3]), np.array([0.8])), psi, atol=1e-14)

    @given(bases(), st.integers(0, 2**32 - 1), st.integers(1, 4))
    @settings(max_examples=40, deadline=None)
    def test_keeps_the_norm(self, basis: Basis, seed: int, depth: int) -> None:
        angles = np.random.default_rng(seed).normal(scale=3.0, size=(2, depth))
        psi = random_ansatz(basis, seed).evolve(*angles)
        assert probabilities(psi).sum() == pytest.approx(1.0, abs=1e-12)

    @pytest.mark.parametrize(("n", "k", "depth"), [(2, 1, 2), (6, 3, 3), (9, 4, 2), (8, 7, 1)])
    def test_gradient_equals_central_differences(self, n: int, k: int, depth: int) -> None:
        ansatz = random_ansatz(Basis(n, k), seed=3)
        angles = np.random.default_rng(4).normal(size=2 * depth)

        def energy(point: Reals) -> float:
            return expectation(ansatz.evolve(point[:depth], point[depth:]), ansatz.costs)

        value, by_gamma, by_beta = ansatz.value_and_gradient(angles[:depth], angles[depth:])
        assert value == pytest.approx(energy(angles), abs=1e-14)
        # five points instead of two: the step stays large enough for rounding not to matter
        h = 1e-3
        slopes = [
            (
                8 * (energy(angles + h * unit) - energy(angles - h * unit))
                - (energy(angles + 2 * h * unit) - energy(angles - 2 * h * unit))
            )
            / (12 * h)
            for unit in np.eye(2 * depth)
        ]
        np.testing.assert_allclose(np.concatenate((by_gamma, by_beta)), slopes, atol=1e-8)

    def test_gradient_of_long_blocks(self) -> None:
        ansatz = random_ansatz(Basis(18, 9), seed=5)
        gammas, betas = np.array([0.3]), np.array([0.8])
        _, by_gamma, by_beta = ansatz.value_and_gradient(gammas, betas)

        def energy(gamma: float, beta: float) -> float:
            psi = ansatz.evolve(np.array([gamma]), np.array([beta]))
            return expectation(psi, ansatz.costs)

        h = 1e-5
        assert by_gamma[0] == pytest.approx(
            (energy(0.3 + h, 0.8) - energy(0.3 - h, 0.8)) / (2 * h), abs=1e-8
        )
        assert by_beta[0] == pytest.approx(
            (energy(0.3, 0.8 + h) - energy(0.3, 0.8 - h)) / (2 * h), abs=1e-8
        )

    def test_no_layers_give_the_mean(self) -> None:
        ansatz = random_ansatz(Basis(6, 3), seed=1)
        value, by_gamma, by_beta = ansatz.value_and_gradient(np.zeros(0), np.zeros(0))
        assert value == pytest.approx(ansatz.costs.mean(), abs=1e-14)
        assert by_gamma.shape == by_beta.shape == (0,)

    @pytest.mark.parametrize("costs", [np.zeros(19), np.full(20, np.nan)])
    def test_refuses_costs_that_do_not_fit(self, costs: Reals) -> None:
        with pytest.raises(InvalidInput, match="costs"):
            Ansatz(Basis(6, 3), costs)

    def test_refuses_unequal_angles(self) -> None:
        with pytest.raises(InvalidInput, match="betas"):
            random_ansatz(Basis(6, 3), seed=1).evolve(np.zeros(2), np.zeros(1))


class TestSample:
    def test_frequencies_follow_the_probabilities(self) -> None:
        psi = random_ansatz(Basis(5, 2), seed=2).evolve(np.array([0.8]), np.array([0.5]))
        ranks = sample(psi, 100_000, seed=11)
        found = np.bincount(ranks, minlength=len(psi)) / len(ranks)
        np.testing.assert_allclose(found, probabilities(psi), atol=0.006)

    def test_more_shots_keep_the_earlier_blocks(self) -> None:
        psi = random_ansatz(Basis(5, 2), seed=2).evolve(np.array([0.8]), np.array([0.5]))
        assert sample(psi, 3000, seed=1)[:2048].tolist() == sample(psi, 2048, seed=1).tolist()
