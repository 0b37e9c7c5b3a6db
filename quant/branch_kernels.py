"""Own the compiled loops of the branch and bound: its relaxation, leaves, fixings and tree.

`status` is 1 for a member that is chosen, 0 for one left out, −1 for one still open. The
relaxation minimises xᵀKx + lᵀx over 0 ≤ x ≤ 1 with Σx = k, K convex there; only open ones move.
One file, as a compiled loop's cache does not notice a change in another.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import kernel

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]
Status = NDArray[np.int8]

OPEN = -1
_MAX_ROUNDS = 40
_FLAT = 1e-12
_DECIDED = 0.1  # a gap below this part of what is missing will not close at this node


class Objective(NamedTuple):
    """Hold the objective twice: as `linear` and `pair` costs, and as the convex xᵀKx + lᵀx.

    Both agree on 0/1 vectors with k ones. A bound within `tolerance` of the best is as good.
    """

    linear: Reals
    pair: Reals
    convex_matrix: Reals
    convex_linear: Reals
    k: int
    tolerance: float


class Stack(NamedTuple):
    """Hold the nodes to be visited, the next one last: decisions (n+2, n), x (n+2, n), bound."""

    statuses: NDArray[np.int8]
    solutions: Reals
    bounds: Reals


@kernel
def open_members(status: Status) -> Indices:
    """Return the rising indices of what is still open."""
    free = np.empty(status.size, dtype=np.int64)
    count = 0
    for i in range(status.size):
        if status[i] == OPEN:
            free[count] = i
            count += 1
    return free[:count]


@kernel
def restart(status: Status, wanted: int, x: Reals) -> None:
    """Move the solution of a parent to one its child allows: `wanted` in all on the open ones."""
    total, count = 0.0, 0
    for i in range(x.size):
        if status[i] == OPEN:
            total += x[i]
            count += 1
        else:
            x[i] = float(status[i])
    for i in range(x.size):
        if status[i] == OPEN:
            if total >= wanted:
                x[i] *= wanted / total
            else:
                x[i] += (1.0 - x[i]) * (wanted - total) / (count - total)


@kernel
def fill_slopes(matrix: Reals, linear: Reals, x: Reals, slopes: Reals) -> None:
    """Write the gradient 2Kx + l (n,)."""
    for i in range(x.size):
        slopes[i] = linear[i]
    for j in range(x.size):
        if x[j] != 0.0:
            weight = 2.0 * x[j]
            for i in range(x.size):
                slopes[i] += weight * matrix[j, i]


@kernel
def _steepest(free: Indices, x: Reals, slopes: Reals) -> tuple[int, int]:
    """Return the coordinate to raise and the one to lower, −1 where none may move."""
    raised, lowered = -1, -1
    for i in free:
        if x[i] < 1.0 and (raised < 0 or slopes[i] < slopes[raised]):
            raised = i
        if x[i] > 0.0 and (lowered < 0 or slopes[i] > slopes[lowered]):
            lowered = i
    return raised, lowered


@kernel
def _descend(matrix: Reals, free: Indices, x: Reals, slopes: Reals, steps: int) -> bool:
    """Shift weight between the two steepest coordinates, `steps` times; tell if it can go on."""
    for _ in range(steps):
        up, down = _steepest(free, x, slopes)
        if up < 0 or down < 0 or slopes[down] - slopes[up] <= _FLAT:
            return False
        apart = slopes[down] - slopes[up]
        curvature = 2.0 * (matrix[up, up] + matrix[down, down] - 2.0 * matrix[up, down])
        room = min(x[down], 1.0 - x[up])
        step = room if curvature * room <= apart else apart / curvature
        # exactly 0 and 1 at the ends, or the pair would be picked for ever
        x[up] = 1.0 if step == 1.0 - x[up] else x[up] + step
        x[down] = 0.0 if step == x[down] else x[down] - step
        for i in range(x.size):
            slopes[i] += 2.0 * step * (matrix[up, i] - matrix[down, i])
    return True


@kernel
def fill_smallest(free: Indices, slopes: Reals, smallest: Reals) -> None:
    """Write the least slopes of the open ones, rising, as many as `smallest` holds."""
    filled = 0
    for i in free:
        slope = slopes[i]
        if filled == smallest.size and slope >= smallest[filled - 1]:
            continue
        filled = min(filled + 1, smallest.size)
        place = filled - 1
        while place > 0 and smallest[place - 1] > slope:
            smallest[place] = smallest[place - 1]
            place -= 1
        smallest[place] = slope


@kernel
def lower_bound(
    matrix: Reals,
    linear: Reals,
    free: Indices,
    wanted: int,
    threshold: float,
    x: Reals,
    slopes: Reals,
    smallest: Reals,
) -> float:
    """Lower x until its bound passes `threshold` or cannot; leave x, its slopes and the smallest.

    A convex objective lies above its tangent, and the least of the tangent takes the `wanted`
    smallest slopes: so any x gives a bound, converged or not.
    """
    fill_slopes(matrix, linear, x, slopes)
    bound = -np.inf
    for _ in range(_MAX_ROUNDS):
        moving = _descend(matrix, free, x, slopes, free.size // 2 + 4)
        value = 0.0
        for i in range(x.size):
            value += 0.5 * x[i] * (slopes[i] + linear[i])
        bound = value
        for i in free:
            bound -= slopes[i] * x[i]
        fill_smallest(free, slopes, smallest)
        for a in range(wanted):
            bound += smallest[a]
        if bound >= threshold or not moving or value - bound <= _DECIDED * (threshold - value):
            break
    return bound


@kernel
def _to_choose(status: Status, k: int) -> tuple[int, int]:
    """Return how many of the open ones are still wanted, and how many are not."""
    wanted, spare = k, -k
    for i in range(status.size):
        wanted -= status[i] == 1
        spare += status[i] != 0
    return wanted, spare


@kernel
def _choose_open(status: Status) -> None:
    for i in range(status.size):
        if status[i] == OPEN:
            status[i] = 1


@kernel
def _joining(objective: Objective, status: Status, free: Indices) -> tuple[float, Reals]:
    """Return the cost of the chosen, and what each open one would add to it."""
    total = 0.0
    adding = np.empty(free.size)
    for a in range(free.size):
        adding[a] = objective.linear[free[a]]
    for i in range(status.size):
        if status[i] == 1:
            total += objective.linear[i]
            for j in range(i):
                if status[j] == 1:
                    total += objective.pair[i, j]
            for a in range(free.size):
                adding[a] += objective.pair[i, free[a]]
    return total, adding


@kernel
def _finish(objective: Objective, status: Status, wanted: int) -> float:
    """Choose the best last member or two, or none, of the open ones; return the objective."""
    free = open_members(status)
    total, adding = _joining(objective, status, free)
    for i in free:
        status[i] = 0
    if wanted == 0:
        return total
    best, first, second = np.inf, 0, 0
    for a in range(free.size):
        if wanted == 1 and adding[a] < best:
            best, first, second = adding[a], a, a
        for b in range(a if wanted == 2 else 0):
            value = adding[a] + adding[b] + objective.pair[free[a], free[b]]
            if value < best:
                best, first, second = value, a, b
    status[free[first]] = 1
    status[free[second]] = 1
    return total + best


@kernel
def _fix(
    status: Status, free: Indices, slopes: Reals, inside: float, outside: float, missing: float
) -> None:
    """Decide the open ones whose other value would raise the bound past the best known.

    `inside` is the greatest slope the bound takes, `outside` the least that it leaves.
    """
    for i in free:
        if slopes[i] - inside >= missing:
            status[i] = 0
        elif outside - slopes[i] >= missing:
            status[i] = 1


@kernel
def _most_divided(status: Status, x: Reals) -> int:
    """Return the open one whose x is farthest from 0 and 1, or −1 if none is open."""
    best = -1
    for i in range(x.size):
        if status[i] == OPEN and (best < 0 or abs(x[i] - 0.5) < abs(x[best] - 0.5)):
            best = i
    return best


@kernel
def _push(stack: Stack, size: int, k: int, status: Status, x: Reals, bound: float) -> int:
    """Add a node unless it has no subset of k; return how many there are now."""
    wanted, spare = _to_choose(status, k)
    if wanted < 0 or spare < 0:
        return size
    for i in range(x.size):
        stack.statuses[size, i] = status[i]
        stack.solutions[size, i] = x[i]
    stack.bounds[size] = bound
    return size + 1


@kernel
def _branch(objective: Objective, stack: Stack, size: int, wanted: int, threshold: float) -> int:
    """Replace the node at `size` by its children, none if it cannot beat the threshold."""
    status, x = stack.statuses[size].copy(), stack.solutions[size].copy()
    free = open_members(status)
    slopes, smallest = np.empty(x.size), np.empty(wanted + 1)
    restart(status, wanted, x)
    bound = lower_bound(
        objective.convex_matrix,
        objective.convex_linear,
        free,
        wanted,
        threshold,
        x,
        slopes,
        smallest,
    )
    if bound >= threshold:
        return size
    inside, outside = smallest[wanted - 1], smallest[wanted]
    _fix(status, free, slopes, inside, outside, threshold - bound)
    known = max(bound, stack.bounds[size])
    split = _most_divided(status, x)
    if split < 0:
        return _push(stack, size, objective.k, status, x, known)
    likely = 1 if x[split] > 0.5 else 0
    for value in (1 - likely, likely):
        status[split] = value
        rise = slopes[split] - inside if value == 1 else outside - slopes[split]
        child = max(known, bound + max(0.0, rise))
        size = _push(stack, size, objective.k, status, x, child)
    return size


@kernel
def explore(
    objective: Objective, stack: Stack, size: int, chosen: Status, best: float, nodes: int
) -> tuple[int, float, int]:
    """Visit up to `nodes` of the `size` nodes on the stack and of their children.

    `chosen` holds the best subset known, and `best` its objective. Return how many nodes are
    left on the stack, the best objective now, and how many were visited.
    """
    visited = 0
    while size > 0 and visited < nodes:
        size -= 1
        threshold = best - objective.tolerance
        if stack.bounds[size] >= threshold:
            continue
        visited += 1
        status = stack.statuses[size]
        wanted, spare = _to_choose(status, objective.k)
        if wanted > 2 and spare > 0:
            size = _branch(objective, stack, size, wanted, threshold)
            continue
        if spare == 0:
            _choose_open(status)
            wanted = 0
        value = _finish(objective, status, wanted)
        if value < best:
            best = value
            for i in range(status.size):
                chosen[i] = status[i]
    return size, best, visited
