"""Check a landscape's expectations one by one, and that ranges join."""

import numpy as np
import pytest

from core.mixers import Mixer
from jobs.tasks.landscapes import expect_points
from quant.quantum.subspace import Ansatz
from tests.subset_problems import random_problem

GAMMA = {"low": -1.0, "high": 1.0, "points": 30}
BETA = {"low": 0.0, "high": 3.0, "points": 25}


@pytest.mark.parametrize("mixer", list(Mixer))
def test_every_point_is_an_expectation(mixer: Mixer) -> None:
    problem = random_problem(6, 3, seed=2)
    whole = expect_points(problem, mixer.value, GAMMA, BETA, 0, 750)["expectations"]
    parts = [
        value
        for first, last in ((0, 1), (1, 600), (600, 750))
        for value in expect_points(problem, mixer.value, GAMMA, BETA, first, last)["expectations"]
    ]
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-12)
    ansatz = Ansatz(problem.basis, problem.costs(), mixer)
    for point in (0, 24, 25, 333, 749):
        gamma = np.linspace(-1, 1, 30)[point // 25]
        beta = np.linspace(0, 3, 25)[point % 25]
        exact = ansatz.expectation(np.array([gamma]), np.array([beta]))
        assert whole[point] == pytest.approx(exact, abs=1e-12)
