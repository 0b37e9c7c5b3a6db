"""Own the facts of a circuit that somebody brought: sizes, depth, entanglement, what it needs.

Nothing is simulated or expanded in memory: definitions are walked, and a budget of steps bounds
what a nest of them can cost.
"""

import base64
import io
import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import CircuitInstruction, ControlFlowOp, ForLoopOp, Operation, WhileLoopOp
from qiskit.circuit.library import get_standard_gate_name_mapping

from core.errors import InvalidInput
from jobs.kinds.kind import ParsedCircuit

MAX_STEPS = 1_000_000
"""Refuse circuits of more operations than this, loops and definitions written out."""

MAX_NESTING = 64
"""Refuse definitions nested deeper than this."""

MAX_CLBITS = 256
"""Refuse circuits of more classical bits than this: each outcome is written with all of them."""

_ONE_BIT_RANK = frozenset({"cx", "cy", "cz", "ch", "cp", "crx", "cry", "crz", "cs", "csdg", "csx"})
_ONE_BIT_RANK |= {"cu", "cu1", "cu3", "ecr", "rxx", "ryy", "rzz", "rzx"}
_CLIFFORD = frozenset({"h", "id", "s", "sdg", "sx", "sxdg", "x", "y", "z"})
_CLIFFORD |= {"cx", "cy", "cz", "ecr", "swap"}
_NO_GATES = frozenset({"measure", "barrier", "delay", "reset", "store", "global_phase"})
_NO_GATES |= {"break_loop", "continue_loop"}
_PLAIN = frozenset({"measure", "barrier", "delay", "global_phase"})
_MATRIX = frozenset({"unitary", "diagonal"})
_QUARTER_TURN = math.pi / 2


def circuit_facts(circuit: QuantumCircuit) -> ParsedCircuit:
    """Return a circuit as QPY with its facts.

    Gates are counted with definitions and loops written out, down to gates on at most two qubits.

    Raises:
        InvalidInput: it has no qubits, too many bits or operations, a loop without a bound or a
            gate without a definition; names the program.
    """
    _require(circuit.num_qubits > 0, "expected at least one qubit")
    reason = f"expected at most {MAX_CLBITS} classical bits, was {circuit.num_clbits:,}"
    _require(circuit.num_clbits <= MAX_CLBITS, reason)
    walk = _Walk(circuit.num_qubits)
    walk.over(circuit, list(range(circuit.num_qubits)), 0)
    return ParsedCircuit(
        qpy=qpy_text(circuit),
        qubits=circuit.num_qubits,
        clbits=circuit.num_clbits,
        parameters=tuple(parameter.name for parameter in circuit.parameters),
        gates=walk.gates,
        two_qubit_gates=walk.two_qubit_gates,
        depth=max(walk.levels),
        cut_bits=walk.bonds.most,
        is_clifford=walk.is_clifford,
        is_measured=walk.is_measured,
        is_dynamic=walk.is_dynamic,
    )


def qpy_text(circuit: QuantumCircuit) -> str:
    """Return a circuit as QPY in base64."""
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


class Bonds:
    """Bound the bits of entanglement over the bonds of a line of qubits, gate by gate.

    A gate between distant qubits first moves the right one next to the left one, as Aer's matrix
    product state does; the line is put in order again when it is read. No bond holds more than a
    bit over its neighbour, and none more than the gates across it bring.
    """

    def __init__(self, qubits: int) -> None:
        self._bits = [0] * (qubits + 1)
        self._order = list(range(qubits))
        self._place = list(range(qubits))
        self._steps = [0] * (qubits + 1)
        self._most = 0

    @property
    def most(self) -> int:
        """Return the most bits that any bond may hold, on the way or in the end."""
        crossing = accumulate(self._steps)
        last = len(self._steps) - 1
        ordered = (min(bits, cut + 1, last - cut - 1) for cut, bits in enumerate(crossing))
        return max(self._most, *ordered)

    def join(self, first: int, second: int, rank_bits: int) -> None:
        """Apply a gate of Schmidt rank 2^rank_bits between two qubits."""
        self._steps[min(first, second)] += rank_bits
        self._steps[max(first, second)] -= rank_bits
        left, right = sorted((self._place[first], self._place[second]))
        for place in range(right - 1, left, -1):
            self._grow(place, 2)
            self._swap(place)
        self._grow(left, rank_bits)

    def _grow(self, place: int, bits: int) -> None:
        held = self._bits
        held[place + 1] = min(held[place + 1] + bits, held[place] + 1, held[place + 2] + 1)
        self._most = max(self._most, held[place + 1])

    def _swap(self, place: int) -> None:
        order = self._order
        order[place], order[place + 1] = order[place + 1], order[place]
        self._place[order[place]] = place
        self._place[order[place + 1]] = place + 1


class _Walk:
    """Count what the operations of a circuit are and touch."""

    def __init__(self, qubits: int) -> None:
        self.levels = [0] * qubits
        self.gates = 0
        self.two_qubit_gates = 0
        self.bonds = Bonds(qubits)
        self.is_clifford = True
        self.is_measured = False
        self.is_dynamic = False
        self._measured: set[int] = set()
        self._steps = 0

    def over(self, circuit: QuantumCircuit, qubits: Sequence[int], nesting: int) -> None:
        _require(nesting <= MAX_NESTING, f"gates are defined more than {MAX_NESTING} levels deep")
        position = {bit: qubits[index] for index, bit in enumerate(circuit.qubits)}
        for instruction in circuit.data:
            self._steps += 1
            _require(self._steps <= MAX_STEPS, f"expected at most {MAX_STEPS:,} operations")
            touched = [position[bit] for bit in instruction.qubits]
            self._note_order(instruction, touched)
            if isinstance(instruction.operation, ControlFlowOp):
                self._branch(instruction.operation, touched, nesting)
            else:
                self._take(instruction.operation, touched, nesting)

    def _note_order(self, instruction: CircuitInstruction, touched: Sequence[int]) -> None:
        self.is_measured = self.is_measured or bool(instruction.clbits)
        if instruction.name in {"barrier", "delay"}:
            return
        self.is_dynamic = self.is_dynamic or not self._measured.isdisjoint(touched)
        if instruction.name == "measure":
            self._measured.update(touched)

    def _branch(self, operation: ControlFlowOp, touched: Sequence[int], nesting: int) -> None:
        unbounded = isinstance(operation, WhileLoopOp)
        _require(not unbounded, "a while loop has no bound; use a for loop")
        times = 1
        if isinstance(operation, ForLoopOp):
            times = len(operation.params[0])
            _require(times <= MAX_STEPS, f"expected at most {MAX_STEPS:,} operations")
        self.is_dynamic = True
        for _ in range(times):
            self._steps += 1
            for block in operation.blocks:
                self.over(block, touched, nesting + 1)

    def _take(self, operation: Operation, touched: Sequence[int], nesting: int) -> None:
        if operation.name in _NO_GATES:
            idle = operation.name == "reset" and not any(self.levels[each] for each in touched)
            self.is_dynamic = self.is_dynamic or not (idle or operation.name in _PLAIN)
            self._climb(() if idle or operation.name not in {"measure", "reset"} else touched)
        elif _is_leaf(operation):
            self._count(operation, touched)
        else:
            definition = getattr(operation, "definition", None)
            _require(definition is not None, f"gate {operation.name[:80]!r} has no definition")
            self.over(definition, touched, nesting + 1)

    def _count(self, operation: Operation, touched: Sequence[int]) -> None:
        self.gates += 1
        self.is_clifford = self.is_clifford and _is_clifford(operation)
        if len(touched) >= 2:
            self.two_qubit_gates += len(touched) - 1
            bits = 1 if operation.name in _ONE_BIT_RANK else 2 * (len(touched) - 1)
            pairs = list(pairwise(touched))
            for first, second in pairs + pairs[-2::-1]:  # back too: neighbours bound each other
                self.bonds.join(first, second, bits)
        self._climb(touched)

    def _climb(self, touched: Sequence[int]) -> None:
        if touched:
            level = max(self.levels[qubit] for qubit in touched) + 1
            for qubit in touched:
                self.levels[qubit] = level


def _is_leaf(operation: Operation) -> bool:
    if operation.name in _MATRIX:
        return True
    known = get_standard_gate_name_mapping().get(operation.name)
    return known is not None and isinstance(operation, type(known)) and operation.num_qubits <= 2


def _is_clifford(operation: Operation) -> bool:
    if operation.name != "rz":
        return operation.name in _CLIFFORD
    try:
        angle = float(operation.params[0])
    except TypeError:  # a parameter that is not bound
        return False
    return math.remainder(angle, _QUARTER_TURN) == 0.0  # Aer rounds nothing either


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise InvalidInput(field="program", reason=reason)
