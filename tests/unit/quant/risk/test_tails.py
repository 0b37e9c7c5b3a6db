"""Hold the tail against sorting, and against what a coherent measure must be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from core.errors import HistoryTooShort, InvalidInput
from quant.risk.tails import lower_rank, tail_of

levels = st.sampled_from([0.9, 0.95, 0.975, 0.99])
samples = arrays(np.float64, st.integers(100, 400), elements=st.floats(-1e6, 1e6, width=32))


def slow_shortfall(pnl: np.ndarray, level: float, steps: int = 20_000) -> float:
    """Average the lower quantile function over (0, 1 − level)."""
    ordered = np.sort(pnl)
    shares = (np.arange(steps) + 0.5) / steps * (1 - level)
    return -float(ordered[np.ceil(shares * len(pnl) - 1e-9).astype(int) - 1].mean())


@given(samples, levels)
def test_it_agrees_with_sorting(pnl: np.ndarray, level: float) -> None:
    tail = tail_of(pnl, level)
    expected = np.quantile(pnl, round(1 - level, 4), method="inverted_cdf")
    assert tail.value_at_risk == -expected
    scale = np.abs(pnl).max() + 1e-300
    assert tail.expected_shortfall == pytest.approx(
        slow_shortfall(pnl, level), abs=2e-3 * scale + 1e-12
    )
    assert tail.expected_shortfall >= tail.value_at_risk - 1e-9 * scale
    weights = tail.weights()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert weights[2] @ pnl[tail.scenarios] == pytest.approx(-tail.expected_shortfall)
    assert weights[1] @ pnl[tail.scenarios] == -tail.value_at_risk


@given(samples, samples, levels)
def test_shortfall_is_coherent(one: np.ndarray, other: np.ndarray, level: float) -> None:
    count = min(len(one), len(other))
    one, other = one[:count], other[:count]
    first, second, both = (
        tail_of(pnl, level).expected_shortfall for pnl in (one, other, one + other)
    )
    slack = 1e-9 * (np.abs(one).max() + np.abs(other).max() + 1.0)
    assert both <= first + second + slack
    moved = tail_of(one + 5.0, level).expected_shortfall
    assert moved == pytest.approx(first - 5.0, abs=slack)
    assert tail_of(3.0 * one, level).expected_shortfall == pytest.approx(3.0 * first, abs=slack)


@pytest.mark.parametrize(
    ("count", "level", "rank"),
    [(250, 0.99, 2), (500, 0.99, 4), (1000, 0.99, 9), (1000, 0.975, 24), (100, 0.99, 0)],
)
def test_ranks_by_hand(count: int, level: float, rank: int) -> None:
    # the third worst of 250 at 99 %, the fifth of 500, and so on
    assert lower_rank(count, level) == rank
    pnl = np.random.default_rng(1).permutation(np.arange(count, dtype=float))
    assert tail_of(pnl, level).value_at_risk == -rank


def test_the_lower_quantile_is_that_of_the_interpolation_lower() -> None:
    generator = np.random.default_rng(2)
    for count in (250, 500, 750, 1000, 2500):
        pnl = generator.normal(size=count)
        assert tail_of(pnl, 0.99).value_at_risk == -np.quantile(pnl, 0.01, method="lower")


def test_standard_errors_cover_as_they_say() -> None:
    generator = np.random.default_rng(3)
    var, shortfall = norm.ppf(0.99), norm.pdf(norm.ppf(0.99)) / 0.01
    tails = [tail_of(generator.standard_normal(10_000), 0.99) for _ in range(400)]
    for true, found, error in (
        (var, "value_at_risk", "value_at_risk_error"),
        (shortfall, "expected_shortfall", "expected_shortfall_error"),
    ):
        estimates = np.array([getattr(tail, found) for tail in tails])
        errors = np.array([getattr(tail, error) for tail in tails])
        assert errors.mean() == pytest.approx(estimates.std(), rel=0.1)
        covered = np.mean(np.abs(estimates - true) < 1.96 * errors)
        assert 0.90 < covered < 0.98


def test_equal_profits_are_no_trouble() -> None:
    tail = tail_of(np.zeros(500), 0.99)
    assert (tail.value_at_risk, tail.expected_shortfall) == (0.0, 0.0)
    assert (tail.value_at_risk_error, tail.expected_shortfall_error) == (0.0, 0.0)


def test_too_little_is_refused() -> None:
    with pytest.raises(HistoryTooShort) as refused:
        tail_of(np.zeros(99), 0.99)
    assert refused.value.context["needed"] == 100
    with pytest.raises(InvalidInput):
        tail_of(np.full(200, np.nan), 0.99)
    with pytest.raises(InvalidInput):
        tail_of(np.zeros(200), 1.0)
