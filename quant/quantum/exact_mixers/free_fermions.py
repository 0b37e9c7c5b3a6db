"""Own the exact XY ring: free fermions, whose n×n matrix holds the evolution of all C(n, k) states.

After Jordan and Wigner the ring hops single particles, so its evolution is a sequence of at most
n(n−1)/2 turns of neighbouring modes, whatever the angle.
"""

from functools import lru_cache
from itertools import combinations, pairwise
from math import comb

import numpy as np
from numpy.typing import DTypeLike, NDArray

from quant.quantum.amplitudes import State, checked
from quant.quantum.basis import Basis
from quant.quantum.exact_mixers.givens import (
    Integers,
    Tables,
    apply_turns,
    decompose,
    neighbour_overlap,
    wrap_overlap,
)

Reals = NDArray[np.float64]
Complexes = NDArray[np.complex128]

_WINDOW = 8
_COLUMNS_PER_TILE = 4


class RingMixer:
    """Evolve under H = Σ (XX+YY)/2 over the edges of a ring, without Trotter error.

    As in the Trotter ring, the one edge of two qubits counts twice. Lieb, Schultz and Mattis,
    Annals of Physics 16 (1961) 407, for the fermions; Kivlichan et al., arXiv 1711.04789, for the
    turns of neighbours.
    """

    def __init__(self, basis: Basis, dtype: DTypeLike) -> None:
        self._basis = basis
        self._dtype = np.dtype(dtype)
        self._energies, self._modes = np.linalg.eigh(hopping(basis.n, basis.k))
        self._tables = _tables(basis.n, basis.k)

    def apply(self, psi: State, beta: float) -> None:
        """Apply exp(−iβH) to the amplitudes (size,), in place."""
        x = checked(psi, self._basis, self._dtype).view(psi.real.dtype)
        turns = self._basis.n * (self._basis.n - 1) // 2
        cosines, sines = np.empty((2, turns), dtype=np.complex128)
        decompose(self._one_particle(beta), cosines, sines)
        apply_turns(x, cosines.astype(self._dtype), sines.astype(self._dtype), self._tables)

    def overlap(self, bra: State, ket: State) -> float:
        """Return Im⟨bra|H|ket⟩, half the derivative of an expectation by β."""
        n, k, tables = self._basis.n, self._basis.k, self._tables
        checked(bra, self._basis, self._dtype)
        checked(ket, self._basis, self._dtype)
        inner = neighbour_overlap(bra, ket, tables, 0, n, k)
        top = int(tables.binomials[n - 1, k])
        return inner + wrap_overlap(bra, ket, tables.binomials, 0, top, n - 1, k - 1)

    def _one_particle(self, beta: float) -> Complexes:
        """Return exp(−iβA) (n, n) of the hopping matrix A."""
        matrix: Complexes = (self._modes * np.exp(-1j * beta * self._energies)) @ self._modes.T
        if self._basis.n % 2 == 0:
            # between even and odd sites it is imaginary, else real: turns then take half the work
            matrix[::2, ::2].imag = matrix[1::2, 1::2].imag = 0.0
            matrix[::2, 1::2].real = matrix[1::2, ::2].real = 0.0
        return matrix


def hopping(n: int, k: int) -> Reals:
    """Return how k fermions hop on the ring (n, n): one between neighbours, (−1)^(k−1) at the seam.

    A particle that crosses the seam passes the k−1 others, and changes sign with each.
    """
    matrix = np.zeros((n, n))
    for i, j in pairwise(range(n)):
        matrix[i, j] = matrix[j, i] = 1.0
    seam = 1.0 if k % 2 else -1.0
    matrix[0, n - 1] += seam
    matrix[n - 1, 0] += seam
    return matrix


@lru_cache(maxsize=4)
def _tables(n: int, k: int) -> Tables:
    width = min(n, _WINDOW)
    binomials = binomial_table(n)
    tiles, turns = _tiles(n, width)
    blocks, ends = _blocks(n, k, width, binomials)
    patterns = [_patterns(width, weight) for weight in range(width + 1)]
    rows = np.cumsum([0, *(len(of_weight) for of_weight in patterns)], dtype=np.int64)
    pairs, spans = _pairs(width, patterns)
    offsets = _offsets(n, k, width, patterns)
    return Tables(binomials, tiles, turns, blocks, ends, rows, offsets, pairs, spans)


def binomial_table(n: int) -> Integers:
    """Return C(i, m) for i and m up to n (n+1, n+1)."""
    return np.array([[comb(i, m) for m in range(n + 1)] for i in range(n + 1)], dtype=np.int64)


def _tiles(n: int, width: int) -> tuple[Integers, Integers]:
    """Group the turns into tiles that fit a window of so many modes.

    A tile holds some columns of the decomposition, each shifted up one mode against the one
    before it, so that what a turn waits for is in its own tile or in an earlier one.
    """
    height = min(_COLUMNS_PER_TILE, width // 2)
    length = width - height
    tiles: list[tuple[int, int, int]] = []
    turns: list[tuple[int, int]] = []
    for group in range(0, n - 1, height):
        for top in range(n - 2, group - 1, -length):
            met = [
                (column, mode)
                for column in range(group, min(group + height, n - 1))
                for mode in range(top + column - group, top + column - group - length, -1)
                if column <= mode <= n - 2
            ]
            lo = min(min(mode for _, mode in met), n - width)
            tiles.append((lo, len(turns), len(turns) + len(met)))
            turns += [(_turn_number(n, column, mode), mode - lo) for column, mode in met]
    return np.array(tiles, dtype=np.int64), np.array(turns, dtype=np.int64)


def _turn_number(n: int, column: int, mode: int) -> int:
    before = column * (2 * n - 1 - column) // 2
    return before + n - 2 - mode


def _blocks(n: int, k: int, width: int, binomials: Integers) -> tuple[Integers, Integers]:
    """List, for each window, the patterns above it by how many ones they leave."""
    parts: list[Integers] = []
    ends = np.zeros((n - width + 1, k + 2), dtype=np.int64)
    starts, ones = np.zeros(1, dtype=np.int64), np.full(1, k, dtype=np.int64)
    total = 0
    for lo in range(n - width, -1, -1):
        order = np.argsort(ones, kind="stable")
        parts.append(starts[order])
        ends[lo] = total + np.searchsorted(ones[order], np.arange(k + 2))
        total += len(starts)
        mode = lo + width - 1
        starts = np.stack((starts, starts + binomials[mode, ones]), axis=1).ravel()
        ones = np.stack((ones, ones - 1), axis=1).ravel()
        fits = (ones >= 0) & (ones <= mode)
        starts, ones = starts[fits], ones[fits]
    return np.concatenate(parts), ends


def _patterns(width: int, weight: int) -> list[tuple[int, ...]]:
    return sorted(combinations(range(width), weight), key=lambda ones: ones[::-1])


def _pairs(width: int, patterns: list[list[tuple[int, ...]]]) -> tuple[Integers, Integers]:
    pairs: list[tuple[int, int]] = []
    spans = np.zeros((width - 1, width + 2), dtype=np.int64)
    for mode in range(width - 1):
        for weight, of_weight in enumerate(patterns):
            spans[mode, weight] = len(pairs)
            place = {ones: row for row, ones in enumerate(of_weight)}
            for ones, row in place.items():
                if mode in ones and mode + 1 not in ones:
                    moved = tuple(i + 1 if i == mode else i for i in ones)
                    pairs.append((row, place[moved]))
        spans[mode, width + 1] = len(pairs)
    return np.array(pairs, dtype=np.int64), spans


def _offsets(n: int, k: int, width: int, patterns: list[list[tuple[int, ...]]]) -> Integers:
    rows = [ones for of_weight in patterns for ones in of_weight]
    offsets = np.zeros((n - width + 1, k + 1, len(rows)), dtype=np.int64)
    for lo in range(n - width + 1):
        for below in range(min(lo, k) + 1):
            offsets[lo, below] = [
                sum(comb(lo + i, below + j) for j, i in enumerate(ones, start=1)) for ones in rows
            ]
    return offsets
