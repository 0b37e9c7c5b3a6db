"""Own the methods that prove nothing: greedy, tabu, annealing, and random subsets as their null.

The same seed gives the same answer: random numbers belong to a start, whatever ran before.
"""

import numpy as np
from numpy.typing import NDArray

from quant.answers import Answer, Method
from quant.quantum.costs import subset_costs
from quant.quantum.sweep import block_generator, block_sizes
from quant.subset_problem import SubsetProblem, require
from quant.swap_kernels import (
    anneal,
    fill_joining,
    fill_random_subsets,
    grow,
    improve,
    search_with_memory,
)

Reals = NDArray[np.float64]
Members = NDArray[np.bool_]

STARTS = 8
TABU_MOVES_PER_ITEM = 20
ANNEALING_SWAPS_PER_ITEM = 1000
_COLD = 1e-3  # of the mean change of a swap, where nothing uphill is accepted any more
_MAX_TENURE = 10
_ROUNDING = 1e-13


def greedy(problem: SubsetProblem) -> Answer:
    """Add the cheapest contract k times, then take the best swap while one gains."""
    pair = problem.pair
    members, joining = np.zeros(problem.n, dtype=np.bool_), problem.linear
    grow(pair, problem.k, members, joining)
    passes = improve(pair, members, joining, _tolerance(problem))
    swaps = passes * problem.k * (problem.n - problem.k)
    return _answer(Method.GREEDY, problem, [members], problem.k * problem.n + swaps)


def tabu(
    problem: SubsetProblem, seed: int, *, starts: int = STARTS, moves: int | None = None
) -> Answer:
    """Take the best swap that a short memory allows, 20n moves from each random subset.

    Glover, ORSA Journal on Computing 1 (1989), 190–206: members just swapped are locked for a
    few moves, unless the swap gives the best subset so far.

    Raises:
        InvalidInput: fewer than one start or move was asked for.
    """
    moves = TABU_MOVES_PER_ITEM * problem.n if moves is None else moves
    _require_positive(starts=starts, moves=moves)
    linear, pair, tolerance = problem.linear, problem.pair, _tolerance(problem)
    longest = np.minimum([problem.n - problem.k, problem.k], 2 * _MAX_TENURE) // 2 + 1
    found = []
    for start in range(starts):
        random = block_generator("tabu", seed, start)
        members, joining = _random_start(problem, linear, pair, random)
        best = members.copy()
        tenures = random.integers(0, longest, size=(moves, 2))
        search_with_memory(pair, members, joining, tolerance, moves, tenures, best)
        found.append(best)
    swaps = starts * moves * problem.k * (problem.n - problem.k)
    return _answer(Method.TABU, problem, found, swaps)


def annealing(
    problem: SubsetProblem, seed: int, *, starts: int = STARTS, swaps: int | None = None
) -> Answer:
    """Try 1,000n random swaps from each random subset while cooling, then improve what was best.

    The temperature falls geometrically, from the mean change of a swap to a thousandth of it.

    Raises:
        InvalidInput: fewer than one start or swap was asked for.
    """
    swaps = ANNEALING_SWAPS_PER_ITEM * problem.n if swaps is None else swaps
    _require_positive(starts=starts, swaps=swaps)
    linear, pair, tolerance = problem.linear, problem.pair, _tolerance(problem)
    found, passes = [], 0
    for start in range(starts):
        random = block_generator("annealing", seed, start)
        members, joining = _random_start(problem, linear, pair, random)
        best = members.copy()
        hot = _mean_change(pair, members, joining)
        if hot > tolerance:
            draws = random.random((swaps, 3))
            anneal(pair, members, joining, draws, hot, _COLD * hot, best)
        fill_joining(linear, pair, best, joining)
        passes += improve(pair, best, joining, tolerance)
        found.append(best)
    evaluated = starts * swaps + passes * problem.k * (problem.n - problem.k)
    return _answer(Method.ANNEALING, problem, found, evaluated)


def random_subsets(problem: SubsetProblem, draws: int, seed: int) -> Answer:
    """Return the best of `draws` subsets drawn uniformly with replacement, the first of equal ones.

    Seeded per 1,024-draw block; what sampling a circuit `draws` times has to beat.

    Raises:
        InvalidInput: fewer than one draw was asked for.
    """
    _require_positive(draws=draws)
    best, chosen = np.inf, np.zeros(0, dtype=np.intp)
    for block, size in enumerate(block_sizes(draws)):
        positions = np.empty((size, problem.k), dtype=np.intp)
        random = block_generator("random-subsets", seed, block)
        fill_random_subsets(random.random(positions.shape), positions, problem.n)
        positions.sort(axis=1)
        costs = subset_costs(positions, problem.mu, problem.sigma, problem.q)
        least = int(costs.argmin())
        if costs[least] < best:
            best, chosen = float(costs[least]), positions[least]
    return Answer(
        method=Method.RANDOM, objective=best, chosen=tuple(chosen.tolist()), evaluated=draws
    )


def _require_positive(**counts: int) -> None:
    for field, count in counts.items():
        require(count >= 1, field, f"expected at least 1, was {count}")


def _tolerance(problem: SubsetProblem) -> float:
    return _ROUNDING * problem.reach


def _random_start(
    problem: SubsetProblem, linear: Reals, pair: Reals, random: np.random.Generator
) -> tuple[Members, Reals]:
    members, joining = np.zeros(problem.n, dtype=np.bool_), np.empty(problem.n)
    members[random.permutation(problem.n)[: problem.k]] = True
    fill_joining(linear, pair, members, joining)
    return members, joining


def _mean_change(pair: Reals, members: Members, joining: Reals) -> float:
    changes = joining[None, ~members] - joining[members, None] - pair[np.ix_(members, ~members)]
    return float(np.abs(changes).mean())


def _answer(method: Method, problem: SubsetProblem, found: list[Members], count: int) -> Answer:
    subsets = [tuple(np.flatnonzero(members).tolist()) for members in found]
    best = min(subsets, key=problem.objective)
    return Answer(method=method, objective=problem.objective(best), chosen=best, evaluated=count)
