"""Own what a process must have imported before it closes itself off, as it cannot afterwards."""

import base64
import importlib
import io
import pkgutil

import numpy as np
import qiskit.circuit.library
import qiskit.qpy
import qiskit.quantum_info
import qiskit.synthesis
from qiskit import QuantumCircuit

from core.specifications.circuit import Language
from jobs.parsing.programs import read_program

_PACKAGES = (qiskit.circuit, qiskit.circuit.library, qiskit.qpy, qiskit.synthesis)
_SOURCE = """
OPENQASM 3.0;
include "stdgates.inc";
input float theta;
gate turned(a) q, r { ctrl @ rx(a) q, r; inv @ s q; }
qubit[2] q;
bit[2] c;
turned(theta * 2) q[0], q[1];
c[0] = measure q[0];
if (c[0]) { x q[1]; } else { y q[1]; }
for int i in [0:2] { pow(2) @ s q[0]; }
"""


def warm_up() -> None:
    """Import what reading may need, and read one program of each language.

    Gates of the library import what builds their definitions when these are asked for.
    """
    for package in _PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    read_program(Language.QASM3, _SOURCE)
    read_program(Language.QPY, _dense_gates())


def _dense_gates() -> str:
    """Return gates given by matrices, whose definitions need most of what comes late."""
    circuit = QuantumCircuit(3)
    circuit.append(qiskit.circuit.library.HamiltonianGate(np.eye(2), 0.3), [0])
    for qubits in (1, 2, 3):
        gate = qiskit.circuit.library.UnitaryGate(np.eye(2**qubits)[::-1])
        circuit.compose(gate.definition, range(qubits), inplace=True)
    buffer = io.BytesIO()
    qiskit.qpy.dump(circuit, buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
