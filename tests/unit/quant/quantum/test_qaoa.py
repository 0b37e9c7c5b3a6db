"""Check that training finds the best known angles and depends on its arguments only."""

import numpy as np
import pytest

from quant.quantum.qaoa import MAX_EVALUATIONS, Trained, initial_angles, merge_best, train
from quant.quantum.subspace import Ansatz, Basis, cost_vector, expectation

BASIS = Basis(6, 3)


@pytest.fixture
def costs() -> np.ndarray:
    """The instance of Barkoutsos et al., arXiv 1907.04769."""
    mu = np.array([0.7313, 0.9893, 0.2725, 0.8750, 0.7667, 0.3622])
    sigma = np.array(
        [
            [0.7312, -0.6233, 0.4689, -0.5452, -0.0082, -0.3809],
            [-0.6233, 2.4732, -0.7538, 2.4659, -0.0733, 0.8945],
            [0.4689, -0.7538, 1.1543, -1.4095, 0.0007, -0.4301],
            [-0.5452, 2.4659, -1.4095, 3.5067, 0.2012, 1.0922],
            [-0.0082, -0.0733, 0.0007, 0.2012, 0.6231, 0.1509],
            [-0.3809, 0.8945, -0.4301, 1.0922, 0.1509, 0.8992],
        ]
    )
    return cost_vector(BASIS, mu, sigma, 0.5)


def test_one_layer_reaches_the_best_known_energy(costs: np.ndarray) -> None:
    """The upper bound of the design's table: E −0.280135, approximation ratio 0.8562."""
    best = merge_best([train(costs, BASIS, 1, 1, start) for start in range(6)])
    assert best.energy == pytest.approx(-0.280135, abs=1e-6)
    ratio = (costs.max() - best.energy) / (costs.max() - costs.min())
    assert ratio == pytest.approx(0.8562, abs=5e-5)


def test_more_layers_do_better(costs: np.ndarray) -> None:
    energies = [
        merge_best([train(costs, BASIS, depth, 1, start) for start in range(4)]).energy
        for depth in (1, 2, 3)
    ]
    assert energies == sorted(energies, reverse=True)


def test_energy_belongs_to_the_angles(costs: np.ndarray) -> None:
    trained = train(costs, BASIS, 2, 5, 1)
    psi = Ansatz(BASIS, costs).evolve(np.array(trained.gammas), np.array(trained.betas))
    assert trained.energy == pytest.approx(expectation(psi, costs), abs=1e-12)
    assert 1 < trained.evaluations <= MAX_EVALUATIONS + 20


def test_same_arguments_same_angles(costs: np.ndarray) -> None:
    assert train(costs, BASIS, 2, 5, 3) == train(costs, BASIS, 2, 5, 3)


def test_scaling_the_objective_scales_the_gammas(costs: np.ndarray) -> None:
    small, large = train(costs, BASIS, 2, 5, 0), train(1024.0 * costs, BASIS, 2, 5, 0)
    assert large.energy == pytest.approx(1024.0 * small.energy, rel=1e-9)
    np.testing.assert_allclose(1024.0 * np.array(large.gammas), small.gammas, rtol=1e-6)


def test_equal_costs_need_no_training() -> None:
    trained = train(np.full(BASIS.size, 2.0), BASIS, 2, 1, 0)
    assert trained.energy == pytest.approx(2.0, abs=1e-12)


def test_starts_differ() -> None:
    starts = [tuple(initial_angles(3, 7, start)) for start in range(8)]
    assert len(set(starts)) == 8
    assert initial_angles(3, 7, 0).tolist() == initial_angles(3, 8, 0).tolist()


def test_ties_go_to_the_first_start() -> None:
    results = [
        Trained(gammas=(float(i),), betas=(0.0,), energy=energy, evaluations=1)
        for i, energy in enumerate([0.5, -1.0, -1.0])
    ]
    assert merge_best(results).gammas == (1.0,)
