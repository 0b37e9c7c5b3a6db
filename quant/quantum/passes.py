"""Own single passes over amplitudes: probabilities, averages, derivatives; without temporaries.

Amplitudes are complex64 or complex128; sums are float64.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.quantum.amplitudes import State
from quant.quantum.compiled import kernel
from quant.quantum.phase import cosine_and_sine

Reals = NDArray[np.float64]


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


def undo_phase(ket: State, bra: State, costs: Reals, gamma: float) -> float:
    """Apply exp(iγc) to both contiguous states (size,), in place, and return Im⟨bra|c|ket⟩."""
    reals = ket.real.dtype
    return _undo_phase(ket.view(reals), bra.view(reals), costs, gamma)


@kernel
def _undo_phase(x: NDArray[Any], y: NDArray[Any], costs: Reals, gamma: float) -> float:
    total = 0.0
    for i in range(costs.size):
        cosine, sine = cosine_and_sine(gamma * costs[i], 0)
        a, b = np.float64(x[2 * i]), np.float64(x[2 * i + 1])
        c, d = np.float64(y[2 * i]), np.float64(y[2 * i + 1])
        total += costs[i] * (c * b - d * a)
        x[2 * i], x[2 * i + 1] = a * cosine - b * sine, a * sine + b * cosine
        y[2 * i], y[2 * i + 1] = c * cosine - d * sine, c * sine + d * cosine
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
