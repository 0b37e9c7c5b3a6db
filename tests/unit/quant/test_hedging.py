"""Check the hedge objective against the variance of the hedged series itself."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.hedging import HedgeProblem, build_hedge_problem, minimum_variance_sizes

Q, K = 0.3, 3


@pytest.fixture
def days() -> tuple[np.ndarray, np.ndarray]:
    """A year of an exposure and of seven instruments that share two factors with it."""
    random = np.random.default_rng(7)
    factors = random.normal(size=(250, 2))
    changes = factors @ random.normal(size=(2, 7)) + 0.3 * random.normal(size=(250, 7))
    exposure = factors @ np.array([5.0, -3.0]) + random.normal(size=250)
    return exposure, changes


@pytest.fixture
def problem(days: tuple[np.ndarray, np.ndarray]) -> HedgeProblem:
    exposure, changes = days
    return build_hedge_problem(
        exposure=exposure,
        changes=changes,
        sizes=minimum_variance_sizes(exposure, changes, K),
        hedge_costs=np.linspace(0.1, 0.7, 7),
        q=Q,
        k=K,
    )


def test_the_objective_is_the_variance_left_and_the_costs(
    days: tuple[np.ndarray, np.ndarray], problem: HedgeProblem
) -> None:
    exposure, changes = days
    sizes = minimum_variance_sizes(exposure, changes, K)
    costs, basis = problem.costs(), problem.basis
    assert len(costs) == 35
    for chosen in combinations(range(7), K):
        hedged = exposure + changes[:, chosen] @ sizes[list(chosen)]
        left = hedged.var(ddof=1)
        assert problem.residual_variance(chosen) == pytest.approx(left, rel=1e-12)
        expected = Q * left + problem.hedge_costs[list(chosen)].sum()
        rank = basis.rank(sum(1 << i for i in chosen))
        assert costs[rank] == pytest.approx(expected, rel=1e-12)
        assert problem.effectiveness(chosen) == pytest.approx(1.0 - left / exposure.var(ddof=1))


def test_one_hedge_of_minimum_variance_leaves_what_is_uncorrelated(
    days: tuple[np.ndarray, np.ndarray],
) -> None:
    exposure, changes = days
    sizes = minimum_variance_sizes(exposure, changes, 1)
    for i, size in enumerate(sizes):
        correlation = np.corrcoef(exposure, changes[:, i])[0, 1]
        left = (exposure + size * changes[:, i]).var(ddof=1)
        assert left == pytest.approx(exposure.var(ddof=1) * (1.0 - correlation**2), rel=1e-9)


def test_an_instrument_that_never_moves_is_not_held() -> None:
    exposure = np.array([1.0, -2.0, 3.0])
    changes = np.column_stack((np.zeros(3), exposure))
    assert minimum_variance_sizes(exposure, changes, 1).tolist() == [0.0, -1.0]


@pytest.mark.parametrize("change", [0.1, 1.0 / 3.0, -2.7])
def test_an_instrument_that_moves_by_the_same_every_day_is_not_held(
    days: tuple[np.ndarray, np.ndarray], change: float
) -> None:
    exposure, changes = days
    changes[:, 2] = change
    sizes = minimum_variance_sizes(exposure, changes, 1)
    assert sizes[2] == 0.0
    assert np.count_nonzero(sizes) == 6


def test_refuses_a_size_that_is_no_number(days: tuple[np.ndarray, np.ndarray]) -> None:
    exposure, changes = days
    with pytest.raises(InvalidInput, match="sizes"):
        build_hedge_problem(
            exposure=exposure,
            changes=changes,
            sizes=np.array([1.0, np.nan, 1.0, 1.0, 1.0, 1.0, 1.0]),
            hedge_costs=np.zeros(7),
            q=Q,
            k=K,
        )


def test_the_subset_problem_differs_by_the_offset_only(problem: HedgeProblem) -> None:
    subset = problem.subset_problem()
    np.testing.assert_allclose(subset.costs() + problem.offset, problem.costs(), rtol=1e-14)
    assert problem.offset == Q * problem.exposure_variance


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("exposure_variance", -1.0),
        ("exposure_variance", np.nan),
        ("q", -0.1),
        ("k", 7),
        ("covariances", np.zeros(6)),
        ("covariances", np.full(7, np.inf)),
        ("hedge_costs", np.full(7, np.nan)),
        ("sigma", np.zeros((7, 6))),
        ("sigma", np.triu(np.ones((7, 7)))),
    ],
)
def test_refuses_what_is_no_problem(field: str, value: object) -> None:
    values: dict[str, Any] = {
        "exposure_variance": 1.0,
        "covariances": np.zeros(7),
        "sigma": np.eye(7),
        "hedge_costs": np.zeros(7),
        "q": 0.5,
        "k": 3,
    }
    with pytest.raises(InvalidInput, match=field):
        HedgeProblem(**{**values, field: value})


@pytest.mark.parametrize(
    ("exposure", "changes"),
    [
        (np.zeros(1), np.zeros((1, 3))),
        (np.zeros(4), np.zeros((5, 3))),
        (np.zeros(4), np.zeros(4)),
        (np.full(4, np.nan), np.zeros((4, 3))),
    ],
)
def test_refuses_days_that_disagree(exposure: np.ndarray, changes: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match=r"changes|exposure"):
        minimum_variance_sizes(exposure, changes, 2)


def test_no_exposure_has_no_effectiveness() -> None:
    problem = HedgeProblem(
        exposure_variance=0.0,
        covariances=np.zeros(3),
        sigma=np.eye(3),
        hedge_costs=np.zeros(3),
        q=1.0,
        k=1,
    )
    with pytest.raises(InvalidInput, match="exposure_variance"):
        problem.effectiveness((0,))
