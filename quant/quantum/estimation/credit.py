"""Own the Gaussian conditional independence model of defaults, as arrays and as a register.

Given a standard normal factor z, obligor i defaults on its own with
Φ((Φ⁻¹(pᵢ) − √ρᵢ·z)/√(1 − ρᵢ)) (Rutkowski and Tarca, arXiv 1412.1183, after Vasicek).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from scipy.special import ndtr, ndtri

from core.errors import InvalidInput
from quant.quantum.estimation.distributions import MAX_QUBITS, Distribution, normal
from quant.quantum.estimation.registers import RandomRegister
from quant.quantum.multiplexed import append_multiplexed_ry, preparation

Reals = NDArray[np.float64]


class Rotation(StrEnum):
    """Name how an obligor's qubit turns with the factor.

    `exact` multiplexes the conditional probability of each factor value. `linear` turns by the
    tangent at z = 0, as the circuit of Egger et al. (arXiv 1907.03044) does: fewer gates, and
    other probabilities.
    """

    EXACT = "exact"
    LINEAR = "linear"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CreditModel:
    """Hold default probabilities (n,), correlations (n,) and the grid of the factor.

    The factor takes 2^factor_qubits even values in −width…width.

    Raises:
        InvalidInput: shapes differ, a probability is outside 0…1 or at its ends, a correlation
            outside 0…1 or 1, the width is not above 0, or the register takes over 16 qubits.
    """

    default_probabilities: Reals
    correlations: Reals
    factor_qubits: int
    width: float

    def __post_init__(self) -> None:
        chances, correlations = self.default_probabilities, self.correlations
        if chances.ndim != 1 or chances.shape != correlations.shape or not len(chances):
            reason = f"expected one for each of {chances.shape}, were {correlations.shape}"
            raise InvalidInput(field="correlations", reason=reason)
        if not ((chances > 0).all() and (chances < 1).all()):
            raise InvalidInput(field="default_probabilities", reason="expected between 0 and 1")
        if not ((correlations >= 0).all() and (correlations < 1).all()):
            raise InvalidInput(field="correlations", reason="expected at least 0 and below 1")
        if self.factor_qubits < 1 or self.factor_qubits + len(chances) > MAX_QUBITS:
            reason = f"expected 1 to {MAX_QUBITS - len(chances)}, was {self.factor_qubits}"
            raise InvalidInput(field="factor_qubits", reason=reason)
        _ = self.factor

    @property
    def factor(self) -> Distribution:
        """Return the discretised factor."""
        return normal(mean=0.0, deviation=1.0, qubits=self.factor_qubits, width=self.width)


def default_angles(model: CreditModel, rotation: Rotation) -> Reals:
    """Return the turn of each obligor's qubit at each factor value, (n, 2^factor_qubits)."""
    factor = model.factor.levels()
    scale = np.sqrt(1 - model.correlations)[:, None]
    thresholds = ndtri(model.default_probabilities)[:, None]
    loadings = np.sqrt(model.correlations)[:, None]
    if rotation is Rotation.EXACT:
        angles: Reals = 2 * np.arcsin(np.sqrt(ndtr((thresholds - loadings * factor) / scale)))
        return angles
    centre = thresholds / scale
    chance = ndtr(centre)
    density = np.exp(-(centre**2) / 2) / np.sqrt(2 * np.pi)
    slope = -loadings / scale * density / np.sqrt(chance * (1 - chance))
    tangent: Reals = 2 * np.arcsin(np.sqrt(chance)) + slope * factor
    return tangent


def default_probabilities(model: CreditModel, rotation: Rotation) -> Reals:
    """Return the chance of each set of defaults, (2^n,), obligor i in bit i."""
    chances = np.sin(default_angles(model, rotation) / 2) ** 2
    joint = model.factor.probabilities[None, :]
    for row in chances:
        joint = np.concatenate([joint * (1 - row), joint * row])
    total: Reals = joint.sum(axis=1)
    return total


def credit_register(model: CreditModel, rotation: Rotation = Rotation.EXACT) -> RandomRegister:
    """Return the register of n obligors, obligor i in bit i; the factor's qubits come after."""
    obligors = len(model.default_probabilities)
    factor = range(obligors, obligors + model.factor_qubits)
    circuit = QuantumCircuit(obligors + model.factor_qubits, name="defaults")
    circuit.compose(preparation(model.factor.probabilities), factor, inplace=True)
    for obligor, angles in enumerate(default_angles(model, rotation)):
        if rotation is Rotation.EXACT:
            append_multiplexed_ry(circuit, angles, factor, obligor)
            continue
        circuit.ry(float(angles[0]), obligor)
        for j, qubit in enumerate(factor):
            turn = np.array([0.0, angles[2**j] - angles[0]])
            append_multiplexed_ry(circuit, turn, [qubit], obligor)
    return RandomRegister(
        circuit=circuit,
        qubits=tuple(range(obligors)),
        probabilities=default_probabilities(model, rotation),
    )


def portfolio_losses(losses_given_default: Reals) -> Reals:
    """Return the loss of each set of defaults, (2^n,), of what each obligor (n,) costs."""
    losses = np.zeros(1)
    for amount in losses_given_default:
        losses = np.concatenate([losses, losses + amount])
    return losses
