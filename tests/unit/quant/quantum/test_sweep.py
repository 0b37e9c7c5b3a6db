"""Check that blocks cover the shots and that seeds belong to blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from quant.quantum.sweep import (
    batch_seed,
    block_generator,
    block_seed,
    block_sizes,
    group_blocks,
    merge_counts,
    point_generator,
)


@given(st.integers(1, 1_000_000))
def test_blocks_cover_the_shots(shots: int) -> None:
    sizes = block_sizes(shots)
    assert sum(sizes) == shots
    assert set(sizes[:-1]) <= {1024}
    assert 1 <= sizes[-1] <= 1024


@pytest.mark.parametrize("shots", [0, -5])
def test_refuses_no_shots(shots: int) -> None:
    with pytest.raises(InvalidInput, match="shots"):
        block_sizes(shots)


@given(st.integers(1, 2000))
def test_groups_hold_every_block_once(count: int) -> None:
    groups = group_blocks(count)
    assert [block for group in groups for block in group] == list(range(count))
    assert len(groups) <= 16
    assert all(len(group) >= 4 for group in groups[:-1])


def test_seeds_are_fixed_for_good() -> None:
    """A change here would change every stored answer of a seed."""
    assert block_seed("aer", 7, 0) == 1344934509
    assert block_generator("train", 7, 3).integers(10**9) == 339001887
    assert batch_seed("aer", 7, 0) == 695018451467831606
    assert point_generator("aer", 7, 3, 1).integers(10**9) == 848745187


def test_seeds_differ_by_stream_seed_and_block() -> None:
    keys = [(stream, seed, block) for stream in "ab" for seed in (1, 2) for block in (0, 1)]
    assert len({block_seed(*key) for key in keys}) == len(keys)


@given(st.integers(0, 2**63 - 1), st.integers(0, 1000))
def test_seeds_fit_31_bits(seed: int, block: int) -> None:
    assert 0 <= block_seed("aer", seed, block) < 2**31


@given(st.integers(0, 2**63 - 1), st.integers(0, 1000), st.integers(0, 2_000_000))
def test_batches_leave_room_to_count_on(seed: int, block: int, points: int) -> None:
    """Aer takes signed 64-bit seeds, and adds 2113 for each point of a batch."""
    assert 0 <= batch_seed("aer", seed, block) + 2113 * points < 2**63


def test_points_and_blocks_draw_from_generators_of_their_own() -> None:
    places = [(seed, point, block) for seed in (1, 2) for point in range(4) for block in range(4)]
    drawn = {point_generator("aer", *place).integers(2**62) for place in places}
    assert len(drawn) == len(places)


@given(st.permutations([{"01": 2}, {"10": 1, "01": 1}, {"11": 4}, {}]))
def test_merged_counts_do_not_depend_on_order(parts: list[dict[str, int]]) -> None:
    assert list(merge_counts(parts).items()) == [("01", 3), ("10", 1), ("11", 4)]
