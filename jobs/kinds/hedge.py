"""Own hedge runs: k of n contracts against a given exposure, chosen by QAOA."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.specifications.hedge import HedgeSpecification
from jobs.kinds.kind import Kind, ParsedCircuit, Posed
from jobs.pieces import Done
from jobs.plans import qaoa
from jobs.plans.histories import (
    Series,
    contracts_of,
    dollar_changes,
    history_request,
    require_loaded,
)
from quant.hedging import HedgeProblem, build_hedge_problem, minimum_variance_sizes
from quant.subset_problem import SubsetProblem
from storage.settlement_windows import HistoryRequest, LoadedHistories

if TYPE_CHECKING:
    import pyarrow as pa

Reals = NDArray[np.float64]


class HedgeKind(qaoa.ChoiceKind):
    """Choose hedges, each sized to take its share of the minimum-variance hedge.

    Objectives are q times the variance left (dollars²) plus the costs of the hedges (dollars).
    """

    def histories(self, specification: HedgeSpecification) -> HistoryRequest:
        return history_request(specification, _legs(specification))

    def pose(
        self,
        specification: HedgeSpecification,
        loaded: LoadedHistories | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        del circuit
        contracts, legs = contracts_of(specification), _legs(specification)
        changes = dollar_changes(specification, (*contracts, *legs), require_loaded(loaded))
        exposure = _exposure(specification, changes.values[:, len(contracts) :])
        hedges = changes.values[:, : len(contracts)]
        sizes = minimum_variance_sizes(exposure, hedges, specification.choose)
        problem = build_hedge_problem(
            exposure=exposure,
            changes=hedges,
            sizes=sizes,
            hedge_costs=np.abs(sizes) * specification.cost_per_contract,
            q=specification.risk_aversion,
            k=specification.choose,
        )
        return Posed(
            specification=specification.model_copy(update={"as_of": changes.last}),
            problem={
                "labels": [one.label for one in contracts],
                "exposure": [leg.to_json() for leg in specification.exposure],
                "sizes": sizes.tolist(),
                **_to_json(problem),
                **changes.to_json(),
            },
            vintage=changes.vintage,
        )

    def shared(
        self, specification: HedgeSpecification, problem: dict[str, Any], plan: dict[str, Any]
    ) -> SubsetProblem:
        del specification, plan
        return _from_json(problem).subset_problem()

    def assemble(
        self,
        specification: HedgeSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        posed = _from_json(problem)
        answer = qaoa.answer(posed.subset_problem(), specification, plan, done)
        return {
            **_told(posed, problem, answer),
            "expectation": answer["expectation"] + posed.offset,
            "worst_objective": answer["worst_objective"] + posed.offset,
            "exposure_variance": posed.exposure_variance,
            "random_baseline": _told(posed, problem, answer["random_baseline"]),
            "classical_optimum": _told(posed, problem, answer["classical_optimum"]),
        }

    def table(
        self,
        specification: HedgeSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        del specification, result
        posed = _from_json(problem)
        return qaoa.outcomes_table(posed.subset_problem(), done, posed.offset)

    def programs(
        self,
        specification: HedgeSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        del specification, done
        return qaoa.programs(_from_json(problem).subset_problem(), result)


def _legs(specification: HedgeSpecification) -> tuple[Series, ...]:
    return tuple(
        Series(product=leg.product, position=leg.position, field="exposure")
        for leg in specification.exposure
    )


def _exposure(specification: HedgeSpecification, changes: Reals) -> Reals:
    """Return what the exposure gained and lost (days,) from the changes of its legs (days, legs).

    Raises:
        InvalidInput: it never moves, as where legs cancel out.
    """
    exposure: Reals = np.einsum(
        "dl,l->d", changes, np.array([leg.contracts for leg in specification.exposure])
    )
    if not np.ptp(exposure) > 0.0:
        raise InvalidInput(field="exposure", reason="expected one whose value moves")
    return exposure


def _to_json(problem: HedgeProblem) -> dict[str, Any]:
    return {
        "exposure_variance": problem.exposure_variance,
        "covariances": problem.covariances.tolist(),
        "sigma": problem.sigma.tolist(),
        "hedge_costs": problem.hedge_costs.tolist(),
        "q": problem.q,
        "k": problem.k,
    }


def _from_json(values: dict[str, Any]) -> HedgeProblem:
    return HedgeProblem(
        exposure_variance=float(values["exposure_variance"]),
        covariances=np.array(values["covariances"], dtype=np.float64),
        sigma=np.array(values["sigma"], dtype=np.float64),
        hedge_costs=np.array(values["hedge_costs"], dtype=np.float64),
        q=float(values["q"]),
        k=int(values["k"]),
    )


def _told(problem: HedgeProblem, values: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Name the hedges chosen and their sizes, and say what variance they leave."""
    chosen = tuple(found["chosen_indices"])
    told = {
        **found,
        "chosen": [values["labels"][index] for index in chosen],
        "sizes": [values["sizes"][index] for index in chosen],
    }
    if found["objective"] is None:
        nothing = ("residual_variance", "effectiveness", "hedge_cost")
        return {**told, **dict.fromkeys(nothing)}
    return {
        **told,
        "objective": found["objective"] + problem.offset,
        "residual_variance": problem.residual_variance(chosen),
        "effectiveness": problem.effectiveness(chosen),
        "hedge_cost": float(problem.hedge_costs[list(chosen)].sum()),
    }


KIND: Kind = HedgeKind()
