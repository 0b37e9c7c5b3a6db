"""Hold the subset problems that several tests solve, and their slow but sure solution."""

from itertools import combinations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.subset_problem import SubsetProblem

Reals = NDArray[np.float64]

KINDS = ("convex", "indefinite", "whole", "low rank", "diagonal", "zero")


def barkoutsos() -> SubsetProblem:
    """The instance of Barkoutsos et al., arXiv 1907.04769, as in qiskit-optimization."""
    sigma = np.array(
        [
            [0.7312, -0.6233, 0.4689, -0.5452, -0.0082, -0.3809],
            [-0.6233, 2.4732, -0.7538, 2.4659, -0.0733, 0.8945],
            [0.4689, -0.7538, 1.1543, -1.4095, 0.0007, -0.4301],
            [-0.5452, 2.4659, -1.4095, 3.5067, 0.2012, 1.0922],
            [-0.0082, -0.0733, 0.0007, 0.2012, 0.6231, 0.1509],
            [-0.3809, 0.8945, -0.4301, 1.0922, 0.1509, 0.8992],
        ]
    )
    mu = np.array([0.7313, 0.9893, 0.2725, 0.8750, 0.7667, 0.3622])
    return SubsetProblem(mu=mu, sigma=sigma, q=0.5, k=3)


def four_assets() -> SubsetProblem:
    """The instance of qiskit-finance's unit test of portfolio optimisation."""
    sigma = np.array(
        [
            [2.54138859e-03, 7.34022167e-05, 1.28600531e-04, -9.98612132e-05],
            [7.34022167e-05, 2.58486713e-04, 5.30427595e-05, 4.44816208e-05],
            [1.28600531e-04, 5.30427595e-05, 7.91504681e-04, -1.23887382e-04],
            [-9.98612132e-05, 4.44816208e-05, -1.23887382e-04, 1.97892585e-04],
        ]
    )
    mu = np.array([0.01528439, -0.00078095, 0.00051792, 0.00087001])
    return SubsetProblem(mu=mu, sigma=sigma, q=0.5, k=2)


def random_problem(
    n: int, k: int, seed: int, kind: str = "convex", q: float = 0.5
) -> SubsetProblem:
    """Draw a problem: `whole` numbers have many equal optima, `zero` has nothing else."""
    random = np.random.default_rng(seed)
    mu, drawn = random.normal(size=n), random.normal(size=(n, n))
    match kind:
        case "convex":
            sigma = drawn @ drawn.T / n
        case "indefinite":
            sigma = drawn + drawn.T
        case "whole":
            mu, sigma = np.round(mu), np.round(drawn) + np.round(drawn).T
        case "low rank":
            sigma = np.outer(drawn[0], drawn[0])
        case "diagonal":
            sigma = np.diag(drawn[0])
        case _:
            mu, sigma = np.zeros(n), np.zeros((n, n))
    return SubsetProblem(mu=mu, sigma=sigma, q=q, k=k)


@st.composite
def problems(draw: st.DrawFn, largest: int = 8) -> SubsetProblem:
    """Draw small problems of every kind and of very different units."""
    n = draw(st.integers(2, largest))
    source = random_problem(
        n,
        draw(st.integers(1, n - 1)),
        draw(st.integers(0, 999)),
        draw(st.sampled_from(KINDS)),
        draw(st.sampled_from([-1.0, 0.0, 0.5, 3.0])),
    )
    unit = draw(st.sampled_from([1e-6, 1.0, 1e6]))
    return SubsetProblem(mu=unit * source.mu, sigma=unit * source.sigma, q=source.q, k=source.k)


def all_objectives(problem: SubsetProblem) -> dict[tuple[int, ...], float]:
    """Return the objective of every subset by its definition, in lexicographic order."""
    values = {}
    for chosen in combinations(range(problem.n), problem.k):
        x = np.zeros(problem.n)
        x[list(chosen)] = 1.0
        values[chosen] = float(problem.q * (x @ problem.sigma @ x) - problem.mu @ x)
    return values
