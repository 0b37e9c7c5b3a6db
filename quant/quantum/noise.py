"""Own the noise that a device adds to the instructions of circuits placed on it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer.noise import NoiseModel


def corner_noise(circuits: Iterable[QuantumCircuit], target: Target) -> NoiseModel:
    """Return the noise of the part of a device that circuits placed on it use.

    The model of a whole device of 133 qubits takes half a minute to build, and seconds to hand to
    Aer in each run; a circuit needs a corner of it.
    """
    used: dict[str, dict[tuple[int, ...], InstructionProperties]] = defaultdict(dict)
    for circuit in circuits:
        for step in circuit.data:
            name = step.operation.name
            qubits = tuple(circuit.find_bit(qubit).index for qubit in step.qubits)
            if name in target.operation_names and target[name] is not None:
                used[name][qubits] = target[name].get(qubits)
    corner = Target(
        num_qubits=target.num_qubits, dt=target.dt, qubit_properties=target.qubit_properties
    )
    for name, properties in sorted(used.items()):
        corner.add_instruction(target.operation_from_name(name), properties, name=name)
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
