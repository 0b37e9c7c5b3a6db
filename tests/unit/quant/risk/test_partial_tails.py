"""Check that tails put together from parts are those of all profits at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import HistoryTooShort, InvalidInput
from quant.risk.partial_tails import PartialTail, joined_tail, too_short, worst_of
from quant.risk.tails import Tail, tail_depth, tail_of, tail_of_worst


def cut(pnl: np.ndarray, edges: list[int], level: float) -> list[PartialTail]:
    return [
        worst_of(pnl[first:end], first, len(pnl), level)
        for first, end in zip(edges, [*edges[1:], len(pnl)], strict=True)
    ]


def values(tail: Tail) -> tuple[float, ...]:
    return (
        tail.value_at_risk,
        tail.expected_shortfall,
        tail.value_at_risk_error,
        tail.expected_shortfall_error,
        float(tail.at_risk),
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 1_000),
    st.integers(1_000, 30_000),
    st.sampled_from([0.9, 0.95, 0.99]),
    st.lists(st.floats(0.0, 1.0), max_size=6),
)
def test_any_cut_gives_the_same_tail_bit_for_bit(
    seed: int, count: int, level: float, cuts: list[float]
) -> None:
    pnl = np.random.default_rng(seed).standard_t(3, count)
    edges = sorted({0, *(int(share * (count - 1)) for share in cuts)})
    parts = cut(pnl, edges, level)
    assert too_short(parts, level) == []
    found, whole = joined_tail(parts, level), tail_of(pnl, level)
    assert values(found) == values(whole)
    assert np.array_equal(found.scenarios, whole.scenarios)
    assert np.array_equal(found.profits, whole.profits)


def test_a_part_keeps_little_more_than_its_share() -> None:
    pnl = np.random.default_rng(1).normal(size=100_000)
    part = worst_of(pnl, 0, 10_000_000, 0.99)
    expected = tail_depth(10_000_000, 0.99) / 100
    assert expected < len(part.paths) < 1.3 * expected
    assert (np.diff(part.profits) >= 0.0).all()
    assert not part.is_whole


def test_a_part_with_more_of_the_tail_than_it_kept_is_noticed() -> None:
    pnl = np.random.default_rng(2).normal(size=20_000)
    pnl[:2_000] -= 10.0  # all of the tail is in the first part
    parts = cut(pnl, [0, 2_000], 0.99)
    assert too_short(parts, 0.99) == [0]
    order = np.argsort(pnl[:2_000], kind="stable")
    parts[0] = PartialTail(paths=order, profits=pnl[:2_000][order], path_count=2_000)
    assert too_short(parts, 0.99) == []
    assert values(joined_tail(parts, 0.99)) == values(tail_of(pnl, 0.99))


def test_ties_hinder_nothing() -> None:
    pnl = np.random.default_rng(3).integers(-5, 5, 30_000).astype(np.float64)
    parts = cut(pnl, [0, 10_000, 10_500], 0.95)
    assert too_short(parts, 0.95) == []
    assert values(joined_tail(parts, 0.95)) == values(tail_of(pnl, 0.95))


def test_too_few_paths_are_refused() -> None:
    with pytest.raises(HistoryTooShort):
        worst_of(np.zeros(50), 0, 50, 0.99)
    with pytest.raises(InvalidInput):
        tail_of_worst(1_000, 0.95, np.arange(10), np.zeros(10))
