import numpy as np
from scipy.stats import t as student

from quant.forecast.weights import PartWeights, student_log_density


def begun(learning_rate: float = 0.3) -> PartWeights:
    return PartWeights(half_life=250.0, learning_rate=learning_rate, scores=np.zeros((3, 2)))


def test_the_density_is_that_of_scipy() -> None:
    changes = np.linspace(-5.0, 5.0, 11)
    scale = np.sqrt(2.5 * (6 - 2) / 6)
    expected = student.logpdf(changes, 6, 0.0, scale)
    np.testing.assert_allclose(student_log_density(changes, np.array(2.5)), expected, rtol=1e-12)


def test_parts_begin_equal_and_the_right_one_wins() -> None:
    weights = begun()
    np.testing.assert_allclose(weights.weights(), 1 / 3)
    variances = np.array([[0.3, 0.3], [1.0, 1.0], [4.0, 4.0]])
    for row in np.random.default_rng(1).standard_t(6, (500, 2)) * np.sqrt(4 / 6):
        weights = weights.update(row, variances)
    found = weights.weights()
    np.testing.assert_allclose(found.sum(axis=0), 1.0)
    assert (found[1] > 0.95).all()
    assert (found > 0.0).all()


def test_old_scores_are_forgotten_by_half_in_a_half_life() -> None:
    weights = PartWeights(half_life=1.0, learning_rate=1.0, scores=np.array([[8.0], [0.0]]))
    same = np.ones((2, 1))
    later = weights.update(np.zeros(1), same)
    assert later.scores[0, 0] - later.scores[1, 0] == 4.0


def test_a_rate_of_zero_keeps_all_parts_equal() -> None:
    weights = begun(0.0).update(np.ones(2), np.array([[0.1, 0.1], [1.0, 1.0], [9.0, 9.0]]))
    np.testing.assert_allclose(weights.weights(), 1 / 3)
