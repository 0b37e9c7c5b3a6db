"""Hold covariances against loops and other libraries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HistoryTooShort, InvalidInput
from quant.risk.covariance import (
    check_covariance,
    ewma_covariance,
    sample_covariance,
    shrink,
    shrinkage_intensity,
    square_root,
)


def days(count: int = 60, factors: int = 4, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, factors)) @ generator.normal(size=(factors, factors))


def test_the_sample_covariance() -> None:
    np.testing.assert_allclose(sample_covariance(days()), np.cov(days().T), rtol=1e-12)


def test_the_weighted_covariance_is_the_recursion_of_riskmetrics() -> None:
    changes, decay = days(), 0.9
    running = np.zeros((4, 4))
    for change in changes:
        running = decay * running + (1 - decay) * np.outer(change, change)
    # the recursion starts from nothing, so its weights add to 1 − decay^n
    expected = running / (1 - decay ** len(changes))
    np.testing.assert_allclose(ewma_covariance(changes, decay), expected, rtol=1e-10)


def test_shrinking_lowers_correlations_alone() -> None:
    covariance = sample_covariance(days())
    shrunk = shrink(covariance, 0.25)
    np.testing.assert_allclose(np.diagonal(shrunk), np.diagonal(covariance))
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(shrunk[off], 0.75 * covariance[off])
    np.testing.assert_array_equal(shrink(covariance, 0.0), covariance)


def test_the_intensity_is_that_of_schaefer_and_strimmer() -> None:
    changes = days(25, 5, seed=3)
    scores = (changes - changes.mean(axis=0)) / changes.std(axis=0, ddof=1)
    count, above, below = len(changes), 0.0, 0.0
    for i in range(5):
        for j in range(5):
            if i != j:
                products = scores[:, i] * scores[:, j]
                scatter = ((products - products.mean()) ** 2).sum()
                above += count / (count - 1) ** 3 * scatter
                below += (count / (count - 1) * products.mean()) ** 2
    assert shrinkage_intensity(changes) == pytest.approx(min(1.0, above / below), rel=1e-10)


def test_the_intensity_falls_with_the_days_and_is_one_without_correlation() -> None:
    few, many = (shrinkage_intensity(days(count)) for count in (10, 1000))
    assert 0.0 < many < few <= 1.0
    alone = np.random.default_rng(0).normal(size=(50, 1))
    assert shrinkage_intensity(alone) == 1.0
    assert shrinkage_intensity(np.zeros((50, 3))) == 1.0


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 99))
def test_the_root_squares_to_the_covariance(size: int, rank: int, seed: int) -> None:
    factor = np.random.default_rng(seed).normal(size=(size, rank)) * 10.0 ** (seed % 7 - 3)
    covariance = factor @ factor.T
    root = square_root(covariance)
    np.testing.assert_array_equal(root, np.tril(root))
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-9 * np.abs(covariance).max())


def test_a_factor_that_never_moves_has_a_root() -> None:
    covariance = np.diag([4.0, 0.0, 9.0])
    np.testing.assert_allclose(np.abs(square_root(covariance)), np.diag([2.0, 0.0, 3.0]))


@pytest.mark.parametrize(
    "covariance",
    [
        np.ones((2, 3)),
        np.array([[1.0, np.nan], [np.nan, 1.0]]),
        np.array([[1.0, 0.5], [0.4, 1.0]]),
        np.array([[-1.0, 0.0], [0.0, 1.0]]),
        np.array([[1.0, 1.2], [1.2, 1.0]]),
        np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]),
        np.array([[0.0, 0.5], [0.5, 1.0]]),
    ],
)
def test_what_is_no_covariance_is_refused(covariance: np.ndarray) -> None:
    with pytest.raises(InvalidInput):
        check_covariance(covariance)


def test_bad_histories_are_refused() -> None:
    with pytest.raises(HistoryTooShort):
        sample_covariance(np.ones((1, 3)))
    with pytest.raises(HistoryTooShort):
        shrinkage_intensity(np.ones((2, 3)))
    with pytest.raises(InvalidInput):
        sample_covariance(np.full((5, 2), np.inf))
    with pytest.raises(InvalidInput):
        ewma_covariance(days(), 1.0)
    with pytest.raises(InvalidInput):
        shrink(sample_covariance(days()), 1.5)
    with pytest.raises(InvalidInput):
        sample_covariance(np.ones(5))
