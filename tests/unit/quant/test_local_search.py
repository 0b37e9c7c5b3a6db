"""Check the searches that prove nothing: what they return, that it repeats, and that it is good."""

from collections import Counter
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings

from core.errors import InvalidInput
from quant.answers import Answer
from quant.exhaustive import exhaustive
from quant.local_search import annealing, greedy, random_subsets, tabu
from quant.subset_problem import SubsetProblem
from quant.swap_kernels import fill_random_subsets
from tests.subset_problems import barkoutsos, problems, random_problem


def assert_swap_optimal(problem: SubsetProblem, answer: Answer) -> None:
    for out, into in product(answer.chosen, range(problem.n)):
        if into not in answer.chosen:
            swapped = [*(i for i in answer.chosen if i != out), into]
            assert problem.objective(swapped) >= answer.objective - 1e-12 * problem.reach


def search(problem: SubsetProblem, name: str, seed: int) -> Answer:
    match name:
        case "greedy":
            return greedy(problem)
        case "tabu":
            return tabu(problem, seed, starts=2)
        case "annealing":
            return annealing(problem, seed, starts=2, swaps=400)
        case _:
            return random_subsets(problem, 50, seed)


NAMES = ("greedy", "tabu", "annealing", "random")


@pytest.mark.parametrize("name", NAMES)
@given(problem=problems())
@settings(deadline=None)
def test_returns_a_subset_and_claims_nothing(name: str, problem: SubsetProblem) -> None:
    answer = search(problem, name, seed=3)
    assert answer == search(problem, name, seed=3)
    assert len(answer.chosen) == problem.k
    assert list(answer.chosen) == sorted(set(answer.chosen))
    assert problem.objective(answer.chosen) == answer.objective
    assert answer.objective >= exhaustive(problem).objective
    assert not answer.proven
    assert answer.bound == -np.inf
    assert answer.evaluated > 0
    if name in {"greedy", "annealing"}:
        assert_swap_optimal(problem, answer)


@pytest.mark.parametrize("kind", ["convex", "indefinite"])
@pytest.mark.parametrize("seed", range(5))
def test_the_good_ones_find_the_optimum(kind: str, seed: int) -> None:
    problem = random_problem(18, 7, seed, kind)
    optimum = exhaustive(problem)
    assert tabu(problem, seed).chosen == optimum.chosen
    assert annealing(problem, seed).chosen == optimum.chosen
    assert greedy(problem).objective < random_subsets(problem, 100, seed).objective


def test_where_no_subset_can_be_numbered() -> None:
    problem = random_problem(120, 60, seed=1)
    found = [search(problem, name, seed=1).objective for name in NAMES]
    assert comb(120, 60) > 2**64
    assert found[3] == max(found)


def test_a_short_search_ends_where_its_seed_led_it() -> None:
    problem = random_problem(60, 30, seed=2)
    ends = {tabu(problem, seed, starts=1, moves=1).chosen for seed in range(5)}
    assert len(ends) == 5


@pytest.mark.parametrize("method", [tabu, annealing])
def test_more_starts_are_never_worse(method: type) -> None:
    problem = random_problem(40, 12, seed=2, kind="indefinite")
    objectives = [method(problem, 7, starts=starts).objective for starts in (1, 2, 4)]
    assert objectives == sorted(objectives, reverse=True)


class TestRandomSubsets:
    def test_more_draws_are_never_worse(self) -> None:
        problem = random_problem(16, 6, seed=1)
        few, many = random_subsets(problem, 1024, 7), random_subsets(problem, 4096, 7)
        assert few.objective >= many.objective >= exhaustive(problem).objective
        assert many.evaluated == 4096

    def test_finds_the_optimum_of_a_small_problem(self) -> None:
        assert random_subsets(barkoutsos(), 4096, 1).chosen == (0, 1, 4)

    def test_seeds_differ(self) -> None:
        problem = random_problem(30, 10, seed=1)
        assert random_subsets(problem, 100, 1) != random_subsets(problem, 100, 2)

    def test_draws_every_subset_equally_often(self) -> None:
        draws = 40_000
        positions = np.empty((draws, 3), dtype=np.intp)
        fill_random_subsets(np.random.default_rng(5).random(positions.shape), positions, 6)
        counts = Counter(tuple(sorted(row)) for row in positions.tolist())
        expected = draws / 20
        chi_square = sum((count - expected) ** 2 for count in counts.values()) / expected
        assert len(counts) == 20
        assert chi_square < 43.8  # exceeded once in a thousand seeds, of 19 degrees of freedom


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("draws", lambda: random_subsets(barkoutsos(), 0, 1)),
        ("starts", lambda: tabu(barkoutsos(), 1, starts=0)),
        ("moves", lambda: tabu(barkoutsos(), 1, moves=0)),
        ("starts", lambda: annealing(barkoutsos(), 1, starts=-1)),
        ("swaps", lambda: annealing(barkoutsos(), 1, swaps=0)),
    ],
)
def test_refuses_to_do_nothing(field: str, call: type) -> None:
    with pytest.raises(InvalidInput) as caught:
        call()
    assert caught.value.context["field"] == field
