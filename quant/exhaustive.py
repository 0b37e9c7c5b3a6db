"""Own the exhaustive search: every subset is looked at, so its answer is proven."""

from math import comb

import numpy as np

from quant.answers import Answer, Method
from quant.exhaustive_kernels import find_extremes
from quant.subset_problem import SubsetProblem, require

MAX_SUBSETS = 20_000_000_000
"""Take on no more than a few minutes' work."""


def exhaustive(problem: SubsetProblem) -> Answer:
    """Evaluate every subset; of equal optima the first in colexicographic order is taken.

    Subsets that share all but their least member are neighbours, so each costs O(1) additions on
    average; none is stored.

    Raises:
        InvalidInput: there are more than 20,000,000,000 subsets.
    """
    count = comb(problem.n, problem.k)
    expected = f"expected at most {MAX_SUBSETS:,} subsets"
    require(count <= MAX_SUBSETS, "k", f"{expected}, C({problem.n}, {problem.k}) is {count:,}")
    chosen, worst = np.empty((2, problem.k), dtype=np.int64)
    low, high = find_extremes(problem.linear, problem.pair, chosen, worst, count)
    return Answer(
        method=Method.EXHAUSTIVE,
        objective=low,
        chosen=tuple(chosen.tolist()),
        evaluated=count,
        proven=True,
        bound=low,
        worst_objective=high,
    )
