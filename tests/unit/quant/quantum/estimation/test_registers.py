"""Check that a register's problem carries the classical amplitude."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector

from core.errors import InvalidInput
from quant.quantum.estimation.distributions import tabulated
from quant.quantum.estimation.registers import bernoulli, load


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_amplitude_is_the_mean_of_the_fractions(data: st.DataObject) -> None:
    size = 2 ** data.draw(st.integers(1, 4))
    weights = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=size, max_size=size)))
    fractions = np.array(data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)))
    register = load(tabulated(np.arange(float(size)), weights / weights.sum()))
    problem = register.problem(fractions)
    state = Statevector(problem.preparation)
    assert problem.amplitude == pytest.approx(register.probabilities @ fractions, abs=1e-12)
    assert state.probabilities([problem.objective])[1] == pytest.approx(
        problem.amplitude, abs=1e-12
    )
    np.testing.assert_allclose(
        state.probabilities(list(register.qubits)), register.probabilities, atol=1e-12
    )


def test_bad_fractions_are_named() -> None:
    register = load(tabulated(np.arange(4.0), np.ones(4) / 4))
    for fractions in (np.zeros(3), np.array([0, 0, 0, 1.1]), np.array([0, np.nan, 0, 0])):
        with pytest.raises(InvalidInput, match="fractions"):
            register.problem(fractions)
    with pytest.raises(InvalidInput, match="probability"):
        bernoulli(1.1)
