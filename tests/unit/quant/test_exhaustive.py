"""Check the exhaustive search against published optima and a loop over all subsets."""

import numpy as np
import pytest
from hypothesis import given, settings

from core.errors import InvalidInput
from quant.exhaustive import exhaustive
from quant.subset_problem import SubsetProblem
from tests.subset_problems import all_objectives, barkoutsos, four_assets, problems, random_problem


def ranking(problem: SubsetProblem) -> list[tuple[float, tuple[int, ...]]]:
    values = all_objectives(problem)
    assert list(problem.costs()) == pytest.approx(
        [values[chosen] for chosen in sorted(values, key=lambda chosen: chosen[::-1])], abs=1e-12
    )
    return sorted((value, chosen) for chosen, value in values.items())


def test_ranks_the_cvar_instance() -> None:
    """The optimum and the next two of arXiv 1907.04769's instance."""
    first, second, third = ranking(barkoutsos())[:3]
    assert first == (pytest.approx(-1.27835, abs=1e-12), (0, 1, 4))
    assert second == (pytest.approx(-0.97165, abs=1e-12), (0, 4, 5))
    assert third == (pytest.approx(-0.7296, abs=1e-12), (1, 2, 4))
    optimum = exhaustive(barkoutsos())
    assert optimum.objective == pytest.approx(-1.27835, abs=1e-12)
    assert optimum.chosen == (0, 1, 4)
    assert optimum.evaluated == 20
    assert optimum.worst_objective == pytest.approx(5.66565, abs=1e-12)
    assert optimum.proven
    assert optimum.gap == 0.0


def test_ranks_the_four_asset_instance() -> None:
    """The numbers of qiskit-finance's unit test; the optima are the design's own."""
    first, second, third = ranking(four_assets())[:3]
    assert first == (pytest.approx(-0.0148846206, abs=5e-11), (0, 3))
    assert second == (pytest.approx(-0.0140072628, abs=5e-11), (0, 2))
    assert third == (pytest.approx(-0.0130301001, abs=5e-11), (0, 1))
    assert exhaustive(four_assets()).chosen == (0, 3)


@given(problems(largest=9))
@settings(deadline=None)
def test_is_the_first_least_cost_bit_for_bit(problem: SubsetProblem) -> None:
    costs, optimum = problem.costs(), exhaustive(problem)
    assert optimum.objective == costs.min() == problem.objective(optimum.chosen)
    assert optimum.worst_objective == costs.max()
    mask = problem.basis.unrank(int(costs.argmin()))
    assert optimum.chosen == tuple(i for i in range(problem.n) if mask >> i & 1)
    assert optimum.evaluated == len(costs)
    assert optimum.objective == pytest.approx(
        min(all_objectives(problem).values()), abs=1e-14 * problem.reach
    )


def test_takes_the_first_of_equal_optima() -> None:
    assert exhaustive(random_problem(5, 2, seed=0, kind="zero")).chosen == (0, 1)


@pytest.mark.parametrize(("n", "k"), [(40, 1), (40, 39), (2, 1)])
def test_the_ends_of_k(n: int, k: int) -> None:
    problem = random_problem(n, k, seed=3, kind="indefinite")
    values = all_objectives(problem)
    assert exhaustive(problem).chosen == min(values, key=values.__getitem__)
    assert exhaustive(problem).evaluated == len(values)


def test_the_worst_is_the_optimum_of_the_negated_problem() -> None:
    problem = random_problem(14, 6, seed=5)
    assert exhaustive(problem.negated()).objective == -exhaustive(problem).worst_objective


def test_refuses_more_than_minutes_of_work() -> None:
    problem = SubsetProblem(mu=np.zeros(60), sigma=np.zeros((60, 60)), q=1.0, k=30)
    with pytest.raises(InvalidInput, match="118,264,581,564,861,424"):
        exhaustive(problem)
