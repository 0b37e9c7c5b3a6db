"""Check batches on Aer: exact where that can be told, and blind to how points are grouped."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import n_local
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_aer import AerSimulator
from scipy.stats import chisquare

from core.backends import Method
from core.errors import InvalidInput
from jobs.aer import batches
from jobs.aer.batches import expectations, sample, sample_blocks
from jobs.aer.draws import merged
from jobs.aer.simulators import Simulation

STATE = Simulation(method=Method.STATEVECTOR)
NOISY = Simulation(method=Method.DENSITY_MATRIX, device="fake_lima")
WAYS = [
    STATE,
    Simulation(method=Method.MATRIX_PRODUCT_STATE),
    Simulation(method=Method.DENSITY_MATRIX),
    NOISY,
]
ROWS = [[0.1 * i, 0.2 + 0.3 * i] for i in range(7)]


def ansatz() -> QuantumCircuit:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(3)
    circuit.ry(2 * a + b, 0)
    circuit.cx(0, 1)
    circuit.rx(b, 2)
    circuit.cx(1, 2)
    return circuit


def feedback() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    return circuit


CIRCUIT = ansatz()


@pytest.mark.parametrize("way", WAYS, ids=str)
@settings(max_examples=6)
@given(cut=st.integers(0, 7), first=st.integers(0, 1_000_000), seed=st.integers(0, 2**63 - 1))
def test_a_point_does_not_know_its_neighbours(
    way: Simulation, cut: int, first: int, seed: int
) -> None:
    whole = sample(CIRCUIT, ROWS, 100, seed, first, way)
    parts = [
        *(sample(CIRCUIT, ROWS[:cut], 100, seed, first, way) if cut else []),
        *(sample(CIRCUIT, ROWS[cut:], 100, seed, first + cut, way) if cut < 7 else []),
    ]
    assert parts == whole


@pytest.mark.parametrize("way", [*WAYS, Simulation(method=Method.STABILIZER)], ids=str)
def test_blocks_are_drawn_alike_alone_and_together(way: Simulation) -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    together = sample(circuit, [[], []], 2500, 3, 5, way)
    sizes = {0: 1024, 1: 1024, 2: 452}
    alone = [
        sample_blocks(circuit, [[], []], {block: size}, 3, 5, way) for block, size in sizes.items()
    ]
    for point in range(2):
        assert merged([part[point][block] for block, part in enumerate(alone)]) == together[point]
    assert alone[0][0][0] != alone[1][0][1]
    assert alone[0][0][0] != alone[0][1][0]
    assert sum(together[0].values()) == 2500


def test_a_seed_says_everything() -> None:
    first = sample(CIRCUIT, ROWS, 1024, 7, 0, STATE)
    assert sample(CIRCUIT, ROWS, 1024, 7, 0, STATE) == first
    assert sample(CIRCUIT, ROWS, 1024, 8, 0, STATE) != first


@pytest.mark.parametrize("way", [STATE, Simulation(method=Method.MATRIX_PRODUCT_STATE)], ids=str)
def test_counts_follow_the_state(way: Simulation) -> None:
    row, shots = [0.4, 1.1], 20 * 1024
    counts = sample(CIRCUIT, [row], shots, 1, 0, way)[0]
    exact = Statevector(CIRCUIT.assign_parameters(row)).probabilities()
    likely = exact > 1e-12
    assert all(likely[int(key, 16)] for key in counts)
    found = np.array([counts.get(hex(outcome), 0) for outcome in range(8)])
    assert chisquare(found[likely], exact[likely] * shots).pvalue > 1e-4


def test_classical_bits_say_which_qubit_is_which() -> None:
    circuit = QuantumCircuit(3, 4)
    circuit.x(2)
    circuit.measure(2, 0)
    circuit.measure(2, 3)
    circuit.measure(0, 1)
    aer = AerSimulator(method="statevector").run(circuit, shots=10).result()
    expected = dict(aer.results[0].data.counts)
    for way in WAYS[:3]:
        assert sample(circuit, [[]], 10, 1, 0, way) == [expected]
    assert expected == {"0x9": 10}


@pytest.mark.parametrize("method", [Method.STATEVECTOR, Method.STABILIZER])
def test_a_circuit_that_branches_is_left_to_aer(method: Method) -> None:
    counts = sample(feedback(), [[]], 4096, 2, 0, Simulation(method=method))[0]
    assert set(counts) == {"0x0", "0x3"}
    assert abs(counts["0x0"] - 2048) < 5 * math.sqrt(1024)


def test_a_reset_is_left_to_aer() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.reset(0)
    counts = sample(circuit, [[]], 4096, 2, 0, STATE)[0]
    assert set(counts) == {"0x0", "0x2"}


def test_gates_of_ones_own_are_unfolded() -> None:
    bell = QuantumCircuit(2, name="bell")
    bell.h(0)
    bell.cx(0, 1)
    circuit = QuantumCircuit(2)
    circuit.append(bell.to_gate(), [0, 1])
    for method in Method:
        counts = sample(circuit, [[]], 512, 2, 0, Simulation(method=method))[0]
        assert set(counts) == {"0x0", "0x3"}


def test_what_aer_seeds_otherwise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SEED_STEP", 1)
    with pytest.raises(RuntimeError, match="seeded point 1"):
        sample(CIRCUIT, ROWS, 10, 1, 0, WAYS[1])


@pytest.mark.parametrize("rows", [[[0.1]], [[0.1, 0.2], [0.1, 0.2, 0.3]], [[]]])
def test_rows_of_another_length_are_refused(rows: list[list[float]]) -> None:
    with pytest.raises(InvalidInput, match="parameters: expected 2 values"):
        sample(CIRCUIT, rows, 10, 1, 0, STATE)


@pytest.mark.parametrize("method", [Method.STATEVECTOR, Method.DENSITY_MATRIX])
def test_a_circuit_beyond_memory_is_refused(method: Method) -> None:
    circuit = QuantumCircuit(60)
    circuit.h(range(60))
    with pytest.raises(InvalidInput, match=r"backend: aer: .*memory"):
        sample(circuit, [[]], 10, 1, 0, Simulation(method=method))


OBSERVABLES: list[Mapping[str, float]] = [
    {"ZZI": 1.0, "IXY": -0.5},
    {"III": 2.0},
    {"IXY": 1.0, "ZIZ": 0.25},
]


@pytest.mark.parametrize("way", WAYS[:3], ids=str)
def test_expectations_are_exact(way: Simulation) -> None:
    measured = ansatz()
    measured.measure_all()
    for circuit in (CIRCUIT, measured):
        found = expectations(circuit, ROWS, OBSERVABLES, way)
        for row, values in zip(ROWS, found, strict=True):
            state = Statevector(CIRCUIT.assign_parameters(row))
            exact = [
                state.expectation_value(SparsePauliOp.from_list(list(observable.items()))).real
                for observable in OBSERVABLES
            ]
            assert values == pytest.approx(exact, abs=1e-12)


def test_expectations_do_not_know_their_neighbours() -> None:
    whole = expectations(CIRCUIT, ROWS, OBSERVABLES, STATE)
    assert [expectations(CIRCUIT, [row], OBSERVABLES, STATE)[0] for row in ROWS] == whole


def test_noise_shrinks_expectations_and_spares_the_identity() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    noisy = expectations(circuit, [[]], [{"ZZ": 1.0}, {"XX": 1.0}, {"II": 1.0}], NOISY)[0]
    assert 0.9 < noisy[0] < 1.0
    assert 0.9 < noisy[1] < 1.0
    assert noisy[2] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("circuit", "observable", "way", "named"),
    [
        (CIRCUIT, {"ZZ": 1.0}, STATE, "observables"),
        (feedback(), {"ZZ": 1.0}, STATE, "program"),
        (
            CIRCUIT,
            {"ZZZ": 1.0},
            Simulation(method=Method.STATEVECTOR, device="fake_lima"),
            "backend",
        ),
    ],
)
def test_expectations_that_no_state_tells_are_refused(
    circuit: QuantumCircuit, observable: dict[str, float], way: Simulation, named: str
) -> None:
    rows: Any = [[0.1] * circuit.num_parameters]
    with pytest.raises(InvalidInput, match=f"{named}:"):
        expectations(circuit, rows, [observable], way)


def test_a_batch_of_a_sweep_agrees_with_circuits_bound_one_by_one() -> None:
    circuit = n_local(4, ["ry", "rz"], "cx", "linear", reps=2)
    rows = np.random.default_rng(3).uniform(-3, 3, (5, circuit.num_parameters)).tolist()
    observable = {"ZZZZ": 1.0, "XIYZ": 0.5}
    found = expectations(circuit, rows, [observable], STATE)
    for row, (value,) in zip(rows, found, strict=True):
        state = Statevector(circuit.assign_parameters(row))
        exact = state.expectation_value(SparsePauliOp.from_list(list(observable.items()))).real
        assert value == pytest.approx(exact, abs=1e-12)
