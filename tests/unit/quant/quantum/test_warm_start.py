"""Check warm starts on the published instance of Egger, Mareček and Woerner, arXiv 2009.10095."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.basis import Basis
from quant.quantum.qaoa import multistart
from quant.quantum.subspace import Ansatz, expectation
from quant.quantum.warm_start import relax, start_amplitudes
from quant.subset_problem import SubsetProblem


@pytest.fixture
def published() -> SubsetProblem:
    """The six assets of the warm-start tutorial of qiskit-optimization; q = 2, k = 3."""
    upper = [
        [1.07978412, 0.00768914, 0.11227606, -0.06842969, -0.01016793, -0.00839765],
        [0.0, 0.10922887, -0.03043424, -0.0020045, 0.00670929, 0.0147937],
        [0.0, 0.0, 0.985353, 0.02307313, -0.05249785, 0.00904119],
        [0.0, 0.0, 0.0, 0.6043817, 0.03740115, -0.00945322],
        [0.0, 0.0, 0.0, 0.0, 0.79839634, 0.07616951],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.08464544],
    ]
    sigma = np.triu(upper) + np.triu(upper, 1).T
    mu = np.array([3.418, 2.0913, 6.2415, 4.4436, 10.892, 3.4051])
    return SubsetProblem(mu=mu, sigma=sigma, q=2.0, k=3)


def test_the_best_three_subsets_are_the_published_ones(published: SubsetProblem) -> None:
    """The optimum is printed by the tutorial (as a maximum); brute force gives the next two."""
    costs = published.costs()
    order = np.argsort(costs)
    np.testing.assert_allclose(
        -costs[order[:3]], [16.7689322, 15.74373478, 14.67095904], rtol=0, atol=5e-9
    )
    assert published.basis.unrank(int(order[0])) == 0b011100


def test_the_relaxation_bounds_every_subset_and_leans_to_the_best(
    published: SubsetProblem,
) -> None:
    relaxed = relax(published)
    assert relaxed.sum() == pytest.approx(3.0, abs=1e-9)
    value = published.q * relaxed @ published.sigma @ relaxed - published.mu @ relaxed
    assert value <= published.costs().min()
    assert sorted(np.argsort(-relaxed)[:3]) == [2, 3, 4]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(3, 9), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_no_exchange_of_weight_improves_the_relaxation(seed: int, n: int, scale: float) -> None:
    """Optimality of a convex problem: the slope falls in no direction that stays feasible."""
    random = np.random.default_rng(seed)
    loadings = random.normal(size=(n, n))
    problem = SubsetProblem(
        mu=scale * random.normal(size=n), sigma=scale * loadings @ loadings.T / n, q=0.5, k=n // 2
    )
    relaxed = relax(problem)
    assert relaxed.sum() == pytest.approx(n // 2, abs=1e-9)
    slopes = (2.0 * problem.q * problem.sigma @ relaxed - problem.mu) / scale
    for i, j in combinations(range(n), 2):
        for up, down in ((i, j), (j, i)):
            if relaxed[up] < 1.0 - 1e-6 and relaxed[down] > 1e-6:
                assert slopes[up] - slopes[down] > -1e-4


@settings(max_examples=25, deadline=None)
@given(
    relaxed=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=7),
    regularisation=st.floats(0.01, 0.5),
    data=st.data(),
)
def test_amplitudes_are_the_product_state_cut_to_k_ones(
    relaxed: list[float], regularisation: float, data: st.DataObject
) -> None:
    n = len(relaxed)
    basis = Basis(n, data.draw(st.integers(1, n - 1)))
    product = np.ones(1)
    for share in np.clip(relaxed, regularisation, 1.0 - regularisation):
        product = np.kron([np.sqrt(1.0 - share), np.sqrt(share)], product)
    kept = product[basis.masks.astype(np.int64)]
    amplitudes = start_amplitudes(basis, np.array(relaxed), regularisation)
    np.testing.assert_allclose(amplitudes, kept / np.linalg.norm(kept), rtol=1e-9)


def test_half_is_the_uniform_start() -> None:
    basis = Basis(6, 3)
    amplitudes = start_amplitudes(basis, np.array([1.0, 0.0, 0.3, 0.9, 0.1, 0.7]), 0.5)
    np.testing.assert_allclose(amplitudes, np.full(basis.size, basis.size**-0.5), rtol=1e-14)


@pytest.mark.parametrize("mixer", Mixer)
def test_a_warm_start_finds_the_optimum_more_often(published: SubsetProblem, mixer: Mixer) -> None:
    """At p = 1 the tutorial goes from 2.3 % to 56.3 %, over all weights and with its own mixer."""
    costs, basis = published.costs(), published.basis
    start = start_amplitudes(basis, relax(published))
    assert expectation(start, costs) < costs.mean()
    chances = []
    for ansatz in (Ansatz(basis, costs, mixer), Ansatz(basis, costs, mixer, start=start)):
        best = multistart(ansatz, 1, seed=1, starts=6)
        found = ansatz.probabilities(np.array(best.gammas), np.array(best.betas))
        chances.append(float(found[costs.argmin()]))
    assert chances[1] > 2.0 * chances[0]
    assert chances[1] > float(np.abs(start[costs.argmin()]) ** 2)


@pytest.mark.parametrize(
    ("relaxed", "regularisation", "field"),
    [
        (np.zeros(5), 0.25, "relaxed"),
        (np.full(6, 1.1), 0.25, "relaxed"),
        (np.full(6, np.nan), 0.25, "relaxed"),
        (np.zeros(6), 0.0, "regularisation"),
        (np.zeros(6), 0.6, "regularisation"),
    ],
)
def test_refuses_what_is_no_relaxation(
    relaxed: np.ndarray, regularisation: float, field: str
) -> None:
    with pytest.raises(InvalidInput, match=field):
        start_amplitudes(Basis(6, 3), relaxed, regularisation)
