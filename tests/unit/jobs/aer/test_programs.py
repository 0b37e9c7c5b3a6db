"""Check how circuits are made ready for Aer, and that this is done once for each."""

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from core.backends import Method
from jobs.aer.programs import Kept, final_measurements, fitted, measured, sampled_program
from jobs.aer.simulators import Simulation

STATE = Simulation(method=Method.STATEVECTOR)


def test_final_measurements_are_told_from_others() -> None:
    circuit = QuantumCircuit(3, 2)
    circuit.h(0)
    circuit.measure(2, 0)
    circuit.barrier()
    circuit.x(1)
    circuit.measure(0, 1)
    assert final_measurements(circuit) == {0: 2, 1: 0}
    circuit.x(2)
    assert final_measurements(circuit) is None


@pytest.mark.parametrize("name", ["reset", "measure_twice", "initialize"])
def test_more_than_gates_is_more_than_a_state(name: str) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    if name == "reset":
        circuit.reset(0)
    elif name == "initialize":
        circuit.initialize([0, 1], 0)
    else:
        circuit.measure(0, 0)
        circuit.measure(0, 1)
    assert final_measurements(circuit) is None


def test_only_a_circuit_without_measurements_is_measured() -> None:
    circuit = QuantumCircuit(2, 5)
    circuit.h(0)
    assert measured(circuit).num_clbits == 2
    assert measured(circuit).count_ops()["measure"] == 2
    circuit.measure(0, 4)
    assert measured(circuit) is circuit


def test_what_was_made_ready_is_kept_for_the_same_circuit() -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    program = sampled_program(circuit, STATE)
    assert sampled_program(circuit, STATE) is program
    assert sampled_program(circuit.copy(), STATE) is not program
    other = Simulation(method=Method.DENSITY_MATRIX)
    assert sampled_program(circuit, other) is not program


def test_no_more_is_kept_than_there_is_room_for() -> None:
    kept: Kept[int] = Kept()
    circuits = [QuantumCircuit(1) for _ in range(40)]
    made = [kept.of(circuit, "x", lambda _, n=n: n) for n, circuit in enumerate(circuits)]
    assert made == list(range(40))
    assert kept.of(circuits[-1], "x", lambda _: -1) == 39
    assert kept.of(circuits[0], "x", lambda _: -1) == -1


def test_a_circuit_is_placed_on_a_device_once_and_stays_where_it_is() -> None:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 2)
    circuit.measure_all()
    placed = fitted(circuit, "fake_lima")
    assert placed.circuit.num_qubits == 5
    assert fitted(circuit, "fake_lima") is placed
    assert fitted(placed.circuit, "fake_lima").circuit is placed.circuit


def test_parameters_that_placing_drops_are_not_bound() -> None:
    kept, dropped = Parameter("b"), Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.rx(kept, 0)
    circuit.rz(dropped, 0)
    circuit.measure_all()
    noisy = Simulation(method=Method.DENSITY_MATRIX, device="fake_lima")
    program = sampled_program(circuit, noisy)
    names = {parameter.name: column for parameter, column in program.columns}
    assert names["b"] == 1
    assert set(names) == {parameter.name for parameter in program.circuit.parameters}
