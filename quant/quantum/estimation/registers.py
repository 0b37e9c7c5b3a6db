"""Own random registers: circuits whose outcomes are random variables, and questions to them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

from core.errors import InvalidInput
from quant.quantum.estimation.distributions import Distribution
from quant.quantum.estimation.grover import AmplitudeProblem
from quant.quantum.multiplexed import append_multiplexed_ry, preparation

Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RandomRegister:
    """Hold a circuit, the qubits that carry the outcome (the lowest first), and its chances (N,).

    The chances are exact and classical; the circuit may use further qubits.
    """

    circuit: QuantumCircuit
    qubits: tuple[int, ...]
    probabilities: Reals

    def problem(self, fractions: Reals) -> AmplitudeProblem:
        """Return the problem whose amplitude is Σ pᵢ fᵢ, of fractions (N,) in 0…1.

        One more qubit turns by 2·asin √fᵢ where the register reads i, so no payoff is
        approximated; this costs N rotations, as loading N probabilities does.

        Raises:
            InvalidInput: not N fractions, or one outside 0…1.
        """
        if fractions.shape != self.probabilities.shape:
            reason = f"expected {self.probabilities.shape}, were {fractions.shape}"
            raise InvalidInput(field="fractions", reason=reason)
        if not ((fractions >= 0).all() and (fractions <= 1).all()):
            raise InvalidInput(field="fractions", reason="expected values of 0 to 1")
        width = self.circuit.num_qubits
        circuit = QuantumCircuit(width + 1, name="A")
        circuit.compose(self.circuit, range(width), inplace=True)
        append_multiplexed_ry(circuit, 2 * np.arcsin(np.sqrt(fractions)), self.qubits, width)
        return AmplitudeProblem(
            preparation=circuit,
            objective=width,
            amplitude=float(np.clip(self.probabilities @ fractions, 0.0, 1.0)),
        )


def load(distribution: Distribution) -> RandomRegister:
    """Return the register of log₂ N qubits that reads point i with its probability."""
    circuit = preparation(distribution.probabilities)
    return RandomRegister(
        circuit=circuit,
        qubits=tuple(range(circuit.num_qubits)),
        probabilities=distribution.probabilities,
    )


def bernoulli(probability: float) -> AmplitudeProblem:
    """Return the one-qubit problem of this amplitude.

    Raises:
        InvalidInput: probability outside 0…1.
    """
    if not 0 <= probability <= 1:
        reason = f"expected 0 to 1, was {probability}"
        raise InvalidInput(field="probability", reason=reason)
    circuit = QuantumCircuit(1, name="A")
    circuit.ry(2 * float(np.arcsin(np.sqrt(probability))), 0)
    return AmplitudeProblem(preparation=circuit, objective=0, amplitude=probability)
