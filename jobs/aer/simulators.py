"""Own Aer's simulators: one of each kind stays warm in a process, one thread, double precision.

Whoever runs several circuits at once starts several processes: Aer's threads would share one
interpreter and take each other's cores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel

from core.backends import Method
from core.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Say how circuits are simulated; `device` is the fake device whose noise they get."""

    method: Method
    device: str | None = None


@cache
def ideal_simulator(method: Method) -> AerSimulator:
    """Return this process's simulator without noise."""
    return AerSimulator(method=method.value, **_OPTIONS)


def noisy_simulator(method: Method, noise: NoiseModel) -> AerSimulator:
    """Return a simulator with noise."""
    return AerSimulator(method=method.value, noise_model=noise, **_OPTIONS)


_OPTIONS: dict[str, Any] = {
    "precision": "double",
    "max_parallel_threads": 1,
    "runtime_parameter_bind_enable": True,
}


def run_on(
    simulator: AerSimulator,
    circuits: QuantumCircuit | Sequence[QuantumCircuit],
    **options: Any,
) -> list[Any]:
    """Run circuits and return Aer's result of each.

    Raises:
        InvalidInput: Aer cannot carry one out, for want of memory for instance; names `backend`.
    """
    result = simulator.run(circuits, **options).result()
    failed = [one.status for one in result.results if not one.success]
    if failed or not result.success:
        reason = str(failed[0] if failed else result.status)
        raise InvalidInput(field="backend", reason=f"aer: {reason}")
    return list(result.results)
