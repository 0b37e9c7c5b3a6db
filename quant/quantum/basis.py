"""Own the states of Hamming weight k: how many there are, their order, and how many are allowed.

Qubit i is bit i of a mask. States are in colexicographic order, which for masks of one weight is
rising integer order.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

MAX_QUBITS = 63
MAX_BYTES = 4_000_000_000
# a gradient of CVaR holds costs in two orders, probabilities and their weights, and the state, its
# adjoint and what a mixer needs of both
BYTES_PER_STATE = 4 * 8 + 4 * 16
_COUNTABLE_QUBITS = 1000  # beyond, C(n, k) may not fit a float


@dataclass(frozen=True, slots=True)
class Basis:
    """Enumerate the C(n, k) states of n qubits with k ones, in colexicographic order.

    Raises:
        InvalidInput: n is not in 2…63, k not in 1…n−1, or evolving the states would take more
            than 4 GB; it names the size.
    """

    n: int
    k: int

    def __post_init__(self) -> None:
        if self.n < 2:
            raise InvalidInput(field="n", reason=f"expected 2 to {MAX_QUBITS}, was {self.n}")
        if not 1 <= self.k < self.n:
            raise InvalidInput(field="k", reason=f"expected 1 to {self.n - 1}, was {self.k}")
        if self.n <= _COUNTABLE_QUBITS and self.size * BYTES_PER_STATE > MAX_BYTES:
            raise InvalidInput(
                field="k",
                reason=f"C({self.n}, {self.k}) = {self.size} states would take "
                f"{self.size * BYTES_PER_STATE / 1e9:.1f} GB; {MAX_BYTES / 1e9:.1f} are allowed",
            )
        if self.n > MAX_QUBITS:
            raise InvalidInput(field="n", reason=f"expected 2 to {MAX_QUBITS}, was {self.n}")

    @property
    def size(self) -> int:
        """Return the number of states, C(n, k)."""
        return comb(self.n, self.k)

    @property
    def masks(self) -> NDArray[np.uint64]:
        """Return the states as integers (size,), rising; computed at every call."""
        masks = np.empty(self.size, dtype=np.uint64)
        from quant.quantum.subsets import fill_masks  # numba takes half a second to import

        fill_masks(self.n, self.k, masks)
        return masks

    @property
    def bits(self) -> NDArray[np.uint8]:
        """Return the states as rows of 0 and 1 (size, n); column i is qubit i."""
        masks, bits = self.masks, np.empty((self.size, self.n), dtype=np.uint8)
        for qubit in range(self.n):
            # a column at a time, as all shifted masks at once would take 8n bytes for each state
            bits[:, qubit] = masks >> np.uint64(qubit) & np.uint64(1)
        return bits

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


def positions_of(masks: NDArray[np.uint64], n: int, k: int) -> NDArray[np.intp]:
    """Return the rising positions of the k ones of each mask (m,) as rows (m, k).

    Raises:
        InvalidInput: a mask does not have k ones among n bits.
    """
    fits = (np.bitwise_count(masks) == k) & (masks >> np.uint64(n) == 0)
    if not fits.all():
        raise InvalidInput(field="masks", reason=f"expected {k} ones in {n} bits each")
    positions = np.empty((len(masks), k), dtype=np.intp)
    from quant.quantum.subsets import fill_positions  # numba takes half a second to import

    fill_positions(masks, positions)
    return positions
