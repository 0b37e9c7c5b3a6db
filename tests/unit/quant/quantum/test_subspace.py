"""Check the ansatz of every mixer against published numbers and a dense matrix exponential."""

import pickle
import tracemalloc
from collections.abc import Callable
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.basis import BYTES_PER_STATE, Basis
from quant.quantum.costs import cost_vector
from quant.quantum.edges import ring_edges
from quant.quantum.engine import Precision
from quant.quantum.subspace import Ansatz, cvar, expectation, probabilities, sample, sample_blocks

Reals = NDArray[np.float64]
Matrix = NDArray[np.complex128]

EVERY_MIXER = pytest.mark.parametrize("mixer", list(Mixer))

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


@pytest.fixture
def costs() -> Reals:
    """The 20 values of the instance above at q = 0.5, k = 3."""
    return cost_vector(Basis(6, 3), MU, SIGMA, 0.5)


@st.composite
def bases(draw: st.DrawFn, largest: int = 9) -> Basis:
    n = draw(st.integers(2, largest))
    return Basis(n, draw(st.integers(1, n - 1)))


def random_ansatz(basis: Basis, seed: int, mixer: Mixer = Mixer.RING) -> Ansatz:
    return Ansatz(basis, np.random.default_rng(seed).normal(size=basis.size), mixer)


def random_state(size: int, seed: int) -> Matrix:
    random = np.random.default_rng(seed)
    psi = random.normal(size=size) + 1j * random.normal(size=size)
    return psi / np.linalg.norm(psi)


def masks_of(n: int, k: int) -> list[int]:
    return sorted(sum(1 << i for i in chosen) for chosen in combinations(range(n), k))


def hops(n: int, k: int, edges: tuple[tuple[int, int], ...]) -> Matrix:
    """Write Σ (XX+YY)/2 over edges between states of weight k, by products of Pauli matrices."""
    x = np.array([[0, 1], [1, 0]], dtype=complex)
    y = np.array([[0, -1j], [1j, 0]])
    total = np.zeros((2**n, 2**n), dtype=complex)
    for pair in edges:
        for pauli in (x, y):
            product = np.eye(1)
            for qubit in range(n):
                product = np.kron(pauli if qubit in pair else np.eye(2), product)
            total += product / 2
    return total[np.ix_(masks_of(n, k), masks_of(n, k))]


def generators(mixer: Mixer, n: int, k: int) -> list[Matrix]:
    """Return the generators whose exponentials a mixer applies one after the other."""
    match mixer:
        case Mixer.RING:
            return [hops(n, k, (edge,)) for edge in ring_edges(n)]
        case Mixer.RING_EXACT:
            return [hops(n, k, ring_edges(n))]
        case Mixer.COMPLETE:
            return [hops(n, k, tuple(combinations(range(n), 2)))]
        case Mixer.GROVER:
            size = comb(n, k)
            return [np.full((size, size), 1 / size, dtype=complex)]


def dense_state(mixer: Mixer, n: int, k: int, costs: Reals, angles: Reals) -> Matrix:
    state = np.full(comb(n, k), comb(n, k) ** -0.5, dtype=complex)
    for gamma, beta in angles.T:
        state = expm(-1j * gamma * np.diag(costs)) @ state
        for generator in generators(mixer, n, k):
            state = expm(-1j * beta * generator) @ state
    return state


def slopes_of(value: Callable[[Reals, Reals], float], angles: Reals) -> Reals:
    """Differentiate by five points: the step stays large enough for rounding not to matter."""
    h = 3e-4
    flat = angles.ravel()

    def at(point: Reals) -> float:
        return value(*point.reshape(angles.shape))

    return np.array(
        [
            (
                8 * (at(flat + h * unit) - at(flat - h * unit))
                - (at(flat + 2 * h * unit) - at(flat - 2 * h * unit))
            )
            / (12 * h)
            for unit in np.eye(flat.size)
        ]
    )


class TestReferenceValues:
    """The design's table of the instance above, computed there with dense matrices."""

    def test_costs(self, costs: Reals) -> None:
        assert costs.min() == pytest.approx(-1.27835, abs=1e-12)
        assert costs.mean() == pytest.approx(0.558425, abs=1e-12)
        assert costs.max() == pytest.approx(5.66565, abs=1e-12)
        assert Basis(6, 3).unrank(int(costs.argmin())) == 0b010011
        random_ratio = (costs.max() - costs.mean()) / (costs.max() - costs.min())
        assert random_ratio == pytest.approx(0.7355, abs=5e-5)

    @pytest.mark.parametrize(
        ("mixer", "one", "two", "chance"),
        [
            (Mixer.RING, 2.4608569363, 2.3957961544, 0.0007531773),
            (Mixer.RING_EXACT, 2.7067582515, 2.3322725801, 0.0007873227),
            (Mixer.COMPLETE, 0.8021278508, 1.9466444465, 0.0501534422),
        ],
    )
    def test_energies(
        self, costs: Reals, mixer: Mixer, one: float, two: float, chance: float
    ) -> None:
        ansatz = Ansatz(Basis(6, 3), costs, mixer)
        gammas, betas = np.array([0.5, 0.8]), np.array([0.6, 0.3])
        assert ansatz.expectation(gammas[:1], betas[:1]) == pytest.approx(one, abs=5e-11)
        assert ansatz.expectation(gammas, betas) == pytest.approx(two, abs=5e-11)
        found = ansatz.probabilities(gammas, betas)[costs.argmin()]
        assert found == pytest.approx(chance, abs=5e-11)

    @pytest.mark.parametrize(
        ("mixer", "gamma", "beta", "energy", "ratio"),
        [
            (Mixer.RING, -0.375957, 0.269845, -0.280135, 0.8562),
            (Mixer.COMPLETE, 0.594542, 1.91938, -0.533430, 0.8927),
        ],
    )
    def test_best_known_angles_of_one_layer(
        self, costs: Reals, mixer: Mixer, gamma: float, beta: float, energy: float, ratio: float
    ) -> None:
        ansatz = Ansatz(Basis(6, 3), costs, mixer)
        found = ansatz.expectation(np.array([gamma]), np.array([beta]))
        assert found == pytest.approx(energy, abs=5e-7)
        assert (costs.max() - found) / (costs.max() - costs.min()) == pytest.approx(ratio, abs=5e-5)


class TestEvolution:
    @EVERY_MIXER
    @pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 1), (4, 2), (5, 3), (6, 3), (7, 2), (7, 6)])
    def test_equals_dense_matrix_exponentials(self, mixer: Mixer, n: int, k: int) -> None:
        ansatz = random_ansatz(Basis(n, k), n * k, mixer)
        angles = np.array([[0.7, -1.1], [0.4, 1.9]])
        expected = dense_state(mixer, n, k, ansatz.costs, angles)
        np.testing.assert_allclose(ansatz.evolve(*angles), expected, atol=1e-13)

    @EVERY_MIXER
    @given(basis=bases(), seed=st.integers(0, 2**32 - 1), depth=st.integers(1, 4))
    @settings(max_examples=25)
    def test_keeps_the_norm(self, mixer: Mixer, basis: Basis, seed: int, depth: int) -> None:
        angles = np.random.default_rng(seed).normal(scale=3.0, size=(2, depth))
        found = random_ansatz(basis, seed, mixer).probabilities(*angles)
        assert found.sum() == pytest.approx(1.0, abs=1e-12)

    @pytest.mark.parametrize("mixer", [Mixer.COMPLETE, Mixer.GROVER])
    @given(seed=st.integers(0, 2**32 - 1), data=st.data())
    @settings(max_examples=25)
    def test_relabelled_assets_permute_the_answer(
        self, mixer: Mixer, seed: int, data: st.DataObject
    ) -> None:
        basis = data.draw(bases())
        order = np.array(data.draw(st.permutations(range(basis.n))))
        random = np.random.default_rng(seed)
        mu, half = random.normal(size=basis.n), random.normal(size=(basis.n, basis.n))
        sigma = half @ half.T / basis.n
        angles = random.normal(size=(2, 2))
        there = cost_vector(basis, mu[order], sigma[np.ix_(order, order)], 0.5)
        here = cost_vector(basis, mu, sigma, 0.5)
        # asset i of the relabelled problem is asset order[i] of the first
        original = [
            basis.rank(sum(1 << int(order[i]) for i in range(basis.n) if mask >> i & 1))
            for mask in basis.masks.tolist()
        ]
        np.testing.assert_allclose(
            Ansatz(basis, there, mixer).probabilities(*angles),
            Ansatz(basis, here, mixer).probabilities(*angles)[original],
            atol=1e-12,
        )

    @EVERY_MIXER
    def test_no_layers_leave_the_start(self, mixer: Mixer) -> None:
        ansatz = random_ansatz(Basis(6, 3), 1, mixer)
        assert ansatz.evolve(np.zeros(0), np.zeros(0)).tolist() == [20**-0.5] * 20
        value, by_gamma, by_beta = ansatz.value_and_gradient(np.zeros(0), np.zeros(0))
        assert value == pytest.approx(ansatz.costs.mean(), abs=1e-14)
        assert by_gamma.shape == by_beta.shape == (0,)

    @EVERY_MIXER
    def test_starts_where_it_is_told(self, mixer: Mixer) -> None:
        """Layers after a start equal the layers that led to it and those after, in one."""
        ansatz = random_ansatz(Basis(7, 3), 2, mixer)
        gammas, betas = np.random.default_rng(3).normal(size=(2, 3))
        halfway = ansatz.evolve(gammas[:1], betas[:1])
        rest = Ansatz(ansatz.basis, ansatz.costs, mixer, start=halfway)
        expected = ansatz.evolve(gammas, betas)
        np.testing.assert_allclose(rest.evolve(gammas[1:], betas[1:]), expected, atol=1e-13)
        energy = rest.expectation(gammas[1:], betas[1:])
        assert energy == pytest.approx(expectation(expected, ansatz.costs), abs=1e-13)

    @EVERY_MIXER
    def test_single_precision_is_near(self, mixer: Mixer) -> None:
        double = random_ansatz(Basis(9, 4), 2, mixer)
        single = Ansatz(double.basis, double.costs, mixer, Precision.SINGLE)
        angles = np.random.default_rng(3).normal(size=(2, 2))
        psi = single.evolve(*angles)
        assert psi.dtype == np.complex64
        np.testing.assert_allclose(psi, double.evolve(*angles), atol=2e-6)
        assert single.expectation(*angles) == pytest.approx(double.expectation(*angles), abs=1e-5)
        found, expected = (ansatz.value_and_gradient(*angles) for ansatz in (single, double))
        np.testing.assert_allclose(np.hstack(found), np.hstack(expected), atol=1e-4)


class TestMeasurement:
    @EVERY_MIXER
    @pytest.mark.parametrize(("n", "k"), [(2, 1), (9, 4), (8, 7)])
    def test_expectation_is_that_of_the_amplitudes(self, mixer: Mixer, n: int, k: int) -> None:
        ansatz = random_ansatz(Basis(n, k), 2, mixer)
        angles = np.random.default_rng(3).normal(size=(2, 3))
        psi = ansatz.evolve(*angles)
        expected = np.vdot(psi, ansatz.costs * psi).real
        assert ansatz.expectation(*angles) == pytest.approx(expected, abs=1e-14)
        assert expectation(psi, ansatz.costs) == pytest.approx(expected, abs=1e-14)
        np.testing.assert_allclose(ansatz.probabilities(*angles), np.abs(psi) ** 2, atol=1e-15)

    @EVERY_MIXER
    @pytest.mark.parametrize("batch", [0, 1, 2, 7, 9])
    def test_batches_equal_single_runs(self, mixer: Mixer, batch: int) -> None:
        ansatz = random_ansatz(Basis(8, 3), 2, mixer)
        angles = np.random.default_rng(3).normal(size=(2, batch, 2))
        single = [ansatz.expectation(*row) for row in zip(*angles, strict=True)]
        np.testing.assert_allclose(ansatz.expectations(*angles), single, atol=1e-13)

    @pytest.mark.parametrize("alpha", [0.1, 0.6, 1.0])
    def test_cvar_is_that_of_the_probabilities(self, alpha: float) -> None:
        ansatz = random_ansatz(Basis(8, 3), 2)
        gammas, betas = np.random.default_rng(3).normal(size=(2, 2))
        found = cvar(ansatz.probabilities(gammas, betas), ansatz.costs, alpha)
        assert ansatz.cvar(gammas, betas, alpha) == pytest.approx(found, abs=1e-14)
        value, _, _ = ansatz.value_and_gradient(gammas, betas, alpha)
        assert value == pytest.approx(found, abs=1e-13)

    def test_sampled_frequencies_follow_the_probabilities(self) -> None:
        psi = random_ansatz(Basis(5, 2), seed=2).evolve(np.array([0.8]), np.array([0.5]))
        ranks = sample(psi, 100_000, seed=11)
        found = np.bincount(ranks, minlength=len(psi)) / len(ranks)
        np.testing.assert_allclose(found, probabilities(psi), atol=0.006)

    def test_more_shots_keep_the_earlier_blocks(self) -> None:
        psi = random_ansatz(Basis(5, 2), seed=2).evolve(np.array([0.8]), np.array([0.5]))
        assert sample(psi, 3000, seed=1)[:2048].tolist() == sample(psi, 2048, seed=1).tolist()

    def test_blocks_are_drawn_alike_alone_and_together(self) -> None:
        psi = random_ansatz(Basis(5, 2), seed=2).evolve(np.array([0.8]), np.array([0.5]))
        whole = sample(psi, 3000, seed=1).tolist()
        together = sample_blocks(psi, {0: 1024, 1: 1024, 2: 952}, seed=1)
        assert np.concatenate(list(together.values())).tolist() == whole
        alone = sample_blocks(psi, {2: 952, 1: 1024}, seed=1)
        assert {block: ranks.tolist() for block, ranks in alone.items()} == {
            block: together[block].tolist() for block in (1, 2)
        }
        other = sample_blocks(psi, {0: 1024}, seed=1, point=1)
        assert other[0].tolist() != together[0].tolist()


class TestGradient:
    @EVERY_MIXER
    @pytest.mark.parametrize(("n", "k", "depth"), [(2, 1, 2), (6, 3, 3), (9, 4, 2), (8, 7, 1)])
    def test_equals_central_differences(self, mixer: Mixer, n: int, k: int, depth: int) -> None:
        ansatz = random_ansatz(Basis(n, k), 3, mixer)
        angles = np.random.default_rng(4).normal(size=(2, depth))
        value, *gradient = ansatz.value_and_gradient(*angles)
        assert value == pytest.approx(ansatz.expectation(*angles), abs=1e-13)
        slopes = slopes_of(ansatz.expectation, angles)
        np.testing.assert_allclose(np.concatenate(gradient), slopes, atol=1e-7)

    @EVERY_MIXER
    @pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0])
    def test_of_cvar_equals_central_differences(self, mixer: Mixer, alpha: float) -> None:
        ansatz = random_ansatz(Basis(8, 3), 3, mixer)
        angles = np.random.default_rng(4).normal(scale=0.4, size=(2, 2))
        _, *gradient = ansatz.value_and_gradient(*angles, alpha)
        h = 1e-6  # small, as the outcome that ends the tail must stay the same one
        slopes = [
            (
                ansatz.cvar(*(angles.ravel() + h * unit).reshape(2, 2), alpha)
                - ansatz.cvar(*(angles.ravel() - h * unit).reshape(2, 2), alpha)
            )
            / (2 * h)
            for unit in np.eye(4)
        ]
        np.testing.assert_allclose(np.concatenate(gradient), slopes, atol=1e-7)

    @EVERY_MIXER
    def test_takes_no_more_memory_than_the_basis_says(self, mixer: Mixer) -> None:
        angles = np.array([[0.3], [0.8]])
        random_ansatz(Basis(6, 3), 3, mixer).value_and_gradient(*angles, 0.2)  # compiles
        tracemalloc.start()
        ansatz = random_ansatz(Basis(18, 9), 3, mixer)
        ansatz.value_and_gradient(*angles, 0.2)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < BYTES_PER_STATE * ansatz.basis.size

    @EVERY_MIXER
    def test_from_another_start(self, mixer: Mixer) -> None:
        basis = Basis(7, 3)
        costs = np.random.default_rng(5).normal(size=basis.size)
        ansatz = Ansatz(basis, costs, mixer, start=random_state(basis.size, seed=6))
        angles = np.random.default_rng(4).normal(size=(2, 2))
        _, *gradient = ansatz.value_and_gradient(*angles)
        slopes = slopes_of(ansatz.expectation, angles)
        np.testing.assert_allclose(np.concatenate(gradient), slopes, atol=1e-7)


class TestRefusals:
    @pytest.mark.parametrize("costs", [np.zeros(19), np.zeros((20, 1)), np.full(20, np.nan)])
    def test_of_costs_that_do_not_fit(self, costs: Reals) -> None:
        with pytest.raises(InvalidInput, match="costs"):
            Ansatz(Basis(6, 3), costs)

    @pytest.mark.parametrize(
        "start", [np.zeros(20), np.ones(20), np.full(19, 19**-0.5), np.full(20, np.nan)]
    )
    def test_of_a_start_that_is_no_state(self, start: Reals) -> None:
        with pytest.raises(InvalidInput, match="start"):
            Ansatz(Basis(6, 3), np.zeros(20), start=start.astype(complex))

    def test_of_no_threads(self) -> None:
        with pytest.raises(InvalidInput, match="threads"):
            Ansatz(Basis(6, 3), np.zeros(20), threads=0)

    @pytest.mark.parametrize(
        ("gammas", "betas", "field"),
        [
            (np.zeros(2), np.zeros(1), "betas"),
            (np.array([np.nan]), np.zeros(1), "gammas"),
            (np.zeros(1), np.array([np.inf]), "betas"),
            (np.zeros((1, 1)), np.zeros((1, 1)), "gammas"),
        ],
    )
    def test_of_angles_that_are_no_layers(self, gammas: Reals, betas: Reals, field: str) -> None:
        ansatz = random_ansatz(Basis(6, 3), seed=1)
        for ask in (ansatz.evolve, ansatz.expectation, ansatz.value_and_gradient):
            with pytest.raises(InvalidInput, match=field):
                ask(gammas, betas)

    def test_of_batches_that_are_no_rows(self) -> None:
        ansatz = random_ansatz(Basis(6, 3), seed=1)
        with pytest.raises(InvalidInput, match="gammas"):
            ansatz.expectations(np.zeros(2), np.zeros(2))
        with pytest.raises(InvalidInput, match="betas"):
            ansatz.expectations(np.zeros((3, 2)), np.zeros((2, 2)))

    def test_of_parts_outside_the_whole(self) -> None:
        ansatz = random_ansatz(Basis(6, 3), seed=1)
        with pytest.raises(InvalidInput, match="alpha"):
            ansatz.value_and_gradient(np.zeros(1), np.zeros(1), 1.5)
        with pytest.raises(InvalidInput, match="alpha"):
            cvar(np.full(20, 0.05), ansatz.costs, 0.0)
        with pytest.raises(InvalidInput, match="costs"):
            cvar(np.full(19, 1 / 19), ansatz.costs, 0.5)


@pytest.mark.parametrize("dtype", [np.int64, np.float32, ">f8"])
def test_takes_costs_of_any_real_numbers(dtype: str) -> None:
    basis, angles = Basis(6, 3), np.array([0.2, -0.5])
    whole = np.arange(basis.size, dtype=np.float64) - 4
    value, *slopes = Ansatz(basis, whole).value_and_gradient(angles, angles, 0.3)
    found, *found_slopes = Ansatz(basis, whole.astype(dtype)).value_and_gradient(
        angles, angles, 0.3
    )
    assert found == value
    assert np.array_equal(found_slopes, slopes)


@EVERY_MIXER
def test_large_phases_keep_the_norm_and_larger_ones_are_refused(mixer: Mixer) -> None:
    ansatz = random_ansatz(Basis(7, 3), 5, mixer)
    limit = 2.0**50 / np.abs(ansatz.costs).max()
    beta = np.array([0.4])
    psi = ansatz.evolve(np.array([0.999 * limit]), beta)
    assert np.linalg.norm(psi) == pytest.approx(1.0, abs=1e-14)
    for gamma in (1.001 * limit, -1e300):
        with pytest.raises(InvalidInput, match="gammas: expected phases"):
            ansatz.value_and_gradient(np.array([gamma]), beta)


@EVERY_MIXER
def test_a_copy_holds_the_ansatz_and_nothing_computed(mixer: Mixer) -> None:
    basis, angles = Basis(8, 4), np.full((20, 2), 0.3)
    ansatz = Ansatz(basis, np.arange(float(basis.size)), mixer, threads=2)
    expected = ansatz.expectations(angles, angles)
    content = pickle.dumps(ansatz)
    assert len(content) < 8 * basis.size + 1000
    copied = pickle.loads(content)  # noqa: S301
    assert np.array_equal(copied.expectations(angles, angles), expected)
