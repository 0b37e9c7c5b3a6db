from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr, stdtr
from scipy.stats import norm

from core.errors import InvalidInput
from quant.forecast.scores.crps import crps_normal, crps_quantiles, crps_sample, crps_student

Tail = Callable[[float], float]


def integrated(lower_tail: Tail, actual: float) -> float:
    """Integrate the definition, ∫(F(x) − 1[x ≥ y])² dx, of a symmetric F, on both sides of y."""
    below, _ = quad(lambda x: lower_tail(x) ** 2, -np.inf, actual)
    above, _ = quad(lambda x: lower_tail(-x) ** 2, actual, np.inf)
    return float(below + above)


@settings(max_examples=40)
@given(st.floats(-3.0, 3.0), st.floats(0.2, 4.0), st.floats(-8.0, 8.0))
def test_the_normal_score_is_the_integral(mean: float, deviation: float, actual: float) -> None:
    z = (actual - mean) / deviation
    expected = deviation * integrated(ndtr, z)
    found = crps_normal(np.array(mean), np.array(deviation), np.array(actual))
    assert found == pytest.approx(expected, rel=1e-6)


@settings(max_examples=40)
@given(st.floats(2.5, 30.0), st.floats(0.2, 4.0), st.floats(-8.0, 8.0))
def test_the_score_of_students_t_is_the_integral(nu: float, scale: float, actual: float) -> None:
    z = (actual - 0.5) / scale
    expected = scale * integrated(lambda x: stdtr(nu, x), z)
    found = crps_student(np.array(0.5), np.array(scale), nu, np.array(actual))
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_normal_score_at_its_mean_is_the_known_constant() -> None:
    # Gneiting and Raftery (2007): (√2 − 1)/√π for a standard normal at 0
    score = crps_normal(np.array(0.0), np.array(1.0), np.array(0.0))
    assert score == pytest.approx((np.sqrt(2.0) - 1.0) / np.sqrt(np.pi))


def test_students_t_becomes_normal() -> None:
    actual = np.linspace(-4.0, 4.0, 9)
    ones = np.ones(9)
    np.testing.assert_allclose(
        crps_student(0 * ones, ones, 1e6, actual), crps_normal(0 * ones, ones, actual), rtol=1e-5
    )


@given(st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=20), st.floats(-7.0, 7.0))
def test_the_score_of_a_sample_is_the_integral_of_its_steps(
    draws: list[float], actual: float
) -> None:
    edges = np.unique([*draws, actual, -8.0, 8.0])
    shares = np.mean(np.array(draws)[:, None] <= edges[None, :-1], axis=0)
    steps = (shares - (edges[:-1] >= actual)) ** 2
    expected = float(steps @ np.diff(edges))
    found = crps_sample(np.array(draws), np.array(actual))
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_sample_of_one_scores_its_absolute_error() -> None:
    np.testing.assert_allclose(
        crps_sample(np.array([[2.0], [-1.0]]), np.array([5.0, -1.0])), [3, 0]
    )


def test_large_samples_and_dense_quantiles_approach_the_closed_form() -> None:
    actual = np.array([-2.0, 0.3, 1.7])
    exact = crps_normal(np.zeros(3), np.ones(3), actual)
    levels = (np.arange(2_000) + 0.5) / 2_000
    quantiles = np.tile(norm.ppf(levels), (3, 1))
    np.testing.assert_allclose(crps_quantiles(quantiles, levels, actual), exact, rtol=1e-3)
    np.testing.assert_allclose(crps_sample(quantiles, actual), exact, rtol=1e-3)


def test_the_true_distribution_has_the_best_expected_score() -> None:
    actual = np.random.default_rng(0).standard_t(5, 20_000)
    zero, one = np.zeros(actual.size), np.ones(actual.size)
    scores = [crps_student(zero, scale * one, 5.0, actual).mean() for scale in (0.7, 1.0, 1.4)]
    assert min(scores) == scores[1]


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidInput):
        crps_sample(np.empty((2, 0)), np.ones(2))
    with pytest.raises(InvalidInput):
        crps_sample(np.ones((3, 4)), np.ones(2))
    with pytest.raises(InvalidInput):
        crps_sample(np.array([1.0, np.nan]), np.array(0.0))
    with pytest.raises(InvalidInput):
        crps_quantiles(np.ones((1, 2)), np.array([0.5, 0.5]), np.ones(1))
    with pytest.raises(InvalidInput):
        crps_normal(np.zeros(1), np.zeros(1), np.ones(1))
    with pytest.raises(InvalidInput):
        crps_student(np.zeros(1), np.ones(1), 1.0, np.ones(1))
