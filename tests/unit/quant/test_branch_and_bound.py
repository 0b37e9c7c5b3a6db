"""Check the branch and bound and its parts: bounds hold, proofs are proofs, cuts are admitted."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, minimize

from core.errors import InvalidInput
from quant.branch_and_bound import branch_and_bound
from quant.branch_kernels import OPEN, lower_bound, open_members, restart
from quant.convexification import diagonal_shift
from quant.exhaustive import exhaustive
from quant.subset_problem import SubsetProblem
from tests.subset_problems import barkoutsos, four_assets, problems, random_problem

Reals = NDArray[np.float64]


def relaxed(problem: SubsetProblem) -> tuple[Reals, Reals]:
    """Return K and l of the convex objective of a problem."""
    shift = diagonal_shift(problem.pair / 2, problem.linear, problem.k)
    return problem.pair / 2 - np.diag(shift), problem.linear + shift


def bound_of(
    convex: tuple[Reals, Reals], k: int, status: NDArray[np.int8], x: Reals, threshold: float
) -> float:
    """Lower x, and return its bound on the subsets that agree with the status."""
    free, wanted = open_members(status), k - np.count_nonzero(status == 1)
    slopes, smallest = np.empty(len(x)), np.empty(wanted + 1)
    return lower_bound(*convex, free, wanted, threshold, x, slopes, smallest)


@given(problems(), st.integers(0, 999))
@settings(deadline=None)
def test_the_shift_is_convex_and_changes_no_subset(problem: SubsetProblem, seed: int) -> None:
    matrix, linear = relaxed(problem)
    step = np.random.default_rng(seed).normal(size=problem.n)
    step -= step.mean()
    assert step @ matrix @ step >= -1e-12 * np.abs(matrix).max() * (step @ step)
    for chosen in combinations(range(problem.n), problem.k):
        x = np.zeros(problem.n)
        x[list(chosen)] = 1.0
        value = x @ matrix @ x + linear @ x
        lost = 1e-13 * (problem.reach + np.abs(matrix).max() * problem.n)
        assert value == pytest.approx(problem.objective(chosen), abs=lost)


@given(problems(), st.integers(0, 999), st.data())
@settings(deadline=None)
def test_the_relaxation_bounds_what_is_left_from_any_start(
    problem: SubsetProblem, seed: int, data: st.DataObject
) -> None:
    subsets = list(combinations(range(problem.n), problem.k))
    kept = np.isin(np.arange(problem.n), data.draw(st.sampled_from(subsets)))
    random = np.random.default_rng(seed)
    status = np.where(random.random(problem.n) < 0.3, kept, OPEN).astype(np.int8)
    wanted = problem.k - np.count_nonzero(status == 1)
    if not 0 < wanted < np.count_nonzero(status == OPEN):
        return
    x = random.random(problem.n)
    restart(status, wanted, x)
    bound = bound_of(relaxed(problem), problem.k, status, x, problem.reach)
    decided = status != OPEN
    assert np.array_equal(x[decided], status[decided])
    assert ((x >= 0) & (x <= 1)).all()
    assert x.sum() == pytest.approx(problem.k, abs=1e-12)
    allowed = [
        problem.objective(chosen)
        for chosen in subsets
        if np.array_equal(np.isin(np.flatnonzero(decided), chosen), status[decided])
    ]
    assert bound <= min(allowed) + 1e-11 * problem.reach


@pytest.mark.parametrize("kind", ["convex", "indefinite"])
@pytest.mark.parametrize("seed", range(3))
def test_the_relaxation_is_solved_as_by_sequential_quadratic_programming(
    kind: str, seed: int
) -> None:
    problem = random_problem(12, 5, seed, kind)
    matrix, linear = relaxed(problem)
    solved = minimize(
        lambda x: x @ matrix @ x + linear @ x,
        np.full(12, 5 / 12),
        jac=lambda x: 2 * matrix @ x + linear,
        bounds=[(0, 1)] * 12,
        constraints=LinearConstraint(np.ones((1, 12)), 5, 5),
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    x, undecided = np.full(12, 5 / 12), np.full(12, OPEN, dtype=np.int8)
    for _ in range(500):
        value = x @ matrix @ x + linear @ x
        bound = bound_of((matrix, linear), 5, undecided, x, value + 1e-9)
    assert bound <= value <= bound + 1e-9
    assert bound <= solved.fun
    assert value == pytest.approx(solved.fun, abs=1e-3)


@given(problems())
@settings(deadline=None, max_examples=150)
def test_proves_what_every_subset_proves(problem: SubsetProblem) -> None:
    answer, optimum = branch_and_bound(problem), exhaustive(problem)
    assert answer.proven
    assert answer.gap == 0.0
    assert answer.objective == problem.objective(answer.chosen)
    assert answer.objective == pytest.approx(optimum.objective, abs=1e-11 * problem.reach)


@pytest.mark.parametrize("kind", ["convex", "indefinite", "whole", "low rank", "diagonal"])
@pytest.mark.parametrize(("n", "k"), [(16, 8), (20, 5), (20, 15)])
@pytest.mark.parametrize("q", [0.5, -0.5])
def test_proves_larger_ones(kind: str, n: int, k: int, q: float) -> None:
    problem = random_problem(n, k, seed=n + k, kind=kind, q=q)
    answer, optimum = branch_and_bound(problem), exhaustive(problem)
    assert answer.proven
    assert answer.objective == pytest.approx(optimum.objective, abs=1e-11 * problem.reach)
    assert answer.evaluated < optimum.evaluated


def test_proves_the_published_instances() -> None:
    """arXiv 1907.04769 and qiskit-finance's unit test."""
    answer = branch_and_bound(barkoutsos())
    assert (answer.chosen, answer.proven) == ((0, 1, 4), True)
    assert answer.objective == pytest.approx(-1.27835, abs=1e-12)
    assert branch_and_bound(four_assets()).chosen == (0, 3)


@pytest.mark.parametrize("seed", range(3))
def test_proves_far_more_subsets_than_it_could_see(seed: int) -> None:
    problem = random_problem(60, 20, seed)
    answer = branch_and_bound(problem)
    assert answer.proven
    assert answer.evaluated < 100_000
    worse = branch_and_bound(problem, seed=seed + 1)
    assert worse.objective == pytest.approx(answer.objective, abs=1e-11 * problem.reach)


@pytest.mark.parametrize("nodes", [1, 2, 10, 100])
def test_admits_that_it_was_cut_off(nodes: int) -> None:
    problem = random_problem(40, 8, seed=4, kind="indefinite")
    whole = branch_and_bound(problem)
    cut = branch_and_bound(problem, nodes=nodes)
    assert whole.proven
    assert whole.evaluated > 100
    assert cut.evaluated == nodes
    assert not cut.proven
    assert cut.bound < whole.objective <= cut.objective
    assert cut.gap == cut.objective - cut.bound > 0


def test_stops_when_told() -> None:
    problem = random_problem(50, 10, seed=2, kind="indefinite")
    asked = []
    answer = branch_and_bound(problem, proceed=lambda: bool(asked.append(1)) or len(asked) < 3)
    assert len(asked) == 3
    assert answer.evaluated == 3 * 1024
    assert not answer.proven
    assert np.isfinite(answer.bound)


def test_repeats() -> None:
    problem = random_problem(40, 8, seed=4, kind="indefinite")
    for seed in (0, 1):
        first = branch_and_bound(problem, seed=seed, nodes=500)
        assert branch_and_bound(problem, seed=seed, nodes=500) == first


def test_refuses_to_do_nothing() -> None:
    with pytest.raises(InvalidInput, match="nodes"):
        branch_and_bound(barkoutsos(), nodes=0)
