"""Own circuits made ready for Aer: measured, in gates it knows, placed on a fake device.

What was made ready is kept for as long as the same circuit object comes again.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from qiskit import QuantumCircuit
from qiskit.circuit import (
    CONTROL_FLOW_OP_NAMES,
    Barrier,
    ControlledGate,
    Gate,
    Measure,
    Parameter,
)
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Pauli
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager
from qiskit_aer import AerSimulator

from core.backends import Method
from core.errors import InvalidInput
from jobs.aer.devices import noise_of, place
from jobs.aer.simulators import Simulation, ideal_simulator, noisy_simulator
from quant.quantum.devices import Fitted

Made = TypeVar("Made")
_KEPT = 16


class Kept(Generic[Made]):
    """Keep what was made of circuits, by the circuit object itself; circuits must not change."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, tuple[QuantumCircuit, Made]] = OrderedDict()

    def of(
        self, circuit: QuantumCircuit, variant: Hashable, make: Callable[[QuantumCircuit], Made]
    ) -> Made:
        """Return what was made of this circuit before, or make it."""
        key = (id(circuit), variant)
        found = self._made.get(key)
        # Held beside what was made, the circuit keeps its address for itself.
        made = make(circuit) if found is None else found[1]
        self._made[key] = (circuit, made)
        self._made.move_to_end(key)
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return made


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """Hold a circuit that Aer runs, and where its parameters stand in a row of values.

    `reads` says, where Aer tells the probabilities of outcomes, which bit of an outcome each
    classical bit shows: pairs (classical bit, bit of the outcome). None where Aer samples.
    """

    simulator: AerSimulator
    circuit: QuantumCircuit
    columns: tuple[tuple[Parameter, int], ...]
    reads: tuple[tuple[int, int], ...] | None = None


def final_measurements(circuit: QuantumCircuit) -> dict[int, int] | None:
    """Map classical bits to the qubits measured into them at the end.

    None if anything else than gates happens: a measured qubit that is used again, a reset, a
    branch. Then one run of the circuit does not tell the outcomes of all shots.
    """
    read: dict[int, int] = {}
    measured: set[int] = set()
    for step in circuit.data:
        qubits = {circuit.find_bit(qubit).index for qubit in step.qubits}
        if isinstance(step.operation, Barrier):
            continue
        if measured & qubits or not isinstance(step.operation, Gate | Measure):
            return None
        if isinstance(step.operation, Measure):
            measured |= qubits
            read[circuit.find_bit(step.clbits[0]).index] = next(iter(qubits))
    return read


def without_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit that branches nowhere without its measurements and classical bits."""
    bare = QuantumCircuit(circuit.qubits, global_phase=circuit.global_phase)
    for step in circuit.data:
        if not isinstance(step.operation, Measure):
            bare.append(step)
    return bare


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit itself, or with all qubits measured if it measures none."""
    if any(step.clbits for step in circuit.data):
        return circuit
    complete = without_measurements(circuit)
    complete.measure_all()
    return complete


_fitted: Kept[Fitted] = Kept()


def fitted(circuit: QuantumCircuit, device: str) -> Fitted:
    """Place a circuit on a fake device, as every simulation with that device's noise does."""
    return _fitted.of(circuit, device, lambda one: place(one, device))


def native(circuit: QuantumCircuit, method: Method) -> QuantumCircuit:
    """Return the circuit in gates that Aer's method knows, and whose parameters it binds.

    The circuit itself if it holds no others.
    """
    simulator = ideal_simulator(method)
    known = {*simulator.operation_names, "barrier"}
    nested = any(getattr(step.operation, "blocks", ()) for step in circuit.data)
    understood = all(step.operation.name in known for step in circuit.data)
    if not nested and understood and not _has_unbindable(circuit):
        return circuit
    found = generate_preset_pass_manager(0, target=simulator.target).run(circuit)
    if not _has_unbindable(found):
        return found
    standard = {*get_standard_gate_name_mapping(), *CONTROL_FLOW_OP_NAMES}
    bindable = [name for name in known & standard if not _CONTROLLED.match(name)]
    return generate_preset_pass_manager(0, basis_gates=sorted(bindable)).run(found)


_CONTROLLED = re.compile("mc|cp$|cr[xyz]$|cu")


def _has_unbindable(circuit: QuantumCircuit) -> bool:
    """Return whether a parameter hides in a controlled gate.

    Aer takes such a gate for one without parameters, and its angle for 0, since Qiskit keeps the
    angle with the gate that is controlled.
    """
    return any(
        not step.operation.is_parameterized()
        and any(getattr(value, "parameters", ()) for value in step.operation.params)
        for step in circuit.data
        if isinstance(step.operation, ControlledGate)
    )


def _without_phase(circuit: QuantumCircuit) -> QuantumCircuit:
    """Leave out a global phase with parameters, which Aer cannot bind and no outcome shows."""
    if not getattr(circuit.global_phase, "parameters", ()):
        return circuit
    plain = circuit.copy()
    plain.global_phase = 0
    return plain


_sampled: Kept[Program] = Kept()


def sampled_program(circuit: QuantumCircuit, simulation: Simulation) -> Program:
    """Make a circuit ready to be sampled."""
    return _sampled.of(circuit, simulation, lambda one: _make_sampled(one, simulation))


def _make_sampled(circuit: QuantumCircuit, simulation: Simulation) -> Program:
    complete = measured(circuit)
    if simulation.device is not None:
        placed = fitted(complete, simulation.device).circuit
        return _program(circuit, placed, simulation)
    read = final_measurements(complete)
    if simulation.method is Method.STATEVECTOR and read is not None:
        return _read_program(circuit, complete, read, simulation)
    return _program(circuit, native(complete, simulation.method), simulation)


def _program(
    circuit: QuantumCircuit,
    ready: QuantumCircuit,
    simulation: Simulation,
    reads: tuple[tuple[int, int], ...] | None = None,
) -> Program:
    ready = _without_phase(ready)
    simulator = (
        ideal_simulator(simulation.method)
        if simulation.device is None
        else noisy_simulator(simulation.method, noise_of(ready, simulation.device))
    )
    return Program(
        simulator=simulator, circuit=ready, columns=_columns(circuit, ready), reads=reads
    )


def _read_program(
    circuit: QuantumCircuit, complete: QuantumCircuit, read: dict[int, int], simulation: Simulation
) -> Program:
    ready = native(without_measurements(complete), simulation.method).copy()
    bit_of: dict[int, int] = {}
    for clbit in sorted(read):
        bit_of.setdefault(read[clbit], len(bit_of))
    ready.save_probabilities(list(bit_of))
    reads = tuple((clbit, bit_of[read[clbit]]) for clbit in sorted(read))
    return _program(circuit, ready, simulation, reads)


def _columns(circuit: QuantumCircuit, ready: QuantumCircuit) -> tuple[tuple[Parameter, int], ...]:
    # Placing a circuit may leave out a parameter that changes no outcome.
    place = {parameter: index for index, parameter in enumerate(circuit.parameters)}
    return tuple((parameter, place[parameter]) for parameter in ready.parameters)


_observed: Kept[Program] = Kept()


def observed_program(
    circuit: QuantumCircuit, words: tuple[str, ...], simulation: Simulation
) -> Program:
    """Make a circuit ready to tell the expectation of each Pauli word, as `e0`, `e1`, ….

    Raises:
        InvalidInput: a word does not fit, or the circuit does more than gates and a last reading.
    """
    return _observed.of(
        circuit, (words, simulation), lambda one: _make_observed(one, words, simulation)
    )


def _make_observed(
    circuit: QuantumCircuit, words: tuple[str, ...], simulation: Simulation
) -> Program:
    if final_measurements(circuit) is None:
        raise InvalidInput(
            field="program",
            reason="it measures, resets or branches before its end, so that no one state tells "
            "exact expectations",
        )
    if simulation.device is not None and simulation.method is not Method.DENSITY_MATRIX:
        raise InvalidInput(
            field="backend", reason="exact expectations under noise need a density matrix"
        )
    for word in words:
        if len(word) != circuit.num_qubits:
            raise InvalidInput(
                field="observables",
                reason=f"expected words of {circuit.num_qubits} letters, was {word[:80]!r}",
            )
    bare = without_measurements(circuit)
    positions: tuple[int, ...] = tuple(range(bare.num_qubits))
    if simulation.device is not None:
        placed = fitted(bare, simulation.device)
        bare, positions = placed.circuit, placed.positions
    ready = native(bare, simulation.method).copy()
    for index, word in enumerate(words):
        ready.save_expectation_value(Pauli(word), list(positions), label=f"e{index}")
    return _program(circuit, ready, simulation)
