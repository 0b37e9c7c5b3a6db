"""Own the bodies of a circuit run's tasks: sample some points, and compose what hardware runs."""

from collections.abc import Mapping
from typing import Any

from qiskit import QuantumCircuit

from jobs.aer.batches import sample_blocks
from jobs.aer.draws import merged
from jobs.aer.programs import fitted
from jobs.aer.simulators import Simulation
from jobs.plans.programs import Shared
from jobs.tasks.program_facts import qpy_text
from jobs.tasks.programs import measured_program
from quant.quantum.sweep import block_sizes


def sample_points(
    shared: Shared, first: int, last: int, first_block: int, last_block: int
) -> dict[str, Any]:
    """Sample the points `first` to `last` − 1, the blocks `first_block` to `last_block` − 1.

    Returns `counts`, {outcome in hexadecimal: count} of each point, and with a device's noise the
    circuit's depth on it.
    """
    circuit = measured_program(shared.qpy)
    sizes = dict(list(enumerate(block_sizes(shared.shots)))[first_block:last_block])
    rows = shared.points.rows(first, last)
    simulation = simulation_of(shared)
    found = sample_blocks(circuit, rows, sizes, shared.seed, first, simulation)
    counts = [merged(blocks.values()) for blocks in found]
    return {"counts": counts, **placed_facts(circuit, shared.device)}


def compose(shared: Shared) -> dict[str, Any]:
    """Return `qpy`, the circuit as hardware is to sample it: measured whole if it measures none."""
    return {"qpy": qpy_text(measured_program(shared.qpy))}


def simulation_of(shared: Shared) -> Simulation:
    """Return how a run's circuits are simulated.

    Raises:
        ValueError: they are not.
    """
    if shared.method is None:
        message = "these circuits are for hardware"
        raise ValueError(message)
    return Simulation(method=shared.method, device=shared.device)


def placed_facts(circuit: QuantumCircuit, device: str | None) -> Mapping[str, int]:
    """Tell the depth and the two-qubit gates of a circuit on a fake device; nothing without one."""
    if device is None:
        return {}
    after = fitted(circuit, device).after
    return {"isa_depth": after.depth, "two_qubit_gates": after.two_qubit}
