"""Check one hour of ten units against brute force, and how infeasible subsets are priced."""

from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.dispatch import Unit
from quant.kazarlis import RESERVE, UNITS
from quant.unit_commitment import CommitmentProblem, cheapest


@pytest.mark.parametrize(
    ("load_mw", "expected", "chosen"),
    [(700.0, 13_683.129750, (0, 1)), (1000.0, 19_980.596750, (0, 1, 3, 5))],
)
def test_the_cheapest_of_1023_subsets(
    load_mw: float, expected: float, chosen: tuple[int, ...]
) -> None:
    """One hour of the ten units of Kazarlis et al. (1996), brute force over all subsets."""
    found = cheapest(UNITS, load_mw, RESERVE)
    assert found.cost == pytest.approx(expected, abs=5e-7)
    assert found.chosen == chosen
    assert found.evaluated == 1023


@pytest.mark.parametrize("k", [2, 4, 9])
def test_the_table_holds_the_cheapest_subset_of_its_size(k: int) -> None:
    problem = CommitmentProblem(units=UNITS, load_mw=1000.0 if k > 2 else 700.0, reserve=0.1, k=k)
    costs, feasible = problem.costs(), problem.feasible()
    assert costs.shape == (problem.basis.size,)
    assert feasible[costs.argmin()]
    if k == 4:
        assert costs.min() == pytest.approx(19_980.596750, abs=5e-7)
        assert problem.basis.unrank(int(costs.argmin())) == 0b0000101011


def test_the_infeasible_cost_more_than_every_feasible_subset_but_of_one_scale() -> None:
    problem = CommitmentProblem(units=UNITS, load_mw=1000.0, reserve=0.1, k=5)
    costs, feasible = problem.costs(), problem.feasible()
    assert 0 < feasible.sum() < len(feasible)
    assert np.isfinite(costs).all()
    assert costs[~feasible].min() > costs[feasible].max()
    assert costs.max() < 3.0 * costs[feasible].max()


def test_feasible_is_what_the_two_inequalities_say() -> None:
    problem = CommitmentProblem(units=UNITS, load_mw=700.0, reserve=0.1, k=6)
    most = np.array([unit.maximum_mw for unit in UNITS])
    least = np.array([unit.minimum_mw for unit in UNITS])
    bits = problem.basis.bits
    expected = (bits @ most >= 770.0) & (bits @ least <= 700.0)
    assert problem.feasible().tolist() == expected.tolist()


@pytest.mark.parametrize("sizes", [(0.1, 0.2, 0.3), (0.3, 0.2, 0.1), (0.7, 0.1, 0.2)])
@pytest.mark.parametrize("hair_mw", [-1e-10, -1e-16, 0.0, 1e-16, 1e-10])
def test_a_load_at_a_bound_is_met_in_spite_of_rounding(
    sizes: tuple[float, ...], hair_mw: float
) -> None:
    fixed = [
        Unit(maximum_mw=mw, minimum_mw=mw, a_per_h=0.0, b_per_mwh=1.0, c_per_mw2h=0.0)
        for mw in (*sizes, 5.0)
    ]
    problem = CommitmentProblem(units=tuple(fixed), load_mw=sum(sizes) + hair_mw, reserve=0.0, k=3)
    assert problem.feasible().tolist() == [True, False, False, False]
    assert problem.costs()[0] == pytest.approx(sum(sizes), abs=1e-9)
    assert np.isfinite(problem.costs()).all()


def test_refuses_a_size_that_cannot_carry_the_load() -> None:
    problem = CommitmentProblem(units=UNITS, load_mw=1000.0, reserve=0.1, k=1)
    with pytest.raises(InvalidInput, match="no 1 of 10 units"):
        problem.costs()
    with pytest.raises(InvalidInput, match="no subset of the 10 units"):
        cheapest(UNITS, 5000.0, 0.1)


def test_all_units_may_be_the_answer() -> None:
    assert cheapest(UNITS, 1500.0, RESERVE).chosen == tuple(range(10))


@pytest.mark.parametrize(
    ("field", "value"), [("load_mw", 0.0), ("load_mw", np.nan), ("reserve", -0.1), ("k", 10)]
)
def test_refuses_an_hour_that_cannot_be(field: str, value: float) -> None:
    values: dict[str, Any] = {"load_mw": 700.0, "reserve": 0.1, "k": 3, field: value}
    with pytest.raises(InvalidInput, match=field):
        CommitmentProblem(units=UNITS, **values)
