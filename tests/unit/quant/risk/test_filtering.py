"""Hold filtered changes against the recursion written out, and against what they are for."""

import numpy as np
import pytest
from arch.univariate import EWMAVariance

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.risk.filtering import ewma_filtered, ewma_volatility, filtered_changes


def days(count: int = 300, factors: int = 2) -> np.ndarray:
    generator = np.random.default_rng(7)
    calm_and_wild = np.where(np.arange(count) < count // 2, 1.0, 4.0)
    return generator.normal(size=(count, factors)) * calm_and_wild[:, None]


def test_volatility_is_the_recursion_and_knows_no_future() -> None:
    changes = days()
    found = ewma_volatility(changes, decay=0.9, burn_in_days=10)
    assert found.shape == (291, 2)
    for column in range(2):
        variance = np.mean(changes[:10, column] ** 2)
        for row, change in enumerate(changes[10:, column]):
            assert found[row, column] == pytest.approx(np.sqrt(variance), rel=1e-12)
            variance = 0.9 * variance + 0.1 * change**2
        assert found[-1, column] == pytest.approx(np.sqrt(variance), rel=1e-12)
    corrupted = changes.copy()
    corrupted[200:] = 1e9
    other = ewma_volatility(corrupted, decay=0.9, burn_in_days=10)
    np.testing.assert_array_equal(other[: 200 - 10 + 1], found[: 200 - 10 + 1])


def test_volatility_agrees_with_arch() -> None:
    changes = days(factors=1)[:, 0]
    rest, start = changes[21:], float(np.mean(changes[:21] ** 2))
    theirs, bounds = np.zeros(len(rest)), np.tile([0.0, 1e12], (len(rest), 1))
    EWMAVariance(0.94).compute_variance(np.zeros(0), rest, theirs, start, bounds)
    found = ewma_volatility(changes[:, None])[:-1, 0]
    np.testing.assert_allclose(found**2, theirs, rtol=1e-10)


def test_filtered_changes_are_as_wild_as_today() -> None:
    changes = days(4000)
    filtered = ewma_filtered(changes)
    assert filtered.shape == (4000 - 21, 2)
    calm, wild = filtered[:1900].std(axis=0), filtered[2100:].std(axis=0)
    np.testing.assert_allclose(calm, wild, rtol=0.1)
    volatility = ewma_volatility(changes)
    np.testing.assert_allclose(
        filtered, changes[21:] / volatility[:-1] * volatility[-1], rtol=1e-14
    )


def test_what_cannot_be_filtered_is_named() -> None:
    changes = days()
    changes[:50, 1] = 0.0
    with pytest.raises(ModelNotApplicable, match="factor 1"):
        ewma_filtered(changes)
    with pytest.raises(HistoryTooShort):
        ewma_volatility(days(21))
    with pytest.raises(InvalidInput):
        ewma_volatility(days(), decay=1.0)
    with pytest.raises(InvalidInput):
        ewma_volatility(days(), burn_in_days=0)
    with pytest.raises(InvalidInput):
        filtered_changes(days(), np.ones((5, 2)), np.ones(2))
    with pytest.raises(InvalidInput):
        filtered_changes(days(5), np.full((5, 2), np.nan), np.ones(2))
