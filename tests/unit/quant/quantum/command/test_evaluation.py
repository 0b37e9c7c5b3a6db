"""Judge angles by the published values of small instances, and by brute force."""

from itertools import combinations

import numpy as np
import pytest

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.command.evaluation import Evaluation, check_alpha, check_angles, evaluate
from quant.quantum.subspace import Ansatz
from quant.subset_problem import SubsetProblem

# Barkoutsos et al., arXiv 1907.04769, as in qiskit-optimization's CVaR tutorial
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
PUBLISHED = SubsetProblem(mu=MU, sigma=SIGMA, q=0.5, k=3)


def judged(
    problem: SubsetProblem,
    gammas: list[float],
    betas: list[float],
    mixer: Mixer = Mixer.RING,
    alpha: float | None = None,
) -> Evaluation:
    ansatz = Ansatz(problem.basis, problem.costs(), mixer)
    return evaluate(problem, ansatz, np.array(gammas), np.array(betas), alpha)


@pytest.mark.parametrize(
    ("mixer", "one_layer", "two_layers", "probability"),
    [
        (Mixer.RING, 2.4608569363, 2.3957961544, 0.0007531773),
        (Mixer.RING_EXACT, 2.7067582515, 2.3322725801, 0.0007873227),
        (Mixer.COMPLETE, 0.8021278508, 1.9466444465, 0.0501534422),
    ],
)
def test_the_published_instance_gives_the_values_of_a_dense_computation(
    mixer: Mixer, one_layer: float, two_layers: float, probability: float
) -> None:
    """The values were computed densely, with matrix exponentials of 2^n states."""
    assert judged(PUBLISHED, [0.5], [0.6], mixer).energy == pytest.approx(one_layer, abs=5e-11)
    found = judged(PUBLISHED, [0.5, 0.8], [0.6, 0.3], mixer)
    assert found.energy == pytest.approx(two_layers, abs=5e-11)
    assert found.optimum.probability == pytest.approx(probability, abs=5e-11)


def test_the_best_ring_angle_of_one_layer_has_the_known_ratio() -> None:
    found = judged(PUBLISHED, [-0.375957], [0.269845])
    assert found.energy == pytest.approx(-0.280135, abs=5e-7)
    assert found.approximation_ratio == pytest.approx(0.8562, abs=5e-5)
    assert found.random_ratio == pytest.approx(0.7355, abs=5e-5)


def test_the_optimum_is_that_of_the_tutorial() -> None:
    found = judged(PUBLISHED, [0.5], [0.6])
    assert found.optimum.objective == pytest.approx(-1.27835, abs=1e-12)
    assert found.optimum.chosen == (0, 1, 4)
    assert found.classical.proven
    assert found.classical.elapsed_s is not None
    assert found.greatest == pytest.approx(5.66565, abs=1e-12)


def test_angles_of_zero_leave_every_subset_equally_likely() -> None:
    found = judged(PUBLISHED, [0.0], [0.0], alpha=0.1)
    assert found.approximation_ratio == pytest.approx(found.random_ratio, abs=1e-14)
    assert found.optimum.probability == pytest.approx(found.random_chance, abs=1e-14)
    np.testing.assert_allclose(found.masses, found.random_masses, atol=1e-14)
    costs = sorted(
        0.5 * SIGMA[np.ix_(chosen, chosen)].sum() - MU[list(chosen)].sum()
        for chosen in combinations(range(6), 3)
    )
    assert found.cvar == pytest.approx(np.mean(costs[:2]), abs=1e-12)


def test_the_whole_tail_is_the_energy() -> None:
    found = judged(PUBLISHED, [0.5], [0.6], Mixer.GROVER, alpha=1.0)
    assert found.cvar == pytest.approx(found.energy, abs=1e-12)


def test_equally_good_subsets_count_together() -> None:
    # members 0 and 1 are interchangeable, and so are 2 and 3
    problem = SubsetProblem(mu=np.array([2.0, 2.0, 0.1, 0.1]), sigma=np.eye(4), q=0.5, k=1)
    found = judged(problem, [0.4], [0.7])
    assert found.optimum.chosen == (0,)
    assert found.random_chance == 0.5
    weights = Ansatz(problem.basis, problem.costs()).probabilities(np.array([0.4]), np.array([0.7]))
    assert found.optimum.probability == pytest.approx(weights[:2].sum(), abs=1e-15)


def test_where_all_subsets_cost_the_same_any_is_the_best() -> None:
    problem = SubsetProblem(mu=np.ones(4), sigma=np.zeros((4, 4)), q=1.0, k=2)
    found = judged(problem, [0.4], [0.7])
    assert found.approximation_ratio == 1.0
    assert found.optimum.probability == pytest.approx(1.0, abs=1e-14)
    assert found.masses.sum() == found.random_masses.sum() == 1.0


@pytest.mark.parametrize(("scale", "convex"), [(1.0, True), (-1.0, False)])
def test_it_is_said_whether_sigma_is_convex(scale: float, convex: bool) -> None:
    problem = SubsetProblem(mu=np.ones(3), sigma=scale * np.eye(3), q=1.0, k=1)
    assert judged(problem, [0.4], [0.7]).convex is convex


def test_the_answer_carries_the_promised_keys() -> None:
    plain = judged(PUBLISHED, [0.5], [0.6]).to_json()
    promised = {"energy", "approximation_ratio", "probability_of_optimum", "optimum", "chosen"}
    assert promised | {"optimum_proven", "optimum_elapsed_s", "convex"} <= plain.keys()
    assert "cvar" not in plain
    assert "cvar" in judged(PUBLISHED, [0.5], [0.6], alpha=0.5).to_json()


@pytest.mark.parametrize(
    ("gammas", "betas"), [([], []), ([0.1], [0.1, 0.2]), ([np.nan], [0.1]), ([0.1], [np.inf])]
)
def test_wrong_angles_are_refused(gammas: list[float], betas: list[float]) -> None:
    with pytest.raises(InvalidInput):
        check_angles(np.array(gammas), np.array(betas))


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.1, np.nan])
def test_a_part_outside_the_whole_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidInput):
        check_alpha(alpha)
