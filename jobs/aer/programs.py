"""Own circuits made ready for Aer: measured, in gates it knows, placed on a fake device.

What was made ready is kept for as long as the same circuit object comes again.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Gate, Measure, Parameter
from qiskit.quantum_info import Pauli
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

from core.backends import Method
from core.errors import InvalidInput
from jobs.aer.simulators import Simulation, fake_device, simulator_for
from quant.quantum.devices import Fitted, fit

Made = TypeVar("Made")
FIT_SEED = 0
"""Place and route by this seed always, so that every process simulates the same circuit."""
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

    `reads` says, where the state is read and not sampled by Aer, which qubit of the reading each
    classical bit shows: pairs (classical bit, place among `qubits`); None where Aer samples.
    """

    circuit: QuantumCircuit
    columns: tuple[tuple[Parameter, int], ...]
    qubits: tuple[int, ...] = ()
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
    return _fitted.of(circuit, device, lambda one: fit(one, fake_device(device), FIT_SEED))


def native(circuit: QuantumCircuit, simulation: Simulation) -> QuantumCircuit:
    """Return the circuit in gates that Aer's method knows; itself if it holds no others."""
    simulator = simulator_for(simulation)
    known = set(simulator.operation_names) | {"barrier"}
    nested = any(getattr(step.operation, "blocks", ()) for step in circuit.data)
    if not nested and all(step.operation.name in known for step in circuit.data):
        return circuit
    return generate_preset_pass_manager(0, target=simulator.target).run(circuit)


_sampled: Kept[Program] = Kept()


def sampled_program(circuit: QuantumCircuit, simulation: Simulation) -> Program:
    """Make a circuit ready to be sampled."""
    return _sampled.of(circuit, simulation, lambda one: _make_sampled(one, simulation))


def _make_sampled(circuit: QuantumCircuit, simulation: Simulation) -> Program:
    complete = measured(circuit)
    if simulation.device is not None:
        complete = fitted(complete, simulation.device).circuit
    elif simulation.method is Method.STATEVECTOR:
        read = final_measurements(complete)
        if read is not None:
            return _read_program(circuit, complete, read, simulation)
    ready = native(complete, simulation)
    return Program(circuit=ready, columns=columns_of(circuit, ready))


def _read_program(
    circuit: QuantumCircuit, complete: QuantumCircuit, read: dict[int, int], simulation: Simulation
) -> Program:
    ready = native(without_measurements(complete), simulation).copy()
    places: dict[int, int] = {}
    for clbit in sorted(read):
        places.setdefault(read[clbit], len(places))
    ready.save_probabilities(list(places))
    return Program(
        circuit=ready,
        columns=columns_of(circuit, ready),
        qubits=tuple(places),
        reads=tuple((clbit, places[read[clbit]]) for clbit in sorted(read)),
    )


def columns_of(circuit: QuantumCircuit, ready: QuantumCircuit) -> tuple[tuple[Parameter, int], ...]:
    """Pair each parameter that is left with its place among those of the circuit as given."""
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
    ready = native(bare, simulation).copy()
    for index, word in enumerate(words):
        ready.save_expectation_value(Pauli(word), list(positions), label=f"e{index}")
    return Program(circuit=ready, columns=columns_of(circuit, ready))
