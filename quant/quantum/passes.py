"""Own single passes over amplitudes: probabilities, averages and overlaps, without temporaries.

Amplitudes are complex64 or complex128; sums are float64.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel

Reals = NDArray[np.float64]
State = NDArray[np.complexfloating[Any, Any]]


@kernel
def fill_probabilities(psi: State, probabilities: Reals) -> None:
    """Write |ψ|² (size,)."""
    for i in range(psi.size):
        real, imaginary = np.float64(psi[i].real), np.float64(psi[i].imag)
        probabilities[i] = real * real + imaginary * imaginary


@kernel
def average(psi: State, weights: Reals) -> float:
    """Return ⟨ψ|w|ψ⟩ of a diagonal w (size,)."""
    total = 0.0
    for i in range(psi.size):
        real, imaginary = np.float64(psi[i].real), np.float64(psi[i].imag)
        total += weights[i] * (real * real + imaginary * imaginary)
    return total


@kernel
def fill_weighted(psi: State, weights: Reals, weighted: State) -> None:
    """Write w·ψ (size,)."""
    for i in range(psi.size):
        weighted[i] = weights[i] * psi[i]


@kernel
def imaginary_overlap(bra: State, ket: State, weights: Reals) -> float:
    """Return Im⟨bra|w|ket⟩ of a diagonal w (size,)."""
    total = 0.0
    for i in range(ket.size):
        left, right = bra[i], ket[i]
        total += weights[i] * (
            np.float64(left.real) * np.float64(right.imag)
            - np.float64(left.imag) * np.float64(right.real)
        )
    return total


@kernel
def lower_tail(
    probabilities: Reals, costs: Reals, order: NDArray[np.int32], alpha: float
) -> tuple[float, float]:
    """Return the mean cost of the cheapest outcomes of probability α, and the cost that ends them.

    `order` lists the outcomes from the cheapest up.
    """
    reached, total = 0.0, 0.0
    last = costs[order[-1]]
    for outcome in order:
        cost = costs[outcome]
        if reached + probabilities[outcome] >= alpha:
            last = cost
            break
        reached += probabilities[outcome]
        total += probabilities[outcome] * cost
    return (total + (alpha - reached) * last) / alpha, last
