"""Own fake devices: how a circuit is placed on one, and the noise it gets there."""

from functools import cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit.transpiler import Target
from qiskit_aer.noise import NoiseModel

from quant.quantum.devices import Fitted, count_gates, fit
from quant.quantum.noise import corner_noise

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
    """Return the noise that a fake device adds to a circuit placed on it."""
    return corner_noise([circuit], fake_device(device).target)
