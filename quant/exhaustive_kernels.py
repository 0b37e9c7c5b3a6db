"""Own the walk over all subsets that keeps the extremes and stores no others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel, ordered_kernel
from quant.quantum.subsets import advance, first_members

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]


@kernel
def _record(members: Indices, least: int, chosen: Indices) -> None:
    chosen[0] = least
    for place in range(1, chosen.size):
        chosen[place] = members[place]


@ordered_kernel
def find_extremes(
    linear: Reals, pair: NDArray[Any], chosen: Indices, worst: Indices, count: int
) -> tuple[float, float]:
    """Write the first subsets (k,) of least and of greatest objective among the `count` of all.

    Values are those of `quant.quantum.subsets.fill_costs`, bit for bit.
    """
    k = chosen.size
    members = first_members(linear.size, k)
    fields = np.empty((k + 1, linear.size))
    fields[k] = linear
    totals = np.zeros(k + 1)
    low, high = np.inf, -np.inf
    changed = k - 1
    while True:
        for place in range(changed, 0, -1):
            member = members[place]
            totals[place] = totals[place + 1] + fields[place + 1, member]
            for lesser in range(member):
                fields[place, lesser] = fields[place + 1, lesser] + pair[member, lesser]
        for least in range(members[1]):
            value = totals[1] + fields[1, least]
            if value < low:
                low = value
                _record(members, least, chosen)
            if value > high:
                high = value
                _record(members, least, worst)
        count -= members[1]
        if count == 0:
            return low, high
        changed = advance(members)
