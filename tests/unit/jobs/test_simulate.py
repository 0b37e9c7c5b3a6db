"""Check Aer sampling against exact probabilities, and its one named failure."""

import pytest
from qiskit import QuantumCircuit

from core.errors import SourceUnavailable
from jobs.simulate import sample_on_aer


def test_keys_have_qubit_zero_rightmost() -> None:
    circuit = QuantumCircuit(3)
    circuit.x(0)
    assert sample_on_aer(circuit, {4: 10}, seed=1) == {4: {"001": 10}}


def test_bell_pair_is_even() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    counts = sample_on_aer(circuit, {0: 20_000}, seed=1)[0]
    assert set(counts) == {"00", "11"}
    assert counts["00"] == pytest.approx(10_000, abs=400)


def test_a_circuit_too_large_is_named() -> None:
    with pytest.raises(SourceUnavailable, match="aer"):
        sample_on_aer(QuantumCircuit(50), {0: 1}, seed=1)
