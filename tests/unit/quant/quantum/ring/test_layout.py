"""Hold the layout: every state has one place, and every gate turns every pair once."""

from math import comb

import numpy as np
import pytest

from quant.quantum.basis import Basis
from quant.quantum.ring.layout import LANES, low_qubits, ring_tables, stored_size
from quant.quantum.ring.orders import from_ring_order, to_ring_order, turned_state

SIZES = [(2, 1), (3, 1), (3, 2), (4, 2), (5, 2), (7, 6), (9, 4), (12, 6), (13, 5)]


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_every_state_has_one_place(n: int, k: int) -> None:
    tables, numbers = ring_tables(n, k), np.arange(1.0, comb(n, k) + 1)
    laid_out = to_ring_order(numbers, tables)
    assert laid_out.size == stored_size(tables)
    assert sorted(laid_out[laid_out > 0]) == numbers.tolist()


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_a_state_comes_back_as_it_went(n: int, k: int) -> None:
    tables, random = ring_tables(n, k), np.random.default_rng(n)
    psi = random.normal(size=comb(n, k)) + 1j * random.normal(size=comb(n, k))
    back = np.empty_like(psi)
    from_ring_order(turned_state(psi, tables), tables, back)
    assert back.tolist() == psi.tolist()


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_the_joining_gates_turn_every_pair_once(n: int, k: int) -> None:
    tables, basis = ring_tables(n, k), Basis(n, k)
    masks = to_ring_order(basis.masks.astype(float), tables).astype(np.int64)
    edges = {"wrap": (0, n - 1)}
    if n >= 4:
        edges["seam"] = (low_qubits(n) - 1, low_qubits(n))
    for name, (i, j) in edges.items():
        runs = getattr(tables, name)
        assert (runs[:, 2] <= LANES).all()
        pairs = [(one + u, other + u) for one, other, length in runs for u in range(length)]
        here, there = masks[np.array(pairs).T] if pairs else (masks[:0], masks[:0])
        assert (here >> i & 1).all()
        assert (here ^ there == (1 << i | 1 << j)).all()
        expected = [mask for mask in basis.masks.tolist() if mask >> i & 1 and not mask >> j & 1]
        assert sorted(here.tolist()) == expected
