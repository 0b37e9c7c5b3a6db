"""Own how circuits fit onto devices: native gates, placement and routing, and what they cost."""

from dataclasses import dataclass
from functools import lru_cache

from qiskit import QuantumCircuit
from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
from qiskit.circuit.library import CXGate
from qiskit.providers import BackendV2
from qiskit.transpiler import PassManager, Target
from qiskit.transpiler.passes import (
    BasisTranslator,
    HighLevelSynthesis,
    InverseCancellation,
    Optimize1qGatesDecomposition,
)
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

DEPTH_BASIS = ("cx", "rz", "sx", "x")
EFFORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCount:
    """Count a circuit's gates on two qubits, and its depth in them and in all gates."""

    two_qubit: int
    two_qubit_depth: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """Hold a circuit in a device's own gates, on its own couplings.

    `positions` are the device's qubits on which qubits 0, 1, … of the circuit end. `before` counts
    cx, rz, sx and x after the same optimisation with all qubits connected, `after` what the device
    runs: between them stands what placement and routing cost.
    """

    circuit: QuantumCircuit
    positions: tuple[int, ...]
    before: GateCount
    after: GateCount


def fit(circuit: QuantumCircuit, device: BackendV2 | Target, seed: int) -> Fitted:
    """Place and route a circuit on a device, at Qiskit's highest optimisation level.

    Unbound parameters stay, so a template is fitted once. The same seed gives the same result,
    and its global phase is the circuit's.
    """
    target = device if isinstance(device, Target) else device.target
    connected = generate_preset_pass_manager(
        EFFORT, basis_gates=list(DEPTH_BASIS), seed_transpiler=seed
    )
    routed = generate_preset_pass_manager(EFFORT, target=target, seed_transpiler=seed)
    fitted = routed.run(circuit)
    if fitted.layout is None:  # the device connects whatever it has
        positions = tuple(range(circuit.num_qubits))
    else:
        positions = tuple(fitted.layout.final_index_layout())
    return Fitted(
        circuit=fitted,
        positions=positions,
        before=count_gates(connected.run(circuit)),
        after=count_gates(fitted),
    )


def count_gates(circuit: QuantumCircuit) -> GateCount:
    """Count the gates of a circuit as it stands; measurements and barriers are none."""
    return GateCount(
        two_qubit=circuit.num_nonlocal_gates(),
        two_qubit_depth=int(circuit.depth(lambda step: len(step.qubits) == 2)),
        depth=int(circuit.depth()),
    )


def unrolled(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit over cx, rz, sx and x with all qubits connected.

    These passes give what `transpile` gives at optimisation level 1, without loading every
    installed transpiler plug-in.
    """
    return _unroller().run(circuit)


@lru_cache(maxsize=1)
def _unroller() -> PassManager:
    basis = list(DEPTH_BASIS)
    return PassManager(
        [
            HighLevelSynthesis(equivalence_library=SessionEquivalenceLibrary, basis_gates=basis),
            BasisTranslator(SessionEquivalenceLibrary, basis),
            InverseCancellation([CXGate()]),
            Optimize1qGatesDecomposition(basis=basis),
        ]
    )


def depth(circuit: QuantumCircuit) -> int:
    """Return the depth over cx, rz, sx and x with all qubits connected."""
    return int(unrolled(circuit).depth())
