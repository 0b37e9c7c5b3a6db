"""Own the exact search that proves an optimum without seeing every subset."""

from collections.abc import Callable

import numpy as np

from quant.answers import Answer, Method
from quant.branch_kernels import OPEN, Objective, Stack, explore
from quant.convexification import diagonal_shift
from quant.local_search import tabu
from quant.subset_problem import SubsetProblem, require

MAX_NODES = 1_000_000
_TOLERANCE = 1e-11  # of the reach: what summing in doubles may lose
_NODES_AT_ONCE = 1024


def branch_and_bound(
    problem: SubsetProblem,
    *,
    seed: int = 0,
    nodes: int = MAX_NODES,
    proceed: Callable[[], bool] = lambda: True,
) -> Answer:
    """Split the problem until every part is decided, or bounded by the best subset known.

    The bound is a continuous relaxation, convex whatever the signature of Σ: where Σx = k, a
    diagonal moved from the quadratic to the linear part leaves 0/1 vectors alone. The first
    subset known is that of a seeded tabu search. An answer cut off after `nodes`, or when
    `proceed` (asked every 1,024) says no, is not proven, and its bound holds all the same. What
    is proven is so to within 1e-11 of the largest sum the problem may hold.

    Raises:
        InvalidInput: fewer than one node was allowed.
    """
    require(nodes >= 1, "nodes", f"expected at least 1, was {nodes}")
    unit = problem.reach or 1.0
    objective = _objective(problem, unit)
    stack = _root(problem)
    chosen = np.zeros(problem.n, dtype=np.int8)
    chosen[list(tabu(problem, seed).chosen)] = 1
    best = float(objective.linear @ chosen + chosen @ objective.pair @ chosen / 2)
    waiting, visited = 1, 0
    while waiting and visited < nodes and (visited == 0 or proceed()):
        allowed = min(_NODES_AT_ONCE, nodes - visited)
        waiting, best, count = explore(objective, stack, waiting, chosen, best, allowed)
        visited += count
    subset = tuple(np.flatnonzero(chosen == 1).tolist())
    value = problem.objective(subset)
    left = float(stack.bounds[:waiting].min(initial=np.inf))
    proven = left >= best - _TOLERANCE
    return Answer(
        method=Method.BRANCH_AND_BOUND,
        objective=value,
        chosen=subset,
        evaluated=visited,
        proven=proven,
        bound=value if proven else min(value, left * unit),
    )


def _objective(problem: SubsetProblem, unit: float) -> Objective:
    linear, pair = problem.linear / unit, problem.pair / unit
    shift = diagonal_shift(pair / 2, linear, problem.k)
    return Objective(
        linear=linear,
        pair=pair,
        convex_matrix=pair / 2 - np.diag(shift),
        convex_linear=linear + shift,
        k=problem.k,
        tolerance=_TOLERANCE,
    )


def _root(problem: SubsetProblem) -> Stack:
    # depth first, so a node at most for each decision on the way down, and one for its sibling
    n = problem.n
    stack = Stack(
        statuses=np.full((n + 2, n), OPEN, dtype=np.int8),
        solutions=np.full((n + 2, n), problem.k / n),
        bounds=np.full(n + 2, -np.inf),
    )
    return stack
