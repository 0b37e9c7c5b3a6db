"""Own the loops of the local searches: moves that swap one member for one that is not.

`joining[i]` is what i costs beside all members (but itself), so swapping `out` for `into` changes
the objective by joining[into] − joining[out] − pair[out, into], and updates `joining` in O(n).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel

Reals = NDArray[np.float64]
Members = NDArray[np.bool_]
Indices = NDArray[np.int64]


@kernel
def _join(pair: Reals, members: Members, joining: Reals, into: int) -> None:
    members[into] = True
    for i in range(joining.size):
        joining[i] += pair[into, i]


@kernel
def _swap(pair: Reals, members: Members, joining: Reals, out: int, into: int) -> None:
    members[out] = False
    members[into] = True
    for i in range(joining.size):
        joining[i] += pair[into, i] - pair[out, i]


@kernel
def fill_joining(linear: Reals, pair: Reals, members: Members, joining: Reals) -> None:
    """Write what each i costs beside the members."""
    for i in range(joining.size):
        joining[i] = linear[i]
    for i in range(joining.size):
        if members[i]:
            _join(pair, members, joining, i)


@kernel
def grow(pair: Reals, k: int, members: Members, joining: Reals) -> None:
    """Add the cheapest one until there are k, the first of equal ones."""
    for _ in range(k):
        best = -1
        for i in range(joining.size):
            if not members[i] and (best < 0 or joining[i] < joining[best]):
                best = i
        _join(pair, members, joining, best)


@kernel
def _best_swap(
    pair: Reals, members: Members, joining: Reals, locked: Indices, now: int, wish: float
) -> tuple[int, int, float]:
    """Return the swap of least change, the first of equal ones, −1 if there is none.

    One that is `locked` until after `now` moves only for a change below `wish`.
    """
    best, out, into = np.inf, -1, -1
    for i in range(joining.size):
        if not members[i]:
            continue
        for j in range(joining.size):
            if members[j]:
                continue
            change = joining[j] - joining[i] - pair[i, j]
            free = locked[i] <= now and locked[j] <= now
            if change < best and (free or change < wish):
                best, out, into = change, i, j
    return out, into, best


@kernel
def improve(pair: Reals, members: Members, joining: Reals, tolerance: float) -> int:
    """Take the best swap while it gains more than `tolerance`; return how many passes it took."""
    locked = np.zeros(joining.size, dtype=np.int64)
    passes = 0
    while True:
        passes += 1
        out, into, change = _best_swap(pair, members, joining, locked, 0, np.inf)
        if change >= -tolerance:
            return passes
        _swap(pair, members, joining, out, into)


@kernel
def search_with_memory(
    pair: Reals,
    members: Members,
    joining: Reals,
    tolerance: float,
    moves: int,
    tenures: Indices,
    best_members: Members,
) -> None:
    """Take the best swap that is allowed, `moves` times, also uphill; keep the best subset met.

    Who left stays out for the `tenures` (moves, 2) of that move, who entered stays in; a subset
    better than all before is always allowed.
    """
    locked = np.zeros(joining.size, dtype=np.int64)
    current, best = 0.0, 0.0
    for move in range(moves):
        wish = best - current - tolerance
        out, into, change = _best_swap(pair, members, joining, locked, move, wish)
        if out < 0:
            continue
        _swap(pair, members, joining, out, into)
        current += change
        locked[out] = move + 1 + tenures[move, 0]
        locked[into] = move + 1 + tenures[move, 1]
        if current < best - tolerance:
            best = current
            for i in range(members.size):
                best_members[i] = members[i]


@kernel
def anneal(
    pair: Reals,
    members: Members,
    joining: Reals,
    draws: Reals,
    hot: float,
    cold: float,
    best_members: Members,
) -> None:
    """Try a random swap per row of `draws` (steps, 3), cooling geometrically; keep the best met.

    A row picks who leaves, who enters and, against exp(−change/temperature), whether they do.
    """
    inside, outside = np.flatnonzero(members), np.flatnonzero(~members)
    current, best = 0.0, 0.0
    temperature, factor = hot, (cold / hot) ** (1.0 / len(draws))
    for step in range(len(draws)):
        a, b = int(draws[step, 0] * inside.size), int(draws[step, 1] * outside.size)
        out, into = inside[a], outside[b]
        change = joining[into] - joining[out] - pair[out, into]
        temperature *= factor
        if change > 0.0 and draws[step, 2] >= np.exp(-change / temperature):
            continue
        _swap(pair, members, joining, out, into)
        inside[a], outside[b] = into, out
        current += change
        if current < best:
            best = current
            for i in range(members.size):
                best_members[i] = members[i]


@kernel
def fill_random_subsets(draws: Reals, positions: NDArray[Any], n: int) -> None:
    """Write a uniform k-subset of n for each row of `draws` (m, k), its members in any order.

    The first k steps of a Fisher–Yates shuffle.
    """
    deck = np.empty(n, dtype=np.int64)
    for row in range(draws.shape[0]):
        for i in range(n):
            deck[i] = i
        for place in range(draws.shape[1]):
            other = place + int(draws[row, place] * (n - place))
            deck[place], deck[other] = deck[other], deck[place]
            positions[row, place] = deck[place]
