"""Own the circuits that runs bring, as tasks need them: measured, bare, or in a measurement basis.

Whatever was made is kept and returned again as the same object, which simulators recognise.
"""

from functools import lru_cache

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Barrier, ControlFlowOp, Delay, Gate, Instruction, Measure, Reset

from jobs.aer.programs import measured, without_measurements
from jobs.tasks.circuit_forms import from_qpy

_SIMPLE = (Gate, Measure, Reset, Barrier, Delay, ControlFlowOp)
_KEPT = 64


@lru_cache(maxsize=_KEPT)
def loaded(text: str) -> QuantumCircuit:
    """Return a circuit from QPY in base64: nested instructions written out, idle resets left out.

    A reset of a qubit that nothing has touched does nothing, yet would make every shot its own run.
    """
    circuit = from_qpy(text)
    while nested := [step.operation for step in circuit.data if _is_nested(step.operation)]:
        circuit = circuit.decompose(sorted({operation.name for operation in nested}))
    touched: set[object] = set()
    plain = circuit.copy_empty_like()
    for step in circuit.data:
        if isinstance(step.operation, Reset) and touched.isdisjoint(step.qubits):
            continue
        if not isinstance(step.operation, Barrier):
            touched.update(step.qubits)
        plain.append(step)
    return plain


def _is_nested(operation: object) -> bool:
    if not isinstance(operation, Instruction) or isinstance(operation, _SIMPLE):
        return False
    return operation.definition is not None


@lru_cache(maxsize=_KEPT)
def measured_program(text: str) -> QuantumCircuit:
    """Return the circuit itself, or with all qubits measured if it measures none."""
    return measured(loaded(text))


@lru_cache(maxsize=_KEPT)
def bare_program(text: str) -> QuantumCircuit:
    """Return the circuit up to its last measurements, for the expectations of its state."""
    bare = without_measurements(loaded(text))
    plain = bare.copy_empty_like()
    for step in bare.data:
        if not isinstance(step.operation, Barrier | Delay):
            plain.append(step)
    return plain


@lru_cache(maxsize=_KEPT)
def basis_program(text: str, letters: str, *, is_dynamic: bool) -> QuantumCircuit:
    """Return the circuit with some qubits measured in X, Y or Z into bits of their own.

    `letters` names the basis of each qubit, qubit 0 rightmost, I where none is measured; bit i of
    the last register shows the i-th measured qubit. What a dynamic circuit measures stays below.
    """
    circuit = loaded(text).copy() if is_dynamic else bare_program(text).copy()
    support = [(at, letter) for at, letter in enumerate(reversed(letters)) if letter != "I"]
    taken = {register.name for register in circuit.cregs}
    name = "letters"
    while name in taken:
        name += "_"
    register = ClassicalRegister(len(support), name)
    circuit.add_register(register)
    for bit, (qubit, letter) in enumerate(support):
        if letter == "Y":
            circuit.sdg(qubit)
        if letter in "XY":
            circuit.h(qubit)
        circuit.measure(qubit, register[bit])
    return circuit
