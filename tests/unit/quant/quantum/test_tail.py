"""Check the tail against a sorted table of outcomes, and its derivatives against differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.tail import Tail, rising_order

Reals = NDArray[np.float64]


def tail_of(costs: Reals, alpha: float) -> Tail:
    return Tail(costs, rising_order(costs), alpha)


def draw_distribution(size: int, seed: int) -> tuple[Reals, Reals]:
    """Return probabilities, and costs of which some are equal."""
    random = np.random.default_rng(seed)
    probabilities = random.exponential(size=size)
    return probabilities / probabilities.sum(), random.integers(-9, 9, size=size) / 4


def largest_of_all_ends(probabilities: Reals, costs: Reals, alpha: float) -> float:
    """CVaR as Rockafellar and Uryasev define it: a maximum, reached at one of the costs."""
    return max(t - float((probabilities * np.maximum(t - costs, 0.0)).sum()) / alpha for t in costs)


@given(st.integers(1, 30), st.integers(0, 2**32 - 1), st.floats(1e-3, 1.0))
def test_equals_the_variational_definition(size: int, seed: int, alpha: float) -> None:
    probabilities, costs = draw_distribution(size, seed)
    expected = largest_of_all_ends(probabilities, costs, alpha)
    assert tail_of(costs, alpha).value(probabilities) == pytest.approx(expected, abs=1e-11)


@given(st.integers(1, 30), st.integers(0, 2**32 - 1), st.floats(1e-3, 1.0))
def test_value_is_the_average_of_its_weights(size: int, seed: int, alpha: float) -> None:
    probabilities, costs = draw_distribution(size, seed)
    value, weights = tail_of(costs, alpha).value_and_weights(probabilities)
    assert value == tail_of(costs, alpha).value(probabilities)
    assert probabilities @ weights == pytest.approx(value, abs=1e-11)


@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.77])
def test_weights_are_the_derivatives(alpha: float) -> None:
    random = np.random.default_rng(4)
    probabilities, costs = random.dirichlet(np.ones(12)), random.normal(size=12)
    tail = tail_of(costs, alpha)
    _, weights = tail.value_and_weights(probabilities)
    h = 1e-7
    for i, j in ((0, 1), (3, 7), (11, 2)):
        # probability moves from one outcome to another, so that it stays a distribution
        move = h * (np.eye(12)[i] - np.eye(12)[j])
        slope = (tail.value(probabilities + move) - tail.value(probabilities - move)) / (2 * h)
        assert slope == pytest.approx(weights[i] - weights[j], abs=1e-7)


def test_a_hand_made_tail() -> None:
    """Half of the outcome at 2 belongs to the cheapest 0.5: (0.3·1 + 0.2·2)/0.5."""
    tail = tail_of(np.array([2.0, 1.0, 7.0]), 0.5)
    assert tail.value(np.array([0.4, 0.3, 0.3])) == pytest.approx(1.4, abs=1e-15)


def test_all_of_it_is_the_mean_and_little_of_it_the_minimum() -> None:
    probabilities, costs = draw_distribution(20, seed=3)
    mean = float(probabilities @ costs)
    assert tail_of(costs, 1.0).value(probabilities) == pytest.approx(mean, abs=1e-15)
    assert tail_of(costs, 1e-9).value(probabilities) == pytest.approx(costs.min(), abs=1e-15)


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.0001, np.nan])
def test_refuses_no_part_of_the_outcomes(alpha: float) -> None:
    with pytest.raises(InvalidInput, match="alpha"):
        tail_of(np.arange(3.0), alpha)
