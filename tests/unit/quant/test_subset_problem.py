"""Check the rules of a subset problem, and that its parts add up to its objective."""

import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from core.errors import InvalidInput
from quant.subset_problem import SubsetProblem
from tests.subset_problems import all_objectives, barkoutsos, problems, random_problem


@given(problems())
def test_objective_is_the_quadratic_form(problem: SubsetProblem) -> None:
    for chosen, value in all_objectives(problem).items():
        found = problem.objective(chosen)
        assert found == pytest.approx(value, abs=1e-14 * problem.reach)
        assert abs(found) <= problem.reach * (1 + 1e-14)
        assert problem.negated().objective(chosen) == -found


@given(problems())
def test_linear_and_pair_costs_add_up_to_the_objective(problem: SubsetProblem) -> None:
    for chosen, value in all_objectives(problem).items():
        members = list(chosen)
        pairs = problem.pair[np.ix_(members, members)].sum() / 2
        total = problem.linear[members].sum() + pairs
        assert total == pytest.approx(value, abs=1e-14 * problem.reach)


def test_objective_does_not_depend_on_the_order_of_indices() -> None:
    assert barkoutsos().objective((4, 0, 1)) == barkoutsos().objective([0, 1, 4])


@pytest.mark.parametrize("chosen", [(0, 0, 1), (0, 6), (-1, 2)])
def test_objective_refuses_what_is_no_subset(chosen: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="chosen"):
        barkoutsos().objective(chosen)


def test_more_subsets_than_memory_holds_are_still_a_problem() -> None:
    problem = random_problem(200, 100, seed=0)
    assert np.isfinite(problem.objective(range(100)))
    with pytest.raises(InvalidInput):
        problem.costs()


def test_json_keeps_every_bit() -> None:
    problem = random_problem(7, 3, seed=1)
    again = SubsetProblem.from_json(json.loads(json.dumps(problem.to_json())))
    assert again.to_json() == problem.to_json()
    assert pickle.loads(pickle.dumps(problem)).to_json() == problem.to_json()  # noqa: S301


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", {"mu": np.zeros(1), "sigma": np.zeros((1, 1)), "k": 1}),
        ("n", {"mu": np.zeros(0), "sigma": np.zeros((0, 0))}),
        ("mu", {"mu": np.zeros((6, 1))}),
        ("sigma", {"mu": np.zeros(5)}),
        ("mu", {"mu": np.full(6, np.inf)}),
        ("sigma", {"sigma": np.zeros((6, 5))}),
        ("sigma", {"sigma": np.zeros(6)}),
        ("sigma", {"sigma": np.triu(np.ones((6, 6)))}),
        ("sigma", {"sigma": np.full((6, 6), np.nan)}),
        ("sigma", {"sigma": np.full((6, 6), 1e308)}),
        ("q", {"q": float("nan")}),
        ("k", {"k": 0}),
        ("k", {"k": 6}),
        ("k", {"k": -1}),
    ],
)
def test_refuses_what_is_no_problem(field: str, value: dict[str, Any]) -> None:
    source = barkoutsos()
    whole = {"mu": source.mu, "sigma": source.sigma, "q": source.q, "k": source.k}
    with pytest.raises(InvalidInput) as caught:
        SubsetProblem(**{**whole, **value})
    assert caught.value.context["field"] == field


def test_accepts_rounding_in_what_should_be_symmetric() -> None:
    source = barkoutsos()
    sigma = source.sigma.copy()
    sigma[0, 1] *= 1 + 1e-12
    problem = SubsetProblem(mu=source.mu, sigma=sigma, q=source.q, k=source.k)
    assert problem.objective((0, 1, 4)) == pytest.approx(source.objective((0, 1, 4)), abs=1e-12)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mu", None),
        ("mu", [1.0, "x"]),
        ("sigma", [[1.0, 0.0], [0.0]]),
        ("sigma", {"rows": []}),
        ("q", [0.5]),
        ("k", 1.0),
        ("k", True),
        ("k", "1"),
    ],
)
def test_json_of_another_shape_is_refused(field: str, value: object) -> None:
    values = {"mu": [1.0, 2.0], "sigma": [[1.0, 0.0], [0.0, 1.0]], "q": 0.5, "k": 1}
    assert SubsetProblem.from_json(values).n == 2
    with pytest.raises(InvalidInput) as caught:
        SubsetProblem.from_json({**values, field: value})
    assert caught.value.context["field"] == field
    del values[field]
    with pytest.raises(InvalidInput, match=f"{field}: expected a value, was absent"):
        SubsetProblem.from_json(values)
