"""Own what an estimator may ask of a machine, and the ideal machine; imports no Qiskit."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quant.quantum.sweep import block_generator

Reals = NDArray[np.float64]

STREAM = "amplitude estimation"


class Experiment(Protocol):
    """Run Qᵏ A and phase estimation of Q, where A leaves the good state with an amplitude.

    `amplitude` is its exact classical value, printed beside every estimate and never used for it.
    An experiment is exact if it gives expected in place of drawn numbers of outcomes.
    """

    @property
    def amplitude(self) -> float: ...

    @property
    def is_exact(self) -> bool: ...

    @property
    def seed(self) -> int | None: ...

    def good(self, powers: Sequence[int], shots: int) -> Reals:
        """Return how many of `shots` outcomes of each power k of Q were good, (powers,)."""
        ...

    def phases(self, qubits: int, shots: int) -> Reals:
        """Return how often phase estimation read each y in 0…2^qubits − 1, (2^qubits,)."""
        ...


class IdealExperiment:
    """Draw from the ideal machine's probabilities: estimators are studied without circuits."""

    is_exact = False

    def __init__(self, amplitude: float, *, seed: int) -> None:
        self.amplitude = amplitude
        self.seed: int | None = seed
        self._random = block_generator(STREAM, seed, 0)
        self._angle = float(np.arcsin(np.sqrt(amplitude)))

    def good(self, powers: Sequence[int], shots: int) -> Reals:
        return self._random.binomial(shots, good_probabilities(powers, self._angle)).astype(float)

    def phases(self, qubits: int, shots: int) -> Reals:
        expected = phase_probabilities(qubits, np.array([self._angle]))[:, 0]
        return self._random.multinomial(shots, expected / expected.sum()).astype(float)


def good_probabilities(powers: Sequence[int], angle: float) -> Reals:
    """Return sin²((2k + 1)θ) of each power k, (powers,), where the amplitude is sin²θ."""
    return np.sin((2 * np.asarray(powers, dtype=float) + 1) * angle) ** 2


def phase_probabilities(qubits: int, angles: Reals) -> Reals:
    """Return the chance of each outcome y of phase estimation at each angle θ, (2^qubits, angles).

    Both eigenphases ±θ/π of Q weigh one half (Brassard, Høyer, Mosca, Tapp, quant-ph/0005055).
    """
    size = 2**qubits
    outcomes = np.arange(size)[:, None] / size
    turns = angles[None, :] / np.pi
    return (_kernel(outcomes - turns, size) + _kernel(outcomes + turns, size)) / 2


def _kernel(distance: Reals, size: int) -> Reals:
    # sin²(πMd)/(M sin πd)²; numpy's sinc keeps both ends finite at whole numbers
    near = distance - np.round(distance)
    ratio: Reals = (np.sinc(size * near) / np.sinc(near)) ** 2
    return ratio
