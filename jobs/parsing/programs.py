"""Own the reading of one program into a circuit with Qiskit; runs in a closed process only."""

import base64
import binascii
import io
import warnings
from typing import Any

import openqasm3.parser
from openqasm3.ast import QASMNode
from qiskit import QuantumCircuit, qpy
from qiskit.exceptions import QiskitError
from qiskit.qpy.common import QPY_VERSION
from qiskit_qasm3_import import ConversionError
from qiskit_qasm3_import.converter import ConvertVisitor

from core.errors import InvalidInput
from core.specifications.circuit import Language
from jobs.kinds.kind import ParsedCircuit
from jobs.parsing.qasm_source import check_source
from jobs.parsing.qpy_header import read_header
from jobs.parsing.refusal import refused
from jobs.tasks.program_facts import circuit_facts


def read_program(language: str, program: str) -> ParsedCircuit:
    """Read OpenQASM 3 text, or QPY in base64, as one circuit with its facts.

    Raises:
        InvalidInput: it cannot be read, or not within bounds; names the program, and the line and
            column of text where they are known.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = _read_qasm if language == Language.QASM3 else _read_qpy
        try:
            return circuit_facts(read(program))
        except (InvalidInput, MemoryError):
            raise
        except RecursionError:
            raise refused(reason="it is nested too deeply") from None
        except Exception as error:  # parsers fail on strange programs with errors of any class
            raise refused(reason=f"it cannot be read: {_said(error)}") from None


def _said(error: Exception) -> str:
    """Return the first line of an error; native readers add a trace to theirs."""
    if isinstance(error, QiskitError):
        return str(error.message).partition("\n")[0].strip(" :")
    return f"{type(error).__name__}: {error}"


class _Reader(ConvertVisitor):  # type: ignore[misc]  # it has no types
    """Build the circuit of a syntax tree; errors of building it name their place too."""

    def visit(self, node: QASMNode, context: Any = None) -> Any:
        try:
            return super().visit(node, context)
        except (ConversionError, MemoryError, RecursionError):
            raise
        except Exception as error:  # gates fail with any class; say at least at which node
            raise ConversionError(str(error) or type(error).__name__, node) from None


def _read_qasm(program: str) -> QuantumCircuit:
    check_source(program)
    circuit: QuantumCircuit
    try:
        circuit = _Reader().convert(openqasm3.parser.parse(program)).circuit
    except ConversionError as error:
        raise refused(reason=_placed(error.message)) from None
    except openqasm3.parser.QASM3ParsingError as error:
        raise refused(reason=_placed(str(error)) or _unexpected(error)) from None
    circuit.name = "program"  # Qiskit's own names count circuits, so that none is read twice alike
    return circuit


def _placed(message: str) -> str:
    """Say the place that begins a message, `2,0: ` or `L2:C0: `, in words, columns from 1."""
    place, separator, rest = message.partition(": ")
    line, _, column = place.replace(":C", ",").removeprefix("L").partition(",")
    if separator and line.isdecimal() and column.isdecimal():
        return f"line {line}, column {int(column) + 1}: {rest}"
    return message


def _unexpected(error: openqasm3.parser.QASM3ParsingError) -> str:
    """Say which token the grammar did not expect, from the cause of an error without words."""
    cause = error.__cause__
    inner = cause.args[0] if cause is not None and cause.args else cause
    token = getattr(inner, "offendingToken", None)
    if token is None:
        return "it is no OpenQASM 3"
    text = "the end of the program" if token.type == -1 else repr(token.text[:80])
    return f"line {token.line}, column {token.column + 1}: {text} was not expected"


def _read_qpy(program: str) -> QuantumCircuit:
    try:
        content = base64.b64decode(program, validate=True)
    except (binascii.Error, ValueError):
        raise refused(reason="expected QPY in base64") from None
    version = read_header(content).version
    if version > QPY_VERSION:
        raise refused(reason=f"QPY version {version} is not read; {QPY_VERSION} and earlier are")
    (circuit,) = qpy.load(io.BytesIO(content))
    if not isinstance(circuit, QuantumCircuit):
        raise refused(reason="expected QPY of a circuit")
    return circuit
