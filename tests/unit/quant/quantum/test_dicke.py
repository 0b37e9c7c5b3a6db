"""Check the start states against their definition on every amplitude."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector

from core.errors import InvalidInput
from quant.quantum.dicke import dicke_circuit, leaning_circuit, spread_circuit

SIZES = [(2, 1), (3, 2), (4, 1), (5, 4), (6, 3), (8, 2), (9, 8), (11, 5)]


def ones_of(n: int) -> np.ndarray:
    return np.array([mask.bit_count() for mask in range(2**n)])


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_dicke_state_is_uniform(n: int, k: int) -> None:
    amplitudes = Statevector(dicke_circuit(n, k)).data
    expected = np.where(ones_of(n) == k, comb(n, k) ** -0.5, 0.0)
    np.testing.assert_allclose(amplitudes, expected, atol=1e-13)


@pytest.mark.parametrize("n", [12, 24])
def test_gates_grow_as_n_times_the_rarer_bits(n: int) -> None:
    assert dicke_circuit(n, 3).size() <= 10 * n * 3
    assert dicke_circuit(n, n - 3).size() == dicke_circuit(n, 3).size() + n
    assert leaning_circuit(np.full(n, 0.3), 3).size() == dicke_circuit(n, 3).size()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_leaning_state_is_the_law_of_independent_bits_given_their_sum(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 6))
    k = data.draw(st.integers(1, n - 1))
    chances = np.array(data.draw(st.lists(st.floats(0.05, 0.95), min_size=n, max_size=n)))
    law = np.array(
        [
            np.prod([c if mask >> i & 1 else 1 - c for i, c in enumerate(chances)])
            for mask in range(2**n)
        ]
    )
    law[ones_of(n) != k] = 0.0
    amplitudes = Statevector(leaning_circuit(chances, k)).data
    np.testing.assert_allclose(amplitudes, np.sqrt(law / law.sum()), atol=1e-12)


def test_certain_chances_give_one_subset() -> None:
    for mask in range(1, 31):
        bits = np.array([float(mask >> i & 1) for i in range(5)])
        amplitudes = Statevector(leaning_circuit(bits, mask.bit_count())).data
        assert amplitudes[mask] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("n", "k"), [(4, 2), (5, 3)])
def test_spreading_keeps_the_weight_of_every_state(n: int, k: int) -> None:
    spread = spread_circuit(n, k)
    for mask in range(2**n):
        found = Statevector.from_int(mask, 2**n).evolve(spread).data
        assert np.abs(found[ones_of(n) != mask.bit_count()]).max() < 1e-12


@pytest.mark.parametrize(("n", "k"), [(4, 0), (4, 4), (1, 1)])
def test_refuses_a_weight_without_choice(n: int, k: int) -> None:
    with pytest.raises(InvalidInput):
        dicke_circuit(n, k)


@pytest.mark.parametrize(
    "chances", [[0.5, 1.2, 0.5], [0.5, np.nan, 0.5], [0.0, 0.0, 0.5], [1.0, 1.0, 1.0]]
)
def test_refuses_chances_of_no_state(chances: list[float]) -> None:
    with pytest.raises(InvalidInput) as refused:
        leaning_circuit(np.array(chances), 2)
    assert refused.value.context["field"] == "inclusion"
