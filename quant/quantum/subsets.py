"""Own the loops over the k-subsets of n in colexicographic order, each step O(1) on average.

Subsets that share all members but the least are neighbours, so a loop has one turn for them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel, ordered_kernel

Reals = NDArray[np.float64]


@kernel
def first_members(n: int, k: int) -> NDArray[np.int64]:
    """Return 0…k−1, and n behind them, which no member passes."""
    members = np.arange(k + 1)
    members[k] = n
    return members


@kernel
def advance(members: NDArray[np.int64]) -> int:
    """Move on to the next members but the least, and return the greatest place that changed."""
    place = 1
    while members[place] + 1 == members[place + 1]:
        members[place] = place
        place += 1
    members[place] += 1
    return place


@kernel
def fill_masks(n: int, k: int, masks: NDArray[np.uint64]) -> None:
    """Write the C(n, k) subsets as integers, rising."""
    one = np.uint64(1)
    members = first_members(n, k)
    first = 0
    while True:
        others = np.uint64(0)
        for place in range(1, k):
            others |= one << np.uint64(members[place])
        for least in range(members[1]):
            masks[first + least] = others | one << np.uint64(least)
        first += members[1]
        if first == masks.size:
            break
        advance(members)


@kernel
def fill_positions(masks: NDArray[np.uint64], positions: NDArray[np.intp]) -> None:
    """Write the rising positions of the k ones of each mask as rows (m, k)."""
    one = np.uint64(1)
    for row in range(masks.size):
        left, position = masks[row], 0
        for column in range(positions.shape[1]):
            while not left & one:
                left >>= one
                position += 1
            positions[row, column] = position
            left >>= one
            position += 1


@ordered_kernel
def fill_costs(linear: Reals, pair: NDArray[Any], k: int, costs: Reals) -> None:
    """Write Σᵢ linear[i] + Σ_{i<j} pair[i, j] over the members of each subset (C(n, k),).

    Members join from the greatest down. `fields[place]` holds what each lesser one would add to
    those from `place` on, so a subset costs one addition more than the members it shares.
    """
    members = first_members(linear.size, k)
    fields = np.empty((k + 1, linear.size))
    fields[k] = linear
    totals = np.zeros(k + 1)
    first, changed = 0, k - 1
    while True:
        for place in range(changed, 0, -1):
            member = members[place]
            totals[place] = totals[place + 1] + fields[place + 1, member]
            for lesser in range(member):
                fields[place, lesser] = fields[place + 1, lesser] + pair[member, lesser]
        for least in range(members[1]):
            costs[first + least] = totals[1] + fields[1, least]
        first += members[1]
        if first == costs.size:
            break
        changed = advance(members)
