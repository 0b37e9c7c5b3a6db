"""Check hedge runs against the variance of the hedged series itself."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInput
from core.runs import RunKind
from core.specifications.hedge import HedgeSpecification
from jobs.plans.histories import Series, dollar_changes
from tests.qaoa_runs import CHOICE, Carried, carry_out, loaded, pose

ASKED: dict[str, Any] = {
    **CHOICE,
    "depth": 1,
    "shots": 2000,
    "starts": 2,
    "seed": 7,
    "cost_per_contract": 12.0,
    "exposure": [
        {"product": "HO", "position": 2, "contracts": -10.0},
        {"product": "CL", "position": 5, "contracts": 3.0},
    ],
}


@pytest.fixture(scope="module")
def carried() -> Carried:
    return carry_out(RunKind.HEDGE, ASKED)


def changes_of(*series: tuple[str, int]) -> np.ndarray:
    asked = HedgeSpecification.checked(ASKED)
    named = [Series(product=code, position=position) for code, position in series]
    request = pose(RunKind.HEDGE, ASKED).kind.histories(asked)
    assert request is not None
    return dollar_changes(asked, named, loaded(request)).values


def test_the_variance_left_is_that_of_the_hedged_series(carried: Carried) -> None:
    legs = changes_of(("HO", 2), ("CL", 5))
    exposure = -10.0 * legs[:, 0] + 3.0 * legs[:, 1]
    labels = carried.posed.problem["labels"]
    hedges = changes_of(*((label[:2], int(label[2:])) for label in labels))
    result = carried.result
    assert result["exposure_variance"] == pytest.approx(exposure.var(ddof=1), rel=1e-9)
    for answer in (result, result["classical_optimum"], result["random_baseline"]):
        chosen = answer["chosen_indices"]
        assert answer["chosen"] == [labels[index] for index in chosen]
        hedged = exposure + hedges[:, chosen] @ np.array(answer["sizes"])
        left = hedged.var(ddof=1)
        assert answer["residual_variance"] == pytest.approx(left, rel=1e-9)
        assert answer["effectiveness"] == pytest.approx(1 - left / exposure.var(ddof=1), rel=1e-9)
        cost = 12.0 * np.abs(answer["sizes"]).sum()
        assert answer["hedge_cost"] == pytest.approx(cost, rel=1e-9)
        assert answer["objective"] == pytest.approx(0.5 * left + cost, rel=1e-9)


def test_sizes_are_shares_of_the_hedge_of_least_variance(carried: Carried) -> None:
    legs = changes_of(("HO", 2), ("CL", 5))
    exposure = -10.0 * legs[:, 0] + 3.0 * legs[:, 1]
    for label, size in zip(
        carried.posed.problem["labels"], carried.posed.problem["sizes"], strict=True
    ):
        hedge = changes_of((label[:2], int(label[2:])))[:, 0]
        alone = -np.cov(exposure, hedge)[0, 1] / hedge.var(ddof=1)
        assert size == pytest.approx(alone / 2, rel=1e-9)


def test_stands_beside_the_proven_optimum_and_random_draws(carried: Carried) -> None:
    result, rows = carried.result, carried.rows()
    optimum = result["classical_optimum"]
    assert optimum["proven"]
    assert optimum["evaluated"] == len(list(combinations(range(6), 2)))
    assert optimum["objective"] <= result["objective"] <= result["worst_objective"]
    assert optimum["objective"] <= result["expectation"] <= result["worst_objective"]
    spread = result["worst_objective"] - optimum["objective"]
    ratio = (result["worst_objective"] - result["expectation"]) / spread
    assert result["approximation_ratio"] == pytest.approx(ratio, rel=1e-6)
    assert result["random_baseline"]["draws"] == sum(row["count"] for row in rows) == 2000
    assert min(row["objective"] for row in rows) == pytest.approx(result["objective"], rel=1e-12)
    assert carried.stages == [["classical", "train"], ["sample", "score"]]
    assert len(carried.programs()) == 1


def test_the_problem_says_where_it_comes_from(carried: Carried) -> None:
    problem = carried.posed.problem
    assert problem["exposure"] == ASKED["exposure"]
    assert problem["window"]["days"] == 60
    assert problem["vintage"].startswith("import:made-up@")
    assert carried.posed.specification.to_json()["as_of"] == problem["window"]["last"]


def test_noise_that_leaves_no_hedge_leaves_no_answer(carried: Carried) -> None:
    posed, done = carried.posed, dict(carried.done)
    nothing = {"kept": 0, "total": 0.0, "mask": None, "objective": None}
    done["sample", 0] = {**done["sample", 0], **nothing}
    result = posed.kind.assemble(posed.specification, posed.problem, carried.plan, done)
    for name in ("objective", "residual_variance", "effectiveness", "hedge_cost"):
        assert result[name] is None
    assert result["classical_optimum"]["effectiveness"] is not None


def test_legs_that_cancel_out_are_refused() -> None:
    leg = {"product": "HO", "position": 2}
    legs = [{**leg, "contracts": 4.0}, {**leg, "contracts": -4.0}]
    with pytest.raises(InvalidInput) as refused:
        pose(RunKind.HEDGE, {**ASKED, "exposure": legs})
    assert refused.value.context["field"] == "exposure"
