"""Be the bodies of tasks of the benchmark: nothing at all, and one circuit to a task."""

from functools import cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator

from benchmarks.fan_out.work import SHOTS


def nothing(shared: Any, index: int) -> dict[str, Any]:
    """Return at once."""
    return {"index": index}


@cache
def simulator() -> AerSimulator:
    """Return this process's simulator."""
    return AerSimulator(method="statevector", max_parallel_threads=1)


def one_circuit(circuit: QuantumCircuit, row: list[float], seed: int) -> dict[str, int]:
    """Bind, run and read one circuit."""
    job = simulator().run(circuit.assign_parameters(row), shots=SHOTS, seed_simulator=seed)
    counts: dict[str, int] = job.result().results[0].data.counts
    return counts
