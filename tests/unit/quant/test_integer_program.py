"""Check the linearised problem against all subsets, and what it says when time is up."""

import numpy as np
import pytest
from hypothesis import given, settings

from core.errors import InvalidInput
from quant.branch_and_bound import branch_and_bound
from quant.exhaustive import exhaustive
from quant.integer_program import integer_program
from quant.subset_problem import SubsetProblem
from tests.subset_problems import barkoutsos, four_assets, problems, random_problem


@given(problems(largest=7))
@settings(deadline=None, max_examples=50)
def test_proves_what_every_subset_proves(problem: SubsetProblem) -> None:
    answer = integer_program(problem)
    assert answer.proven
    assert answer.objective == problem.objective(answer.chosen)
    lost = 1e-6 * problem.reach
    assert answer.objective == pytest.approx(exhaustive(problem).objective, abs=lost)
    assert 0 <= answer.gap <= lost


def test_proves_the_published_instances() -> None:
    """arXiv 1907.04769 and qiskit-finance's unit test."""
    answer = integer_program(barkoutsos())
    assert (answer.chosen, answer.proven) == ((0, 1, 4), True)
    assert answer.objective == pytest.approx(-1.27835, abs=1e-12)
    assert integer_program(four_assets()).chosen == (0, 3)


@pytest.mark.parametrize("kind", ["convex", "indefinite", "whole"])
def test_agrees_with_the_branch_and_bound(kind: str) -> None:
    problem = random_problem(14, 5, seed=2, kind=kind)
    found = integer_program(problem).objective
    assert found == pytest.approx(branch_and_bound(problem).objective, abs=1e-6 * problem.reach)


@pytest.mark.parametrize("seconds", [1e-6, 0.3])
def test_admits_that_time_was_up(seconds: float) -> None:
    problem = random_problem(40, 10, seed=4, kind="indefinite")
    answer = integer_program(problem, seconds=seconds)
    optimum = branch_and_bound(problem)
    assert optimum.proven
    assert not answer.proven
    assert answer.bound < optimum.objective <= answer.objective
    assert len(answer.chosen) in {0, 10}
    assert (answer.objective == np.inf) == (answer.chosen == ())


def test_refuses_no_time() -> None:
    with pytest.raises(InvalidInput, match="seconds"):
        integer_program(barkoutsos(), seconds=0.0)
