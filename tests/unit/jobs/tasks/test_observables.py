"""Check what counts tell of observables, bit by bit and shot by shot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.plans.pauli_bases import Basis
from jobs.tasks.observables import Estimate, outcomes


@given(st.integers(1, 130), st.integers(0, 5), st.data())
def test_bits_are_read_above_those_of_the_circuit(
    bits: int, below: int, data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.integers(0, 2 ** (bits + below) - 1), min_size=1, unique=True))
    read = outcomes({hex(value): 1 for value in values}, below, bits)
    for row, value in zip(read.tolist(), values, strict=True):
        assert row == [value >> below >> bit & 1 for bit in range(bits)]


def test_means_and_errors_are_those_of_single_shots() -> None:
    observable = {"ZZ": 2.0, "IZ": -1.0, "II": 0.5}
    basis = Basis(letters="ZZ", words=("ZZ", "IZ"), shots=10)
    estimate = Estimate([observable])
    estimate.add(basis, {"0x0": 5, "0x1": 2, "0x3": 3}, 0)
    shots = np.array([2.0 - 1.0] * 5 + [-2.0 + 1.0] * 2 + [2.0 + 1.0] * 3)
    assert estimate.values[0] == pytest.approx(0.5 + shots.mean())
    assert np.sqrt(estimate.variances[0]) == pytest.approx(shots.std(ddof=1) / np.sqrt(10))


def test_bases_add_up() -> None:
    estimate = Estimate([{"Z": 1.0, "X": 1.0}])
    estimate.add(Basis(letters="Z", words=("Z",), shots=4), {"0x0": 4}, 0)
    estimate.add(Basis(letters="X", words=("X",), shots=4), {"0x0": 2, "0x1": 2}, 0)
    assert estimate.values.tolist() == [1.0]
    assert estimate.variances.tolist() == pytest.approx([4 / 3 / 4])
