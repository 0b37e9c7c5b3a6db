"""Own sampling of Qiskit circuits on Aer's state-vector simulator, one thread, double precision."""

from collections.abc import Mapping
from typing import Any

from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from core.errors import SourceUnavailable
from quant.quantum.sweep import block_seed


def sample_on_aer(
    circuit: QuantumCircuit, shots_of_block: Mapping[int, int], seed: int
) -> dict[int, dict[str, int]]:
    """Return the counts of each block, by bit string, qubit 0 rightmost.

    `circuit` has no measurements. Aer evolves it once; then each block measures all qubits of
    that state in a run of its own, seeded by (seed, block). A block's counts therefore depend
    neither on the other blocks of the call nor on the number of threads.

    Raises:
        SourceUnavailable: Aer refused or failed, for want of memory for instance.
    """
    simulator = AerSimulator(method="statevector", precision="double", max_parallel_threads=1)
    evolved = circuit.copy()
    evolved.save_statevector()
    state = _run(simulator, evolved, shots=1, seed=0).get_statevector()
    measured = _measured(circuit.num_qubits, state)
    return {
        block: dict(
            _run(simulator, measured, shots, block_seed("aer", seed, block)).get_counts().items()
        )
        for block, shots in shots_of_block.items()
    }


def _measured(qubits: int, state: Statevector) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    circuit.set_statevector(state)
    circuit.measure_all()
    return circuit


def _run(simulator: AerSimulator, circuit: QuantumCircuit, shots: int, seed: int) -> Any:
    result = simulator.run(circuit, shots=shots, seed_simulator=seed).result()
    if not result.success:
        raise SourceUnavailable(source="aer", reason=str(result.status))
    return result
