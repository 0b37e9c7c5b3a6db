"""Own the task of a landscape: exact expectations of one layer at a range of points of a grid."""

from typing import Any

import numpy as np

from core.specifications.landscape import Axis
from jobs.plans.grids import points_of
from jobs.tasks.qaoa import ansatz_of
from quant.subset_problem import SubsetProblem

_BATCH = 512


def expect_points(
    problem: SubsetProblem,
    mixer: str,
    gamma: dict[str, Any],
    beta: dict[str, Any],
    first: int,
    last: int,
) -> dict[str, Any]:
    """Return the `expectations` at points `first` to `last` − 1 of a grid, β varying fastest."""
    ansatz = ansatz_of(problem, mixer)
    gammas, betas = points_of(Axis(**gamma), Axis(**beta), first, last)
    found = [
        ansatz.expectations(
            gammas[start : start + _BATCH, None], betas[start : start + _BATCH, None]
        )
        for start in range(0, len(gammas), _BATCH)
    ]
    return {"expectations": np.concatenate(found).tolist()}
