"""Own landscapes: the p = 1 expectation of a portfolio problem over a grid of both angles."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.backends import Backend, Family
from core.errors import InvalidInput
from core.specifications.landscape import LandscapeSpecification
from jobs.backends.choice import Choice, Workload
from jobs.kinds.kind import Kind, ParsedCircuit, Posed
from jobs.pieces import Done, Piece
from jobs.plans import landscape_points
from jobs.plans.ansatz_work import circuit_workload
from jobs.plans.grids import points_of
from jobs.plans.histories import history_request, pose_portfolio, require_loaded
from quant.portfolio_problem import PortfolioProblem
from storage.settlement_windows import HistoryRequest, LoadedHistories

if TYPE_CHECKING:
    import pyarrow as pa

POINTS_IN_RESULT = 10_000
"""Hold the matrix of so many points in the result itself; a larger one is in its table only."""

Reals = NDArray[np.float64]


class LandscapeKind:
    """Evaluate one layer at every point of a grid, exactly or by samples on a backend."""

    def histories(self, specification: LandscapeSpecification) -> HistoryRequest:
        return history_request(specification)

    def pose(
        self,
        specification: LandscapeSpecification,
        loaded: LoadedHistories | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        del circuit
        family = Backend.parse(specification.backend).family
        if specification.shots is None and family not in {Family.AUTO, Family.SUBSPACE}:
            reason = f"expected a number with {specification.backend}; what is exact is not sampled"
            raise InvalidInput(field="shots", reason=reason)
        problem = pose_portfolio(specification, require_loaded(loaded))
        return Posed(
            specification=specification.model_copy(update={"as_of": problem.window.last}),
            problem=problem.to_json(),
            vintage=problem.vintage,
        )

    def workload(self, specification: LandscapeSpecification, problem: dict[str, Any]) -> Workload:
        del problem
        exact = specification.shots is None
        found = circuit_workload(
            n=specification.of,
            k=specification.choose,
            depth=1,
            mixer=specification.mixer,
            points=specification.points,
            shots=specification.shots or 1,
            backend="subspace" if exact else specification.backend,
        )
        return replace(found, shots=0) if exact else found

    def plan(
        self, specification: LandscapeSpecification, problem: dict[str, Any], choice: Choice
    ) -> dict[str, Any]:
        del problem
        return landscape_points.plan(specification, choice)

    def shared(
        self, specification: LandscapeSpecification, problem: dict[str, Any], plan: dict[str, Any]
    ) -> PortfolioProblem:
        del specification, plan
        return PortfolioProblem.from_json(problem)

    def pieces(
        self,
        specification: LandscapeSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> list[Piece]:
        del problem
        return landscape_points.pieces(specification, plan, done)

    def assemble(
        self,
        specification: LandscapeSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        posed = PortfolioProblem.from_json(problem)
        values, shares = landscape_points.expectations(posed, specification, done)
        compared = done[landscape_points.CLASSICAL, 0]
        is_small = len(values) <= POINTS_IN_RESULT
        return {
            "gamma": specification.gamma.to_json(),
            "beta": specification.beta.to_json(),
            "points": len(values),
            "expectations": _matrix(values, specification.gamma.points) if is_small else None,
            "expectations_are_in": "expectations, a row for each gamma"
            if is_small
            else "the table, as CSV or Parquet",
            "least": _least(specification, values, compared),
            "feasible_fraction": float(shares.mean()),
            "classical_optimum": _named(posed, compared["optimum"]),
            "worst_objective": compared["worst_objective"],
            "random_baseline": _named(posed, compared["random_baselines"][0]),
            "backend": plan["backend"],
            "method": plan["method"],
            "mixer": specification.mixer.value,
            "depth": 1,
            "shots": specification.shots,
            "seed": specification.seed,
            **landscape_points.circuit_facts(done),
        }

    def table(
        self,
        specification: LandscapeSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        import pyarrow as pa

        posed = PortfolioProblem.from_json(problem)
        values, shares = landscape_points.expectations(posed, specification, done)
        gammas, betas = points_of(specification.gamma, specification.beta, 0, len(values))
        ratios = _ratios(values, done[landscape_points.CLASSICAL, 0])
        del result
        return pa.table(
            {
                "gamma": pa.array(gammas),
                "beta": pa.array(betas),
                "expectation": pa.array(values, from_pandas=True),
                "approximation_ratio": pa.array(ratios, from_pandas=True),
                "feasible_fraction": pa.array(shares),
            }
        )

    def programs(
        self,
        specification: LandscapeSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        del done
        from jobs.tasks.circuit_forms import template  # Qiskit

        del result
        return [template(PortfolioProblem.from_json(problem), specification.mixer.value, 1)]


def _matrix(values: Reals, rows: int) -> list[list[float | None]]:
    return [
        [None if np.isnan(value) else value for value in row]
        for row in values.reshape(rows, -1).tolist()
    ]


def _ratios(values: Reals, compared: dict[str, Any]) -> Reals:
    least, greatest = compared["optimum"]["objective"], compared["worst_objective"]
    if not greatest > least:
        return np.where(np.isnan(values), np.nan, 1.0)
    ratios: Reals = (greatest - values) / (greatest - least)
    return ratios


def _least(
    specification: LandscapeSpecification, values: Reals, compared: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the point of least expectation, the first of equal ones; None if none was measured."""
    if np.isnan(values).all():
        return None
    point = int(np.nanargmin(values))
    gammas, betas = points_of(specification.gamma, specification.beta, point, point + 1)
    return {
        "point": point,
        "gamma": float(gammas[0]),
        "beta": float(betas[0]),
        "expectation": float(values[point]),
        "approximation_ratio": float(_ratios(values[point : point + 1], compared)[0]),
    }


def _named(problem: PortfolioProblem, found: dict[str, Any]) -> dict[str, Any]:
    chosen = found["chosen"]
    labels = [problem.labels[index] for index in chosen]
    return {**found, "chosen": labels, "chosen_indices": chosen}


KIND: Kind = LandscapeKind()
