"""Own how an ansatz is evolved: what every engine offers, and the engine of the exact mixers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quant.quantum.amplitudes import State
from quant.quantum.mixers import ExactMixer
from quant.quantum.passes import (
    average,
    fill_probabilities,
    fill_weighted,
    undo_phase,
)
from quant.quantum.phase import apply_phase

Reals = NDArray[np.float64]

Observable = Callable[[Reals], tuple[float, Reals]]
"""Turn probabilities (size,) into a value and its derivatives (size,) by them."""


class Precision(StrEnum):
    """Name the amplitudes' types; sums and costs are float64 with either."""

    DOUBLE = "complex128"
    SINGLE = "complex64"


class Engine(Protocol):
    """Evolve one ansatz; angles are finite and as many gammas as betas.

    States and probabilities are in colexicographic order, whatever is held inside.
    """

    def evolve(self, gammas: Reals, betas: Reals) -> State:
        """Return the final amplitudes (size,), the caller's own."""
        ...

    def expectation(self, gammas: Reals, betas: Reals) -> float:
        """Return ⟨c⟩."""
        ...

    def expectations(self, gammas: Reals, betas: Reals) -> Reals:
        """Return ⟨c⟩ (b,) of each row of gammas (b, p) and betas (b, p)."""
        ...

    def value_and_gradient(
        self, gammas: Reals, betas: Reals, observable: Observable | None = None
    ) -> tuple[float, Reals, Reals]:
        """Return the value and its derivatives by gammas (p,) and betas (p,).

        The value is ⟨c⟩ unless an observable is given.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExactEngine:
    """Alternate the phase exp(−iγc) of `costs` (size,) with an exact mixer.

    It begins with `start` (size,), and with the uniform superposition if that is None.
    """

    mixer: ExactMixer
    costs: Reals
    precision: Precision
    start: State | None = None

    def evolve(self, gammas: Reals, betas: Reals) -> State:
        """Return the final amplitudes (size,)."""
        psi = np.empty(len(self.costs), dtype=self.precision)
        self._evolve(psi, gammas, betas)
        return psi

    def expectation(self, gammas: Reals, betas: Reals) -> float:
        """Return ⟨c⟩."""
        return average(self.evolve(gammas, betas), self.costs)

    def expectations(self, gammas: Reals, betas: Reals) -> Reals:
        """Return ⟨c⟩ (b,) of each row of gammas (b, p) and betas (b, p)."""
        values = np.empty(len(gammas))
        psi = np.empty(len(self.costs), dtype=self.precision)
        for row, angles in enumerate(zip(gammas, betas, strict=True)):
            self._evolve(psi, *angles)
            values[row] = average(psi, self.costs)
        return values

    def value_and_gradient(
        self, gammas: Reals, betas: Reals, observable: Observable | None = None
    ) -> tuple[float, Reals, Reals]:
        """Return the value and its derivatives by gammas (p,) and betas (p,).

        Adjoint method (Jones and Gacon, arXiv 2009.02823): with λ = wψ for the value's derivatives
        w by the probabilities, walk both back; dE/dβ = 2 Im⟨λ|H|ψ⟩ and dE/dγ = 2 Im⟨λ|c|ψ⟩.
        """
        psi = self.evolve(gammas, betas)
        adjoint = np.empty_like(psi)
        value = begin_adjoint(psi, self.costs, adjoint, observable)
        by_gamma, by_beta = np.zeros(len(gammas)), np.zeros(len(betas))
        for layer in range(len(gammas) - 1, -1, -1):
            gamma, beta = float(gammas[layer]), float(betas[layer])
            by_beta[layer] = 2.0 * self.mixer.overlap(adjoint, psi)
            self.mixer.apply(psi, -beta)
            self.mixer.apply(adjoint, -beta)
            by_gamma[layer] = 2.0 * undo_phase(psi, adjoint, self.costs, gamma)
        return value, by_gamma, by_beta

    def _evolve(self, psi: State, gammas: Reals, betas: Reals) -> None:
        psi[:] = len(psi) ** -0.5 if self.start is None else self.start
        for gamma, beta in zip(gammas.tolist(), betas.tolist(), strict=True):
            apply_phase(psi, self.costs, gamma)
            self.mixer.apply(psi, beta)


def begin_adjoint(psi: State, costs: Reals, adjoint: State, observable: Observable | None) -> float:
    """Write wψ for the derivatives w of the observable, ⟨c⟩ if none, and return its value."""
    if observable is None:
        fill_weighted(psi, costs, adjoint)
        return average(psi, costs)
    probabilities = np.empty(len(psi))
    fill_probabilities(psi, probabilities)
    value, weights = observable(probabilities)
    fill_weighted(psi, weights, adjoint)
    return value
