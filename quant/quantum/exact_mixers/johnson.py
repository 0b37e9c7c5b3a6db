"""Own the exact mixer of the complete graph, which is the Johnson graph J(n, k) on the states.

Coupled to total spins the mixer is diagonal. Coupling qubit by qubit takes n−1 sweeps of
reflections that touch neighbouring runs (Iglesias and Natale, arXiv 1704.06299 and 1912.09243):
with d = min(k, n−k) about 24d operations for each amplitude there and back, where a polynomial
through the d + 1 eigenvalues takes 4d² in its products with the mixer.
"""

from math import comb
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from quant.quantum.amplitudes import State, checked
from quant.quantum.basis import Basis
from quant.quantum.exact_mixers.spins import (
    Couplings,
    Integers,
    couple,
    imaginary_overlap,
    lower,
    uncouple,
)

Reals = NDArray[np.float64]

# an odd number; fewer qubits leave more calls than work, more of them cost more than reflections
_BASE = 7


class CompleteMixer:
    """Evolve under H = Σ (XX+YY)/2 over all pairs of qubits, which is S⁺S⁻ − k."""

    def __init__(self, basis: Basis, dtype: DTypeLike) -> None:
        self._basis = basis
        self._dtype = np.dtype(dtype)
        self._there, self._back = _couplings(basis.n, np.dtype(dtype))

    def apply(self, psi: State, beta: float) -> None:
        """Apply exp(−iβH) to the amplitudes (size,), in place."""
        n, k, groups = self._basis.n, self._basis.k, self._there.groups
        x = checked(psi, self._basis, self._dtype).view(psi.real.dtype)
        y = np.empty_like(x)
        couple(x, y, 0, n, k, self._there)
        is_in_x = (n + 1 - len(self._there.bases)) % 2 == 0
        spins = (x if is_in_x else y).view(self._dtype)
        for d, energy in enumerate(eigenvalues(n, k)):
            spins[groups[n, d] : groups[n, d + 1]] *= np.exp(-1j * beta * energy)
        uncouple(x, y, 0, n, k, self._back)

    def overlap(self, bra: State, ket: State) -> float:
        """Return Im⟨bra|H|ket⟩, half the derivative of an expectation by β."""
        checked(bra, self._basis, self._dtype)
        checked(ket, self._basis, self._dtype)
        ones = min(self._basis.k, self._basis.n - self._basis.k)
        raised = imaginary_overlap(self._lowered(bra), self._lowered(ket))
        return raised - ones * imaginary_overlap(bra, ket)

    def _lowered(self, psi: State) -> State:
        """Return S⁻ψ, or S⁺ψ where that is the shorter one."""
        n, k = self._basis.n, self._basis.k
        if 2 * k > n:
            # flipping every qubit turns the order of the states around, and leaves H as it is
            psi, k = np.ascontiguousarray(psi[::-1]), n - k
        out = np.empty(comb(n, k - 1), dtype=self._dtype)
        lower(psi, 0, out, 0, n, k, self._there)
        return out


def eigenvalues(n: int, k: int) -> list[int]:
    """Return the d = 0…min(k, n−k) eigenvalues of J(n, k); the d-th has C(n, d) − C(n, d−1) states.

    Delsarte, "An algebraic approach to the association schemes of coding theory" (1973).
    """
    return [(k - d) * (n - k - d) - d for d in range(min(k, n - k) + 1)]


def _couplings(n: int, dtype: np.dtype[Any]) -> tuple[Couplings, Couplings]:
    """Return the tables of the way to spins and of the way back."""
    real = np.empty(0, dtype=dtype).real.dtype
    groups = np.zeros((n + 1, n + 3), dtype=np.int64)
    groups[:, 1:] = [[comb(m, d) for d in range(n + 2)] for m in range(n + 1)]
    roots = np.sqrt(np.arange(n + 1))
    single = Couplings(groups, roots, np.ones((2, 1, 1)), np.zeros((2, 1, 1), dtype=np.int64))
    bases = _base_matrices(single) if n > _BASE else single.bases
    lowered = _lowered_states() if n > _BASE else single.lowered
    back = np.ascontiguousarray(bases.transpose(0, 2, 1))
    return (
        Couplings(groups, roots.astype(real), bases.astype(real), lowered),
        Couplings(groups, roots.astype(real), back.astype(real), lowered),
    )


def _base_matrices(tables: Couplings) -> Reals:
    """Couple each state of the lowest qubits by itself."""
    most = comb(_BASE, _BASE // 2)
    matrices = np.zeros((_BASE + 1, most, most))
    for ones in range(_BASE + 1):
        for state in range(comb(_BASE, ones)):
            x, y = np.zeros((2, 2 * comb(_BASE, ones)))
            x[2 * state] = 1.0
            couple(x, y, 0, _BASE, ones, tables)
            matrices[ones, : len(x) // 2, state] = x[::2]
    return matrices


def _lowered_states() -> Integers:
    """Return which states of the lowest qubits each of their states is lowered to."""
    by_weight: list[list[int]] = [[] for _ in range(_BASE + 1)]
    for mask in range(2**_BASE):
        by_weight[mask.bit_count()].append(mask)
    lowered = np.zeros((_BASE + 1, comb(_BASE, _BASE // 2), _BASE), dtype=np.int64)
    for ones in range(1, _BASE + 1):
        place = {mask: row for row, mask in enumerate(by_weight[ones - 1])}
        for row, mask in enumerate(by_weight[ones]):
            without = [place[mask ^ 1 << i] for i in range(_BASE) if mask >> i & 1]
            lowered[ones, row, :ones] = without
    return lowered
