"""Check which programs are read, and how the others are refused."""

import base64
import io

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from qiskit.qpy.common import QPY_VERSION

from core.errors import InvalidInput
from jobs.parsing.programs import read_program

BELL = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nh q[0];\ncx q[0], q[1];\n'


def packed(circuit: QuantumCircuit, version: int = QPY_VERSION) -> str:
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer, version=version)
    return base64.b64encode(buffer.getvalue()).decode()


def unpacked(text: str) -> QuantumCircuit:
    (circuit,) = qpy.load(io.BytesIO(base64.b64decode(text)))
    return circuit


def test_text_becomes_the_circuit_it_describes() -> None:
    expected = QuantumCircuit(2)
    expected.h(0)
    expected.cx(0, 1)
    found = read_program("qasm3", BELL)
    assert unpacked(found.qpy).data == unpacked(packed(expected)).data
    assert (found.qubits, found.gates, found.two_qubit_gates) == (2, 2, 1)


def test_inputs_stay_symbols() -> None:
    source = "input float theta; input float[64] phi; qubit q; U(theta, phi, 0) q;"
    found = read_program("qasm3", source)
    assert sorted(found.parameters) == ["phi", "theta"]
    circuit = unpacked(found.qpy).assign_parameters({"theta": 0.5, "phi": 0.25})
    assert [float(value) for value in circuit.data[0].operation.params] == [0.5, 0.25, 0.0]


@pytest.mark.parametrize("version", [13, 14, 15, 16, 17, QPY_VERSION])
def test_every_version_that_cannot_execute_code_is_read(version: int) -> None:
    circuit = QuantumCircuit(2)
    theta = Parameter("theta")
    circuit.rx(2 * theta + 1, 0)
    circuit.cz(0, 1)
    found = read_program("qpy", packed(circuit, version))
    assert found.parameters == ("theta",)
    assert float(unpacked(found.qpy).assign_parameters([0.5]).data[0].operation.params[0]) == 2.0


@pytest.mark.parametrize(
    ("language", "program", "reason"),
    [
        ("qasm3", BELL + "hh q[0];", "line 6, column 1: gate 'hh' is not defined."),
        ("qasm3", BELL + "x q[2];", "line 6, column 1: index out of range"),
        ("qasm3", BELL + "x q[0]", "the end of the program was not expected"),
        ("qasm3", "qubit[2] q;\n  q q;", "line 2, column 3: 'q' is a 'qubit[2]', not a gate."),
        ("qasm3", "qubit[2] q q;", "line 1, column 12: 'q' was not expected"),
        ("qasm3", "qubit q; $$$", "line 1, column 10: token recognition error"),
        ("qasm3", "qubit q; U(1, 1) q;", "line 1, column 10: UGate"),
        ("qasm3", "bit c;", "expected at least one qubit"),
        ("qasm3", "qubit q; for int i in [0:1000000000] { U(0, 0, 0) q; }", "at most 1,000,000"),
        ("qasm3", 'include "stdgates.inc"; defcal x $0 { include "x"; }', "only 'stdgates.inc'"),
        ("qpy", "no base64", "expected QPY in base64"),
        ("qpy", "QklTS0lU", "expected QPY, which begins with QISKIT"),
        ("qpy", packed(QuantumCircuit(1))[:-16], "it cannot be read: binary parsing error"),
    ],
)
def test_a_program_that_cannot_be_read_says_why(language: str, program: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_program(language, program)
    assert caught.value.context["field"] == "program"
    assert reason in caught.value.context["reason"]


def test_a_later_version_is_refused() -> None:
    content = bytearray(base64.b64decode(packed(QuantumCircuit(1))))
    content[6] = QPY_VERSION + 1
    reason = f"QPY version {QPY_VERSION + 1} is not read; {QPY_VERSION} and earlier are"
    with pytest.raises(InvalidInput, match=reason):
        read_program("qpy", base64.b64encode(bytes(content)).decode())
