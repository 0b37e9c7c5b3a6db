"""Own the worker's half of a conversation in JSON lines: one problem, then angles again and again.

Needs no package but numpy, so that it runs in any peer's environment.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Reals: TypeAlias = NDArray[np.float64]
Evaluate: TypeAlias = Callable[[], float]
"""Compute the expectation; only this is timed."""
Prepare: TypeAlias = Callable[[list[float], list[float]], Evaluate]
"""Take gammas and betas to what is ready to be timed."""
Open: TypeAlias = Callable[[dict[str, Any]], Prepare]
"""Take `mu sigma q k` to a ready problem."""


def answer(opens: Open, about: str) -> None:
    """Answer lines on stdin with lines on stdout until it ends.

    `{"problem": …}` is answered by `{"about": …}`; `{"gammas": …, "betas": …, "repeats": …}` by
    `{"value": …, "seconds": […]}`.
    """
    prepare: Prepare | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "problem" in asked:
            prepare = opens(asked["problem"])
            said: dict[str, Any] = {"about": about}
        elif prepare is not None:
            evaluate = prepare(asked["gammas"], asked["betas"])
            said = _timed(evaluate, asked["repeats"])
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


def _timed(evaluate: Evaluate, repeats: int) -> dict[str, Any]:
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        value = evaluate()
        seconds.append(time.perf_counter() - started)
    return {"value": value, "seconds": seconds}


def all_costs(problem: dict[str, Any]) -> Reals:
    """Return q·xᵀΣx − μᵀx of all 2^n vectors x, bit i of the index being x[i]."""
    mu, sigma = np.array(problem["mu"]), np.array(problem["sigma"])
    costs = np.zeros(1)
    sums = np.zeros((1, len(mu)))
    for i in range(len(mu)):
        # a vector with bit i: c(x + eᵢ) = c(x) + q(2(Σx)ᵢ + Σᵢᵢ) − μᵢ
        joined = costs + problem["q"] * (2 * sums[:, i] + sigma[i, i]) - mu[i]
        costs = np.concatenate((costs, joined))
        if i + 1 < len(mu):
            sums = np.concatenate((sums, sums + sigma[i]))
    return costs


def feasible(problem: dict[str, Any]) -> NDArray[np.intp]:
    """Return the rising indices of the vectors of k ones."""
    indices = np.arange(1 << len(problem["mu"]), dtype=np.int64)
    return np.flatnonzero(np.bitwise_count(indices) == problem["k"])
