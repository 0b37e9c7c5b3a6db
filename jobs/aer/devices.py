"""Own fake devices: how a circuit is placed on one, and the noise it gets there."""

from collections import defaultdict
from functools import cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer.noise import NoiseModel

from quant.quantum.devices import Fitted, count_gates, fit

FIT_SEED = 0
"""Place and route by this seed always, so that every process simulates the same circuit."""


@cache
def _device_classes() -> dict[str, type[BackendV2]]:
    # Four seconds to import; simulations without noise do without.
    from qiskit_ibm_runtime import fake_provider

    classes = [found for found in vars(fake_provider).values() if isinstance(found, type)]
    return {found.backend_name: found for found in classes if hasattr(found, "backend_name")}


@cache
def fake_device(name: str) -> BackendV2:
    """Return the fake device of this name, such as `fake_torino`, as it was recorded."""
    return _device_classes()[name]()


def place(circuit: QuantumCircuit, device: str) -> Fitted:
    """Place and route a circuit on a fake device; one that is already placed stays as it is."""
    backend = fake_device(device)
    if _is_placed(circuit, backend.target):
        count = count_gates(circuit)
        positions = tuple(range(circuit.num_qubits))
        return Fitted(circuit=circuit, positions=positions, before=count, after=count)
    return fit(circuit, backend, FIT_SEED)


def _is_placed(circuit: QuantumCircuit, target: Target) -> bool:
    return circuit.num_qubits == target.num_qubits and all(
        step.operation.name == "barrier"
        or target.instruction_supported(step.operation.name, _qubits(circuit, step))
        for step in circuit.data
    )


def _qubits(circuit: QuantumCircuit, step: Any) -> tuple[int, ...]:
    return tuple(circuit.find_bit(qubit).index for qubit in step.qubits)


def noise_of(circuit: QuantumCircuit, device: str) -> NoiseModel:
    """Return the noise that a device adds to the instructions of a circuit placed on it.

    The model of a whole device of 133 qubits takes half a minute to build, and seconds to hand to
    Aer in each run; a circuit needs a corner of it.
    """
    backend = fake_device(device)
    used: dict[str, dict[tuple[int, ...], InstructionProperties]] = defaultdict(dict)
    for step in circuit.data:
        name, qubits = step.operation.name, _qubits(circuit, step)
        if name in backend.target.operation_names and backend.target[name] is not None:
            used[name][qubits] = backend.target[name].get(qubits)
    corner = Target(
        num_qubits=backend.target.num_qubits,
        dt=backend.target.dt,
        qubit_properties=backend.target.qubit_properties,
    )
    for name, properties in sorted(used.items()):
        corner.add_instruction(backend.target.operation_from_name(name), properties, name=name)
    return NoiseModel.from_backend(_Corner(corner))


class _Corner(BackendV2):  # type: ignore[misc]  # Qiskit ships no types
    """Stand for the part of a device that a circuit uses; it only describes."""

    def __init__(self, target: Target) -> None:
        super().__init__(name="corner")
        self._target = target

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, run_input: Any, **options: Any) -> Any:
        message = "a corner describes a device for transpilation and noise; nothing runs on it"
        raise NotImplementedError(message)
