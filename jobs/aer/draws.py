"""Own drawing outcomes from exact probabilities, and counting them as Aer's results do."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

_MAX_TABLE_BITS = 16


def cumulated(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the running sums of probabilities, in the memory of these."""
    return np.cumsum(probabilities, out=probabilities)


def draw(sums: NDArray[np.float64], shots: int, generator: np.random.Generator) -> dict[int, int]:
    """Draw outcomes by inversion and count them, least outcome first.

    One uniform number makes one outcome; the sums need not end at exactly 1.
    """
    total = sums[-1]
    aims = generator.random(shots)
    aims.sort()  # neighbouring searches then touch the same memory
    aims *= total
    # A product that rounds up to the total itself would point past the last possible outcome.
    outcomes = np.minimum(sums.searchsorted(aims, side="right"), sums.searchsorted(total))
    if len(sums) <= 1 << _MAX_TABLE_BITS:
        counts = np.bincount(outcomes)
        seen = np.flatnonzero(counts)
        counts = counts[seen]
    else:
        seen, counts = np.unique(outcomes, return_counts=True)
    return dict(zip(seen.tolist(), counts.tolist(), strict=True))


@cache
def _key_table(bits: int) -> tuple[str, ...]:
    return tuple(hex(outcome) for outcome in range(1 << bits))


def named(counts: Mapping[int, int], reads: Sequence[tuple[int, int]]) -> dict[str, int]:
    """Name outcomes as Aer does, in hexadecimal.

    `reads` pairs classical bits, in ascending order, with the bits of an outcome that they show.
    """
    if all(clbit == place for clbit, place in reads):
        if len(reads) > _MAX_TABLE_BITS:
            return {hex(outcome): count for outcome, count in counts.items()}
        # Equal keys are one object, which makes a result full of them quicker to send.
        table = _key_table(len(reads))
        return dict(zip(map(table.__getitem__, counts), counts.values(), strict=True))
    return {
        hex(sum(1 << clbit for clbit, place in reads if outcome >> place & 1)): count
        for outcome, count in counts.items()
    }


def merged(parts: Collection[Mapping[str, int]]) -> dict[str, int]:
    """Add up counts."""
    total: dict[str, int] = {}
    for part in parts:
        if not total:
            total = dict(part)
            continue
        for key, count in part.items():
            total[key] = total.get(key, 0) + count
    return total
