"""Check the ideal machine's probabilities."""

import numpy as np
import pytest
from scipy.stats import binom

from quant.quantum.estimation.experiments import (
    IdealExperiment,
    good_probabilities,
    phase_probabilities,
)


@pytest.mark.parametrize("qubits", [1, 2, 3, 5])
def test_phase_outcomes_sum_to_one(qubits: int) -> None:
    angles = np.linspace(0, np.pi / 2, 101)
    np.testing.assert_allclose(phase_probabilities(qubits, angles).sum(axis=0), 1, atol=1e-12)


def test_phase_outcome_is_certain_on_the_grid() -> None:
    outcomes = phase_probabilities(3, np.array([0.0, np.pi / 4, np.pi / 2]))
    np.testing.assert_allclose(outcomes[0], [1, 0, 0], atol=1e-15)
    np.testing.assert_allclose(outcomes[[2, 6], 1], [0.5, 0.5], atol=1e-15)
    np.testing.assert_allclose(outcomes[4], [0, 0, 1], atol=1e-15)


def test_draws_follow_the_seed_and_the_law() -> None:
    first, again = (IdealExperiment(0.3, seed=5).good([0, 3], 1000) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    chances = good_probabilities([0, 3], float(np.arcsin(np.sqrt(0.3))))
    assert chances[0] == pytest.approx(0.3)
    assert (binom.sf(first, 1000, chances) > 1e-4).all()
    assert (binom.cdf(first, 1000, chances) > 1e-4).all()
    assert IdealExperiment(0.3, seed=5).phases(4, 77).sum() == 77
