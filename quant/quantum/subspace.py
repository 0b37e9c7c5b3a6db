"""Own exact evolution inside the states of Hamming weight k, without the other amplitudes.

Qubit i is bit i of a mask. States are in colexicographic order, which for masks of one weight is
rising integer order. Must not import Qiskit.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.mixers import Mixer
from quant.quantum.sweep import block_generator, block_sizes

Reals = NDArray[np.float64]
State = NDArray[np.complex128]
Selector = slice | NDArray[np.intp]
PairSweep = tuple[tuple[Selector, Selector], ...]

MAX_QUBITS = 63
MAX_STATES = 50_000_000
_BYTES_PER_STATE = 16 * 4
_LONG_BLOCK = 1024  # from here on, a slice costs less than gathering the same amplitudes
_STATES_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Basis:
    """Enumerate the C(n, k) states of n qubits with k ones, in colexicographic order.

    Raises:
        InvalidInput: n is not in 2…63, k not in 1…n−1, or the states would not fit in memory.
    """

    n: int
    k: int

    def __post_init__(self) -> None:
        if not 2 <= self.n <= MAX_QUBITS:
            raise InvalidInput(field="n", reason=f"expected 2 to {MAX_QUBITS}, was {self.n}")
        if not 1 <= self.k < self.n:
            raise InvalidInput(field="k", reason=f"expected 1 to {self.n - 1}, was {self.k}")
        if self.size > MAX_STATES:
            raise InvalidInput(
                field="k",
                reason=f"C({self.n}, {self.k}) = {self.size} states would take "
                f"{self.size * _BYTES_PER_STATE / 1e9:.1f} GB; at most {MAX_STATES} are allowed",
            )

    @property
    def size(self) -> int:
        """Return the number of states, C(n, k)."""
        return comb(self.n, self.k)

    @property
    def masks(self) -> NDArray[np.uint64]:
        """Return the states as integers (size,), rising; read-only."""
        return _masks(self.n, self.k)

    @property
    def bits(self) -> NDArray[np.uint8]:
        """Return the states as rows of 0 and 1 (size, n); column i is qubit i."""
        return _bits(self.masks, self.n)

    def rank(self, mask: int) -> int:
        """Return the index of a state.

        Raises:
            InvalidInput: the mask does not have k ones among n bits.
        """
        if mask < 0 or mask >> self.n or mask.bit_count() != self.k:
            raise InvalidInput(
                field="mask", reason=f"expected {self.k} ones in {self.n} bits, was {mask:#b}"
            )
        positions = (i for i in range(self.n) if mask >> i & 1)
        return sum(comb(position, j) for j, position in enumerate(positions, start=1))

    def unrank(self, index: int) -> int:
        """Return the mask of the state at `index`.

        Raises:
            InvalidInput: the index is not in 0…size−1.
        """
        if not 0 <= index < self.size:
            raise InvalidInput(field="index", reason=f"expected 0 to {self.size - 1}, was {index}")
        mask, left = 0, self.k
        for position in range(self.n - 1, -1, -1):
            below = comb(position, left)
            if left and index >= below:
                mask |= 1 << position
                index -= below
                left -= 1
        return mask


@lru_cache(maxsize=4)
def _masks(n: int, k: int) -> NDArray[np.uint64]:
    rows = [np.zeros(1, dtype=np.uint64)] + [np.zeros(0, dtype=np.uint64)] * k
    for position in range(n):
        top = np.uint64(1 << position)
        rows = [rows[0]] + [np.concatenate((rows[j], rows[j - 1] | top)) for j in range(1, k + 1)]
    masks = rows[k]
    masks.flags.writeable = False
    return masks


def _bits(masks: NDArray[np.uint64], n: int) -> NDArray[np.uint8]:
    return (masks[:, None] >> np.arange(n, dtype=np.uint64) & np.uint64(1)).astype(np.uint8)


def positions_of(masks: NDArray[np.uint64], n: int, k: int) -> NDArray[np.intp]:
    """Return the rising positions of the k ones of each mask (m,) as rows (m, k)."""
    return np.nonzero(_bits(masks, n))[1].reshape(len(masks), k)


def subset_costs(positions: NDArray[np.intp], mu: Reals, sigma: Reals, q: float) -> Reals:
    """Return q·xᵀΣx − μᵀx of the subsets whose members are the rows of `positions` (m, k).

    The order of summation is fixed, so one subset has one value bit for bit, wherever computed.
    """
    linear = q * np.diagonal(sigma) - mu
    pair = q * (sigma + sigma.T)
    columns = np.ascontiguousarray(positions.T)
    total = np.zeros(len(positions))
    for a, members in enumerate(columns):
        total += linear[members]
        for others in columns[:a]:
            total += pair[members, others]
    return total


def cost_vector(basis: Basis, mu: Reals, sigma: Reals, q: float) -> Reals:
    """Return q·xᵀΣx − μᵀx of every state of the basis (size,)."""
    costs = np.empty(basis.size)
    for first in range(0, basis.size, _STATES_AT_ONCE):
        block = slice(first, first + _STATES_AT_ONCE)
        positions = positions_of(basis.masks[block], basis.n, basis.k)
        costs[block] = subset_costs(positions, mu, sigma, q)
    return costs


def ring_edges(n: int) -> tuple[tuple[int, int], ...]:
    """Return QOKit's order of the ring: even neighbours, odd neighbours, then (0, n−1).

    As there, the one edge of two qubits is listed twice.
    """
    even = tuple((i, i + 1) for i in range(0, n - 1, 2))
    odd = tuple((i, i + 1) for i in range(1, n - 1, 2))
    return (*even, *odd, (0, n - 1))


@lru_cache(maxsize=4)
def _sweeps(n: int, k: int, mixer: Mixer) -> tuple[PairSweep, ...]:
    match mixer:
        case Mixer.RING:
            edges = ring_edges(n)
    masks = _masks(n, k)
    return tuple(_pair_sweep(masks, i, j) for i, j in edges)


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


@dataclass(frozen=True, slots=True, eq=False)
class Ansatz:
    """Alternate the phase exp(−iγc) and the mixer on the uniform superposition of a basis.

    `costs` is c (size,). Each XY gate is exp(−iβ(XX+YY)/2). Angles come as p gammas and p betas.

    Raises:
        InvalidInput: the costs do not fit the basis or are not finite.
    """

    basis: Basis
    costs: Reals
    mixer: Mixer = Mixer.RING

    def __post_init__(self) -> None:
        if self.costs.shape != (self.basis.size,):
            reason = f"expected shape ({self.basis.size},), was {self.costs.shape}"
            raise InvalidInput(field="costs", reason=reason)
        if not np.isfinite(self.costs).all():
            raise InvalidInput(field="costs", reason="expected finite numbers only")

    def evolve(self, gammas: Reals, betas: Reals) -> State:
        """Return the final amplitudes (size,), complex128."""
        _check_angles(gammas, betas)
        psi = np.full(self.basis.size, self.basis.size**-0.5, dtype=np.complex128)
        sweeps = _sweeps(self.basis.n, self.basis.k, self.mixer)
        for gamma, beta in zip(gammas.tolist(), betas.tolist(), strict=True):
            psi *= _phase(self.costs, -gamma)
            for sweep in sweeps:
                _rotate(psi, sweep, beta)
        return psi

    def value_and_gradient(self, gammas: Reals, betas: Reals) -> tuple[float, Reals, Reals]:
        """Return ⟨c⟩ and its exact derivatives by gammas (p,) and betas (p,).

        Adjoint method (Jones and Gacon, arXiv 2009.02823): one sweep forward, one back with the
        state and λ = cψ side by side; three vectors of memory whatever the depth.
        """
        psi = self.evolve(gammas, betas)
        value = expectation(psi, self.costs)
        costate = self.costs * psi
        by_gamma, by_beta = np.zeros(len(gammas)), np.zeros(len(betas))
        sweeps = _sweeps(self.basis.n, self.basis.k, self.mixer)
        for layer in range(len(gammas) - 1, -1, -1):
            gamma, beta = float(gammas[layer]), float(betas[layer])
            for sweep in reversed(sweeps):
                by_beta[layer] += 2.0 * _rotate_back(psi, costate, sweep, beta)
            by_gamma[layer] = 2.0 * _imaginary_overlap(costate, self.costs * psi)
            undo = _phase(self.costs, gamma)
            psi *= undo
            costate *= undo
        return value, by_gamma, by_beta


def _check_angles(gammas: Reals, betas: Reals) -> None:
    if gammas.ndim != 1 or gammas.shape != betas.shape:
        reason = f"expected as many betas as gammas, were {betas.shape} and {gammas.shape}"
        raise InvalidInput(field="betas", reason=reason)


def _phase(costs: Reals, angle: float) -> State:
    turned = angle * costs
    factors = np.empty(len(costs), dtype=np.complex128)
    np.cos(turned, out=factors.real)
    np.sin(turned, out=factors.imag)
    return factors


def _rotate(psi: State, sweep: PairSweep, beta: float) -> None:
    """Apply exp(−iβ(XX+YY)/2) on one edge, in place."""
    for left, right in sweep:
        psi[left], psi[right] = _turned(psi[left], psi[right], beta)


def _rotate_back(psi: State, costate: State, sweep: PairSweep, beta: float) -> float:
    """Undo one gate on both states, in place, and return Im⟨costate|(XX+YY)/2|psi⟩."""
    total = 0.0
    for left, right in sweep:
        a, b, bra_a, bra_b = psi[left], psi[right], costate[left], costate[right]
        total += _imaginary_overlap(bra_a, b) + _imaginary_overlap(bra_b, a)
        psi[left], psi[right] = _turned(a, b, -beta)
        costate[left], costate[right] = _turned(bra_a, bra_b, -beta)
    return total


def _turned(a: State, b: State, beta: float) -> tuple[State, State]:
    cosine, sine = np.cos(beta), -1j * np.sin(beta)
    new_a, new_b = cosine * a, cosine * b
    new_a += sine * b
    new_b += sine * a
    return new_a, new_b


def _imaginary_overlap(bra: State, ket: State) -> float:
    """Return Im⟨bra|ket⟩ by numpy's own pairwise sum, which no thread count changes."""
    terms = bra.real * ket.imag
    terms -= bra.imag * ket.real
    return float(terms.sum())


def probabilities(psi: State) -> Reals:
    """Return |ψ|² (size,)."""
    return psi.real**2 + psi.imag**2


def expectation(psi: State, costs: Reals) -> float:
    """Return ⟨ψ|c|ψ⟩."""
    return float((probabilities(psi) * costs).sum())


def sample(psi: State, shots: int, seed: int) -> NDArray[np.intp]:
    """Draw the ranks of `shots` measured states (shots,), seeded per 1,024-shot block."""
    cumulative = np.cumsum(probabilities(psi))
    draws = [
        block_generator("subspace", seed, block).random(size)
        for block, size in enumerate(block_sizes(shots))
    ]
    ranks = np.searchsorted(cumulative, np.concatenate(draws) * cumulative[-1], side="right")
    # rounding may leave a draw beyond the last cumulative value
    clipped: NDArray[np.intp] = np.minimum(ranks, len(psi) - 1)
    return clipped
