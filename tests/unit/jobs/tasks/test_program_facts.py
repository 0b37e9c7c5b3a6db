"""Check the facts of circuits against Qiskit and Aer, and what is refused unread."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Gate, Parameter, ParameterVector, QuantumRegister
from qiskit.circuit.library import QFTGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Operator
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager
from qiskit_aer import AerSimulator

from core.errors import InvalidInput
from jobs.tasks import program_facts
from jobs.tasks.circuit_forms import from_qpy
from jobs.tasks.program_facts import circuit_facts

MPS = AerSimulator(method="matrix_product_state", max_parallel_threads=1)
NATIVE = generate_preset_pass_manager(0, target=MPS.target)


def test_a_bell_pair() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    facts = circuit_facts(circuit)
    assert (facts.qubits, facts.clbits, facts.gates, facts.two_qubit_gates) == (2, 2, 2, 1)
    assert (facts.depth, facts.cut_bits) == (circuit.depth(), 1)
    assert (facts.is_clifford, facts.is_measured, facts.is_dynamic) == (True, True, False)


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 10_000))
@settings(max_examples=20)
def test_gates_and_depth_are_those_of_qiskit(qubits: int, depth: int, seed: int) -> None:
    circuit = random_circuit(qubits, depth, max_operands=min(2, qubits), seed=seed)
    facts = circuit_facts(circuit)
    assert facts.gates == circuit.size()
    assert facts.depth == circuit.depth()
    assert facts.two_qubit_gates == circuit.num_nonlocal_gates()


@given(st.integers(2, 7), st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=20)
def test_no_bond_on_aer_holds_more_than_the_bits_told(qubits: int, depth: int, seed: int) -> None:
    circuit = random_circuit(qubits, depth, max_operands=2, seed=seed)
    ready = NATIVE.run(circuit)
    ready.save_matrix_product_state(label="state")
    bonds = MPS.run(ready).result().data()["state"][1]
    assert max(len(values) for values in bonds) <= 2 ** circuit_facts(circuit).cut_bits


def test_a_brickwork_of_neighbours_gets_a_bit_every_second_layer() -> None:
    circuit = QuantumCircuit(40)
    for layer in range(4):
        for qubit in range(layer % 2, 39, 2):
            circuit.cx(qubit, qubit + 1)
    assert circuit_facts(circuit).cut_bits == 2


def test_parameters_come_in_the_order_of_the_circuit() -> None:
    circuit = QuantumCircuit(1)
    for parameter in (Parameter("b"), *ParameterVector("v", 11), Parameter("a")):
        circuit.rx(parameter, 0)
    names = circuit_facts(circuit).parameters
    assert names == tuple(parameter.name for parameter in circuit.parameters)
    assert names[:3] == ("a", "b", "v[0]")
    assert names[-1] == "v[10]"


def test_a_program_returns_as_it_was() -> None:
    circuit = random_circuit(3, 4, seed=5)
    assert Operator(from_qpy(circuit_facts(circuit).qpy)).equiv(Operator(circuit))


@pytest.mark.parametrize(
    ("angle", "clifford"), [(math.pi / 2, True), (-math.pi, True), (0.3, False), (1.5708, False)]
)
def test_a_turn_about_z_is_clifford_by_quarters(angle: float, clifford: bool) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.rz(angle, 0)
    circuit.measure_all()
    assert circuit_facts(circuit).is_clifford is clifford
    ran = AerSimulator(method="stabilizer").run(circuit, shots=1).result()
    assert ran.success is clifford


def test_a_turn_by_a_parameter_is_not_clifford() -> None:
    circuit = QuantumCircuit(1)
    circuit.rz(Parameter("a"), 0)
    assert not circuit_facts(circuit).is_clifford


def test_definitions_are_written_out() -> None:
    bell = QuantumCircuit(2, name="bell")
    bell.h(0)
    bell.cx(0, 1)
    circuit = QuantumCircuit(4)
    for first in (0, 2):
        circuit.append(bell.to_gate(), [first, first + 1])
    circuit.append(bell.to_instruction(), [1, 2])
    facts = circuit_facts(circuit)
    assert (facts.gates, facts.two_qubit_gates, facts.depth) == (6, 3, 4)
    assert facts.is_clifford
    assert circuit_facts(_of(QFTGate(3), 3)).two_qubit_gates == 4  # three phases and a swap


def test_what_makes_a_circuit_dynamic() -> None:
    again = QuantumCircuit(1, 2)
    again.measure(0, 0)
    again.h(0)
    reset = QuantumCircuit(1)
    reset.h(0)
    reset.reset(0)
    branch = QuantumCircuit(1, 1)
    with branch.if_test((branch.clbits[0], 1)):
        branch.x(0)
    for circuit in (again, reset, branch):
        assert circuit_facts(circuit).is_dynamic


def test_what_does_not() -> None:
    circuit = QuantumCircuit(2, 1)
    circuit.reset(0)
    circuit.h(0)
    circuit.delay(10, 1)
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.x(1)
    facts = circuit_facts(circuit)
    assert facts.is_measured
    assert not facts.is_dynamic
    state = QuantumCircuit(1)
    state.initialize([0.6, 0.8])
    assert not circuit_facts(state).is_dynamic


def test_a_bounded_loop_counts_every_turn() -> None:
    circuit = QuantumCircuit(2)
    with circuit.for_loop(range(7)):
        circuit.h(0)
        circuit.cx(0, 1)
    facts = circuit_facts(circuit)
    assert (facts.gates, facts.depth, facts.is_dynamic) == (14, 14, True)


def test_a_loop_without_a_bound_is_refused() -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.h(0)
        circuit.measure(0, 0)
    with pytest.raises(InvalidInput, match="program: a while loop has no bound"):
        circuit_facts(circuit)


def test_doubling_definitions_are_refused_without_being_written_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(program_facts, "MAX_STEPS", 100)
    inner = QuantumCircuit(1, name="g0")
    inner.x(0)
    for level in range(10):
        outer = QuantumCircuit(1, name=f"g{level + 1}")
        outer.append(inner.to_gate(), [0])
        outer.append(inner.to_gate(), [0])
        inner = outer
    with pytest.raises(InvalidInput, match="at most 100 operations"):
        circuit_facts(inner)


def test_endless_loops_of_nothing_are_refused() -> None:
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(10**12)):
        pass
    with pytest.raises(InvalidInput, match="operations"):
        circuit_facts(circuit)


def test_deep_nests_are_refused() -> None:
    inner = QuantumCircuit(1, name="g0")
    inner.x(0)
    for level in range(100):
        outer = QuantumCircuit(1, name=f"g{level + 1}")
        outer.append(inner.to_gate(), [0])
        inner = outer
    with pytest.raises(InvalidInput, match="more than 64 levels deep"):
        circuit_facts(inner)


def test_a_gate_without_a_definition_is_refused() -> None:
    with pytest.raises(InvalidInput, match="gate 'mystery' has no definition"):
        circuit_facts(_of(Gate("mystery", 1, []), 1))


def test_a_circuit_without_qubits_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one qubit"):
        circuit_facts(QuantumCircuit(ClassicalRegister(2)))


def _of(gate: Gate, qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(qubits))
    circuit.append(gate, range(qubits))
    return circuit


def test_outcomes_are_as_wide_as_can_be_written_often() -> None:
    assert circuit_facts(QuantumCircuit(1, program_facts.MAX_CLBITS)).clbits == 256
    with pytest.raises(InvalidInput, match="program: expected at most 256 classical bits, was 257"):
        circuit_facts(QuantumCircuit(1, program_facts.MAX_CLBITS + 1))
