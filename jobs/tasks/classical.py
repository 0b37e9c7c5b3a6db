"""Own the classical company of a quantum answer: the proven optimum, and random draws."""

import time
from collections.abc import Sequence
from typing import Any

from quant.exhaustive import exhaustive
from quant.local_search import random_subsets
from quant.subset_problem import SubsetProblem


def compare(problem: SubsetProblem, shots: int, seeds: Sequence[int]) -> dict[str, Any]:
    """Return the proven optimum, the worst objective, and the best of `shots` random subsets.

    Random draws come once for each seed, in their order.
    """
    started = time.perf_counter()
    optimum = exhaustive(problem)
    elapsed_s = time.perf_counter() - started
    baselines = [random_subsets(problem, shots, seed) for seed in seeds]
    return {
        "optimum": {
            "objective": optimum.objective,
            "chosen": list(optimum.chosen),
            "proven": optimum.proven,
            "evaluated": optimum.evaluated,
            "elapsed_s": elapsed_s,
        },
        "worst_objective": optimum.worst_objective,
        "random_baselines": [
            {
                "objective": baseline.objective,
                "chosen": list(baseline.chosen),
                "draws": baseline.evaluated,
            }
            for baseline in baselines
        ],
    }
