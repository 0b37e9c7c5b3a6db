"""Check drawing from exact probabilities, and how outcomes are named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from jobs.aer.draws import cumulated, draw, merged, named


def test_draws_follow_the_probabilities() -> None:
    rng = np.random.default_rng(5)
    probabilities = rng.random(64)
    probabilities /= probabilities.sum()
    shots = 200_000
    found = draw(cumulated(probabilities.copy()), shots, np.random.default_rng(11))
    counts = np.array([found.get(outcome, 0) for outcome in range(64)])
    assert chisquare(counts, probabilities * shots).pvalue > 0.001


@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40).filter(lambda p: sum(p) > 1e-3),
    st.integers(1, 300),
    st.integers(0, 2**32),
)
def test_impossible_outcomes_are_never_drawn(p: list[float], shots: int, seed: int) -> None:
    probabilities = np.array(p) / sum(p)
    found = draw(cumulated(probabilities.copy()), shots, np.random.default_rng(seed))
    assert sum(found.values()) == shots
    assert all(probabilities[outcome] > 0.0 for outcome in found)
    assert list(found) == sorted(found)


class _Edge:
    """Draw only the largest number below 1."""

    def random(self, shots: int) -> np.ndarray:
        return np.full(shots, np.nextafter(1.0, 0.0))


@pytest.mark.parametrize("total", [1.0, 1.0 + 1e-12, 1.0 - 1e-12, 3e-308])
def test_the_largest_number_draws_the_last_possible_outcome(total: float) -> None:
    probabilities = np.array([0.25, 0.75, 0.0, 0.0]) * total
    assert draw(cumulated(probabilities), 3, _Edge()) == {1: 3}  # type: ignore[arg-type]


def test_wide_and_narrow_registers_are_counted_alike() -> None:
    narrow = np.zeros(1 << 10)
    narrow[[3, 700]] = 0.5
    wide = np.zeros(1 << 18)
    wide[[3, 700]] = 0.5
    counts = [draw(cumulated(p), 1000, np.random.default_rng(2)) for p in (narrow, wide)]
    assert counts[0] == counts[1]


def test_outcomes_are_named_by_their_classical_bits() -> None:
    assert named({0b01: 4, 0b11: 6}, [(0, 0), (1, 1)]) == {"0x1": 4, "0x3": 6}
    assert named({0b01: 4, 0b10: 6}, [(0, 1), (70, 0)]) == {hex(1 << 70): 4, "0x1": 6}
    assert named({0b1: 4}, [(0, 0), (2, 0)]) == {"0x5": 4}
    wide = tuple((bit, bit) for bit in range(20))
    assert named({1 << 19: 2}, wide) == {"0x80000": 2}


def test_counts_add_up() -> None:
    assert merged([{"0x0": 1, "0x1": 2}, {"0x1": 3}]) == {"0x0": 1, "0x1": 5}
    assert merged([]) == {}
