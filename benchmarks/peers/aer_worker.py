"""Evaluate our circuit of the XY ring on Aer's state vector: all 2^n amplitudes."""

import sys
from typing import Any

import numpy as np
from qiskit_aer import AerSimulator

from benchmarks.peers.conversation import Evaluate, Prepare, all_costs, answer, feasible
from quant.quantum.circuits import ansatz_circuit
from quant.quantum.ising import Ising


def main() -> None:
    """Answer until stdin ends; the argument is the number of threads."""
    simulator = AerSimulator(
        method="statevector", precision="double", max_parallel_threads=int(sys.argv[1])
    )
    answer(lambda problem: _open(simulator, problem), "state vector, default fusion")


def _open(simulator: AerSimulator, problem: dict[str, Any]) -> Prepare:
    states = feasible(problem)
    costs = all_costs(problem)[states]
    cost = Ising.of_quadratic(np.array(problem["mu"]), np.array(problem["sigma"]), problem["q"])

    def prepare(gammas: list[float], betas: list[float]) -> Evaluate:
        # Building is not timed, nor is transpiling: Aer is faster with these gates as they are.
        circuit = ansatz_circuit(cost, problem["k"], gammas, betas)
        circuit.save_probabilities()

        def evaluate() -> float:
            data = simulator.run(circuit, shots=1).result().data()
            return float(data["probabilities"][states] @ costs)

        return evaluate

    return prepare


if __name__ == "__main__":
    main()
