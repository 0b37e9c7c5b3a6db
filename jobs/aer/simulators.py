"""Own Aer's simulators: one of each kind stays warm in a process, one thread, double precision."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2
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
def fake_device(name: str) -> BackendV2:
    """Return the fake device of this name, such as `fake_torino`, as it was recorded."""
    # Four seconds to import; simulations without noise do without.
    from qiskit_ibm_runtime import fake_provider

    words = name.removeprefix("fake_").split("_")
    kinds = [f"Fake{''.join(word.capitalize() for word in words)}{end}" for end in ("V2", "")]
    return next(getattr(fake_provider, kind)() for kind in kinds if hasattr(fake_provider, kind))


@cache
def simulator_for(simulation: Simulation) -> AerSimulator:
    """Return this process's simulator of a kind.

    Whoever runs several circuits at once starts several processes: Aer's threads would share one
    interpreter and take each other's cores.
    """
    noise = (
        {}
        if simulation.device is None
        else {"noise_model": NoiseModel.from_backend(fake_device(simulation.device))}
    )
    return AerSimulator(
        method=simulation.method.value,
        precision="double",
        max_parallel_threads=1,
        runtime_parameter_bind_enable=True,
        **noise,
    )


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
