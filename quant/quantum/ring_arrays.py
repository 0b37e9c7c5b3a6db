"""Own the Trotter ring in plain numpy: each XY gate turns slices or gathered pairs."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.quantum.basis import Basis
from quant.quantum.edges import ring_edges
from quant.quantum.engine import Observable, Precision, begin_adjoint
from quant.quantum.mixers import State
from quant.quantum.passes import average, imaginary_overlap
from quant.quantum.phase_arrays import apply_phase

Reals = NDArray[np.float64]
Selector = slice | NDArray[np.intp]
PairSweep = tuple[tuple[Selector, Selector], ...]

_LONG_BLOCK = 1024  # from here on, a slice costs less than gathering the same amplitudes


@dataclass(frozen=True, slots=True, eq=False)
class RingEngine:
    """Alternate the phase exp(−iγc) with exp(−iβ(XX+YY)/2) on each edge of the ring."""

    basis: Basis
    costs: Reals
    precision: Precision
    start: State | None = None
    threads: int | None = None

    def evolve(self, gammas: Reals, betas: Reals) -> State:
        """Return the final amplitudes (size,)."""
        psi = np.empty(self.basis.size, dtype=self.precision)
        psi[:] = len(psi) ** -0.5 if self.start is None else self.start
        for gamma, beta in zip(gammas.tolist(), betas.tolist(), strict=True):
            apply_phase(psi, self.costs, gamma)
            for sweep in _sweeps(self.basis):
                _rotate(psi, sweep, beta)
        return psi

    def expectation(self, gammas: Reals, betas: Reals) -> float:
        """Return ⟨c⟩."""
        return average(self.evolve(gammas, betas), self.costs)

    def expectations(self, gammas: Reals, betas: Reals) -> Reals:
        """Return ⟨c⟩ (b,) of each row of gammas (b, p) and betas (b, p)."""
        rows = zip(gammas, betas, strict=True)
        return np.array([self.expectation(*row) for row in rows], dtype=np.float64)

    def value_and_gradient(
        self, gammas: Reals, betas: Reals, observable: Observable | None = None
    ) -> tuple[float, Reals, Reals]:
        """Return the value and its derivatives by gammas (p,) and betas (p,)."""
        psi = self.evolve(gammas, betas)
        adjoint = np.empty_like(psi)
        value = begin_adjoint(psi, self.costs, adjoint, observable)
        by_gamma, by_beta = np.zeros(len(gammas)), np.zeros(len(betas))
        for layer in range(len(gammas) - 1, -1, -1):
            gamma, beta = float(gammas[layer]), float(betas[layer])
            for sweep in reversed(_sweeps(self.basis)):
                by_beta[layer] += 2.0 * _overlap(adjoint, psi, sweep)
                _rotate(psi, sweep, -beta)
                _rotate(adjoint, sweep, -beta)
            by_gamma[layer] = 2.0 * imaginary_overlap(adjoint, psi, self.costs)
            apply_phase(psi, self.costs, -gamma)
            apply_phase(adjoint, self.costs, -gamma)
        return value, by_gamma, by_beta


@lru_cache(maxsize=4)
def _sweeps(basis: Basis) -> tuple[PairSweep, ...]:
    masks = basis.masks
    return tuple(_pair_sweep(masks, i, j) for i, j in ring_edges(basis.n))


def _pair_sweep(masks: NDArray[np.uint64], i: int, j: int) -> PairSweep:
    """Select the amplitudes that an XY gate on (i, j) rotates into each other.

    Removing bit i from one side and bit j from the other leaves the same rising sequence, so the
    two selections correspond in order. For neighbours they are adjacent contiguous blocks.
    """
    at_i = (masks >> np.uint64(i) & np.uint64(1)).astype(bool)
    at_j = (masks >> np.uint64(j) & np.uint64(1)).astype(bool)
    left, right = np.flatnonzero(at_i & ~at_j), np.flatnonzero(at_j & ~at_i)
    breaks = np.flatnonzero((np.diff(left) != 1) | (np.diff(right) != 1)) + 1
    if len(left) < _LONG_BLOCK * (len(breaks) + 1):
        return ((left, right),)
    starts, ends = [0, *breaks.tolist()], [*breaks.tolist(), len(left)]
    return tuple(
        (
            slice(int(left[first]), int(left[last - 1]) + 1),
            slice(int(right[first]), int(right[last - 1]) + 1),
        )
        for first, last in zip(starts, ends, strict=True)
    )


def _rotate(psi: State, sweep: PairSweep, beta: float) -> None:
    cosine, sine = np.cos(beta), -1j * np.sin(beta)
    for left, right in sweep:
        a, b = psi[left], psi[right]
        psi[left], psi[right] = cosine * a + sine * b, cosine * b + sine * a


def _overlap(bra: State, ket: State, sweep: PairSweep) -> float:
    """Return Im⟨bra|(XX+YY)/2|ket⟩ of one edge."""
    crossed = ((bra[left], ket[right]) for left, right in sweep)
    mirrored = ((bra[right], ket[left]) for left, right in sweep)
    return sum(float(np.vdot(a, b).imag) for pairs in (crossed, mirrored) for a, b in pairs)
