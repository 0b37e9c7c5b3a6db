"""Check what measured outcomes are worth against the definition of the objective."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.results.outcomes import (
    Tally,
    kept_of,
    members_of,
    merged,
    merged_counts,
    objectives,
    tally,
)
from tests.subset_problems import random_problem

N, K = 6, 3
PROBLEM = random_problem(N, K, seed=5)
counts_of_masks = st.dictionaries(
    st.integers(0, 2**N - 1).map(hex), st.integers(1, 50), min_size=1, max_size=40
)


def test_objectives_are_those_of_the_subsets() -> None:
    chosen = list(combinations(range(N), K))
    masks = np.array([sum(1 << i for i in subset) for subset in chosen], dtype=np.uint64)
    assert objectives(PROBLEM, masks).tolist() == [PROBLEM.objective(subset) for subset in chosen]
    assert [tuple(members_of(int(mask))) for mask in masks] == chosen


@given(counts_of_masks)
def test_a_tally_follows_its_definition(counts: dict[str, int]) -> None:
    found = tally(PROBLEM, counts)
    kept = {int(key, 16): n for key, n in counts.items() if int(key, 16).bit_count() == K}
    values = {mask: PROBLEM.objective(members_of(mask)) for mask in kept}
    assert (found.shots, found.kept) == (sum(counts.values()), sum(kept.values()))
    assert found.feasible_fraction == found.kept / found.shots
    if not kept:
        assert found.mask is found.objective is found.mean is None
        return
    best = min(kept, key=lambda mask: (values[mask], mask))
    assert (found.mask, found.objective) == (best, values[best])
    mean = sum(values[mask] * n for mask, n in kept.items()) / found.kept
    assert found.mean == pytest.approx(mean, rel=1e-9, abs=1e-12)


@given(st.lists(counts_of_masks, min_size=1, max_size=5))
def test_parts_add_up_to_the_whole(parts: list[dict[str, int]]) -> None:
    whole, together = merged_counts(parts), merged(tally(PROBLEM, part) for part in parts)
    assert whole == merged_counts(reversed(parts))
    assert list(whole) == sorted(whole, key=lambda key: int(key, 16))
    expected = tally(PROBLEM, whole)
    assert together.total == pytest.approx(expected.total, rel=1e-9, abs=1e-9)
    for name in ("shots", "kept", "mask", "objective"):
        assert getattr(together, name) == getattr(expected, name)


@given(counts_of_masks)
def test_a_tally_survives_json(counts: dict[str, int]) -> None:
    found = tally(PROBLEM, counts)
    assert Tally.from_json({**found.to_json(), "elapsed_s": 1.0}) == found


def test_nothing_adds_up_to_nothing() -> None:
    with pytest.raises(ValueError, match="at least one"):
        merged([])


def test_outcomes_that_never_occurred_are_left_out() -> None:
    masks, weights = kept_of({"0x7": 0, "0xb": 2, "0x1": 5}, K)
    assert (masks.tolist(), weights.tolist()) == ([11], [2.0])
