"""Check that costs are measured for every step, grow with the work, and tell the fastest way."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.backend_costs import measure
from jobs.backends.costs import COSTS_FILE, Amount, Way, bytes_needed, measured, seconds, work

SMALL = Amount(
    qubits=4,
    gates=10,
    two_qubit_gates=4,
    cut_bits=2,
    shots=100,
    terms=2,
    repeats=False,
    weight=2,
)
amounts = st.builds(
    Amount,
    qubits=st.integers(2, 40),
    gates=st.integers(0, 1000),
    two_qubit_gates=st.integers(0, 500),
    cut_bits=st.integers(0, 30),
    shots=st.integers(0, 10_000),
    terms=st.integers(0, 100),
    repeats=st.booleans(),
    weight=st.just(1),
)
GROWING = [each.name for each in fields(Amount) if each.name not in {"qubits", "weight"}]


def test_every_step_of_every_way_was_measured() -> None:
    stored = json.loads(COSTS_FILE.read_text())
    assert stored["command"] == "python -m benchmarks.backend_costs"
    assert set(measured()) == set(Way)
    for way in Way:
        assert set(measured()[way]) == set(work(way, SMALL))
        assert all(cost >= 0.0 for cost in measured()[way].values())
        assert seconds(way, SMALL) > 0.0


@given(amounts, st.sampled_from(Way), st.sampled_from(GROWING))
def test_more_work_never_costs_less(amount: Amount, way: Way, name: str) -> None:
    held = getattr(amount, name)
    more = replace(amount, **{name: True if name == "repeats" else held + 1})
    assert seconds(way, more) >= seconds(way, amount)


@given(amounts)
def test_a_bond_carries_at_most_half_of_the_qubits(amount: Amount) -> None:
    assert amount.bond_bits <= amount.qubits / 2


def test_states_are_as_large_as_their_amplitudes() -> None:
    thirty = replace(SMALL, qubits=30)
    assert bytes_needed(Way.STATEVECTOR, thirty) == 2 * 16 * 2**30
    assert bytes_needed(Way.NOISY_DENSITY_MATRIX, replace(SMALL, qubits=10)) == 2 * 16 * 4**10
    assert bytes_needed(Way.SUBSPACE, thirty) == 2 * 16 * 435
    assert bytes_needed(Way.STABILIZER, replace(SMALL, qubits=1000)) < 2**20


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_way_chosen_is_about_the_fastest_of_those_measured() -> None:
    report = measure(quick=True)
    assert [row for row in report.rows if not row.met] == []
