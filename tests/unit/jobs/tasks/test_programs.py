"""Check the forms that tasks need of a brought circuit."""

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, Statevector

from jobs.tasks.program_facts import circuit_facts
from jobs.tasks.programs import bare_program, basis_program, loaded, measured_program


def _text(circuit: QuantumCircuit) -> str:
    return circuit_facts(circuit).qpy


def test_the_same_text_is_the_same_circuit() -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    assert measured_program(_text(circuit)) is measured_program(_text(circuit))


def test_nested_instructions_are_written_out() -> None:
    inner = QuantumCircuit(2, 1, name="inner")
    inner.h(0)
    inner.measure(0, 0)
    middle = QuantumCircuit(2, 1, name="middle")
    middle.append(inner.to_instruction(), [0, 1], [0])
    circuit = QuantumCircuit(2, 1)
    circuit.append(middle.to_instruction(), [0, 1], [0])
    assert [step.name for step in loaded(_text(circuit)).data] == ["h", "measure"]


def test_a_state_that_is_set_first_needs_no_reset() -> None:
    circuit = QuantumCircuit(1)
    circuit.initialize([0.6, 0.8])
    plain = bare_program(_text(circuit))
    assert "reset" not in plain.count_ops()
    assert Statevector(plain).equiv(Statevector([0.6, 0.8]))


def test_a_reset_of_a_used_qubit_stays() -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.reset(0)
    assert loaded(_text(circuit)).count_ops()["reset"] == 1


def test_a_circuit_that_measures_is_left_alone_and_another_measured_whole() -> None:
    some = QuantumCircuit(2, 1)
    some.measure(1, 0)
    assert measured_program(_text(some)).count_ops()["measure"] == 1
    none = QuantumCircuit(2, 5)
    none.h(0)
    complete = measured_program(_text(none))
    assert (complete.count_ops()["measure"], complete.num_clbits) == (2, 2)


def test_expectations_are_of_the_state_before_the_last_measurements() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.delay(5, 1)
    circuit.measure_all()
    bare = bare_program(_text(circuit))
    assert bare.num_clbits == 0
    expected = QuantumCircuit(2)
    expected.h(0)
    assert Operator(bare) == Operator(expected)


@pytest.mark.parametrize("letters", ["XIZ", "IYI"])
def test_a_basis_measures_its_letters_alone(letters: str) -> None:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    based = basis_program(_text(circuit), letters, is_dynamic=False)
    assert based.num_clbits == 3 - letters.count("I")
    read = [based.find_bit(step.qubits[0]).index for step in based.data if step.name == "measure"]
    assert read == [at for at, letter in enumerate(reversed(letters)) if letter != "I"]


def test_a_basis_of_a_dynamic_circuit_keeps_what_it_measures_below() -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    circuit.h(0)
    based = basis_program(_text(circuit), "Z", is_dynamic=True)
    assert [register.name for register in based.cregs] == ["meas", "letters"]
    named = QuantumCircuit(1)
    named.add_register(based.cregs[1])
    named.measure(0, 0)
    named.h(0)
    again = basis_program(_text(named), "Z", is_dynamic=True)
    assert [register.name for register in again.cregs] == ["letters", "letters_"]
