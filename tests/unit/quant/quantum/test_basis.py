"""Check the order of the states against combinations, and what is refused before it is made."""

import tracemalloc
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from quant.quantum.basis import BYTES_PER_STATE, MAX_BYTES, Basis, positions_of


@st.composite
def bases(draw: st.DrawFn, largest: int) -> Basis:
    n = draw(st.integers(2, largest))
    return Basis(n, draw(st.integers(1, n - 1)))


@given(bases(largest=14))
def test_masks_are_the_combinations_in_rising_order(basis: Basis) -> None:
    expected = sorted(
        sum(1 << i for i in chosen) for chosen in combinations(range(basis.n), basis.k)
    )
    assert basis.masks.tolist() == expected
    assert basis.size == len(expected)


@pytest.mark.parametrize("k", [1, 2, 62])
def test_masks_reach_the_last_qubit_allowed(k: int) -> None:
    basis = Basis(63, k)
    assert int(basis.masks[-1]) == basis.unrank(basis.size - 1)
    assert (np.bitwise_count(basis.masks) == k).all()
    assert (basis.masks[1:] > basis.masks[:-1]).all()


@given(bases(largest=25), st.data())
def test_rank_undoes_unrank(basis: Basis, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, basis.size - 1))
    assert basis.rank(basis.unrank(index)) == index


@given(bases(largest=12))
def test_unrank_is_the_mask_in_its_place(basis: Basis) -> None:
    assert [basis.unrank(index) for index in range(basis.size)] == basis.masks.tolist()


def test_bits_have_qubit_i_in_column_i() -> None:
    assert Basis(3, 2).bits.tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 1]]


def test_bits_take_no_more_memory_than_the_basis_says() -> None:
    basis = Basis(18, 9)
    assert Basis(3, 2).bits.size  # compiles
    tracemalloc.start()
    bits = basis.bits
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert bits.nbytes <= peak <= basis.size * BYTES_PER_STATE


@given(bases(largest=12))
def test_positions_are_the_ones(basis: Basis) -> None:
    expected = [[i for i in range(basis.n) if mask >> i & 1] for mask in basis.masks.tolist()]
    assert positions_of(basis.masks, basis.n, basis.k).tolist() == expected


@pytest.mark.parametrize("mask", [0, 0b1, 0b111, 0b10001])
def test_refuses_positions_of_foreign_masks(mask: int) -> None:
    with pytest.raises(InvalidInput, match="masks: expected 2 ones in 4 bits"):
        positions_of(np.array([0b11, mask], dtype=np.uint64), 4, 2)


@pytest.mark.parametrize(
    ("n", "k", "field"),
    [(-1, 1, "n"), (1, 1, "n"), (64, 3, "n"), (10**9, 5 * 10**8, "n"), (6, 0, "k"), (6, 6, "k")],
)
def test_refuses_impossible_sizes(n: int, k: int, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Basis(n, k)
    assert caught.value.context["field"] == field


@pytest.mark.parametrize(("n", "k"), [(40, 20), (63, 31), (100, 50), (1000, 500)])
def test_says_how_much_memory_it_would_take(n: int, k: int) -> None:
    gigabytes = comb(n, k) * BYTES_PER_STATE / 1e9
    with pytest.raises(InvalidInput, match=rf"k: .* would take {gigabytes:.1f} GB"):
        Basis(n, k)


def test_the_largest_of_the_purpose_are_allowed() -> None:
    for n, k in ((30, 8), (50, 4), (24, 12)):
        assert Basis(n, k).size * BYTES_PER_STATE <= MAX_BYTES


@pytest.mark.parametrize("mask", [-1, 0b1, 0b111, 0b10001])
def test_refuses_to_rank_a_foreign_mask(mask: int) -> None:
    with pytest.raises(InvalidInput, match="mask"):
        Basis(4, 2).rank(mask)


@pytest.mark.parametrize("index", [-1, 6])
def test_refuses_to_unrank_outside(index: int) -> None:
    with pytest.raises(InvalidInput, match="index"):
        Basis(4, 2).unrank(index)
