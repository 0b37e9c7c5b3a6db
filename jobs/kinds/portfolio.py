"""Own portfolio runs: k of n contracts, chosen by QAOA beside the proven optimum."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.specifications.portfolio import PortfolioSpecification
from jobs.kinds.kind import Kind, ParsedCircuit, Posed
from jobs.pieces import Done
from jobs.plans import qaoa
from jobs.plans.histories import history_request, pose_portfolio, require_loaded
from quant.portfolio_problem import PortfolioProblem
from storage.settlement_windows import HistoryRequest, LoadedHistories

if TYPE_CHECKING:
    import pyarrow as pa


class PortfolioKind(qaoa.ChoiceKind):
    """Train angles from several starts, sample the best, and score it exactly.

    Objectives are in the scaled units of the problem unless the key says unscaled (dollars² times
    q, less dollars).
    """

    def histories(self, specification: PortfolioSpecification) -> HistoryRequest:
        return history_request(specification)

    def pose(
        self,
        specification: PortfolioSpecification,
        loaded: LoadedHistories | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        del circuit
        problem = pose_portfolio(specification, require_loaded(loaded))
        return Posed(
            specification=specification.model_copy(update={"as_of": problem.window.last}),
            problem=problem.to_json(),
            vintage=problem.vintage,
        )

    def shared(
        self, specification: PortfolioSpecification, problem: dict[str, Any], plan: dict[str, Any]
    ) -> PortfolioProblem:
        del specification, plan
        return PortfolioProblem.from_json(problem)

    def assemble(
        self,
        specification: PortfolioSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        posed = PortfolioProblem.from_json(problem)
        answer = qaoa.answer(posed, specification, plan, done)
        return {
            **_told(posed, answer),
            "random_baseline": _told(posed, answer["random_baseline"]),
            "classical_optimum": _told(posed, answer["classical_optimum"]),
        }

    def table(
        self,
        specification: PortfolioSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        del specification, result
        return qaoa.outcomes_table(PortfolioProblem.from_json(problem), done)

    def programs(
        self,
        specification: PortfolioSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        del specification, done
        return qaoa.programs(PortfolioProblem.from_json(problem), result)


def _told(problem: PortfolioProblem, found: dict[str, Any]) -> dict[str, Any]:
    """Name the contracts chosen, and add the objective in dollars."""
    objective = found["objective"]
    return {
        **found,
        "objective_unscaled": None if objective is None else objective * problem.scale,
        "chosen": [problem.labels[index] for index in found["chosen_indices"]],
    }


KIND: Kind = PortfolioKind()
