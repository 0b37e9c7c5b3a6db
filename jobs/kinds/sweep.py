"""Own sweeps: one portfolio problem over mixers, depths or angles, seeds and backends."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.backends import Backend, Family
from core.errors import InvalidInput
from core.specifications.sweep import SweepSpecification
from jobs.backends.choice import Choice, Workload, choose
from jobs.kinds.kind import Kind, ParsedCircuit, Posed
from jobs.pieces import Done, Piece
from jobs.plans import sweep_points
from jobs.plans.ansatz_work import circuit_workload
from jobs.plans.histories import history_request, pose_portfolio, require_loaded
from jobs.plans.sweep_points import CLASSICAL, SweepPoints
from jobs.results.sweep_rows import rows_of, summary_of, table_of_rows
from quant.portfolio_problem import PortfolioProblem
from quant.quantum.basis import MAX_BYTES
from storage.settlement_windows import HistoryRequest, LoadedHistories

if TYPE_CHECKING:
    import pyarrow as pa


class SweepKind:
    """Train or score every set of angles once, then sample each on every backend."""

    def histories(self, specification: SweepSpecification) -> HistoryRequest:
        return history_request(specification)

    def pose(
        self,
        specification: SweepSpecification,
        loaded: LoadedHistories | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        del circuit
        _require_backends(specification)
        problem = pose_portfolio(specification, require_loaded(loaded))
        return Posed(
            specification=specification.model_copy(update={"as_of": problem.window.last}),
            problem=problem.to_json(),
            vintage=problem.vintage,
        )

    def workload(self, specification: SweepSpecification, problem: dict[str, Any]) -> Workload:
        del problem
        return _workload(specification, specification.backends)

    def plan(
        self, specification: SweepSpecification, problem: dict[str, Any], choice: Choice
    ) -> dict[str, Any]:
        del problem
        several = len(specification.backends) > 1
        choices = [_choice(specification, name) for name in specification.backends]
        return sweep_points.plan(specification, choices if several else [choice])

    def shared(
        self, specification: SweepSpecification, problem: dict[str, Any], plan: dict[str, Any]
    ) -> PortfolioProblem:
        del specification, plan
        return PortfolioProblem.from_json(problem)

    def pieces(
        self,
        specification: SweepSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> list[Piece]:
        del problem
        return sweep_points.pieces(SweepPoints(specification), plan, done)

    def assemble(
        self,
        specification: SweepSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        posed = PortfolioProblem.from_json(problem)
        backends = [way["backend"] for way in plan["backends"]]
        rows = rows_of(posed, SweepPoints(specification), backends, done)
        return {
            **summary_of(rows, done[CLASSICAL, 0]),
            "shots": specification.shots,
            "backends": plan["backends"],
        }

    def table(
        self,
        specification: SweepSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        posed = PortfolioProblem.from_json(problem)
        backends = [way["backend"] for way in result["backends"]]
        return table_of_rows(rows_of(posed, SweepPoints(specification), backends, done))

    def programs(
        self,
        specification: SweepSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        del specification, done
        from jobs.tasks.circuit_forms import bound  # Qiskit

        best = result["best"]
        posed = PortfolioProblem.from_json(problem)
        return [bound(posed, best["mixer"], best["gammas"], best["betas"])]


def _workload(specification: SweepSpecification, backends: Sequence[str]) -> Workload:
    """Say what the largest circuit of a sweep takes, and how many there are."""
    points = SweepPoints(specification)
    sizes = [
        circuit_workload(
            n=specification.of,
            k=specification.choose,
            depth=points.deepest,
            mixer=mixer,
            points=points.units * len(backends),
            shots=specification.shots,
            backend=backend,
        )
        for mixer in specification.mixers
        for backend in backends
    ]
    return max(sizes, key=lambda each: (each.qubits, each.gates))


def _choice(specification: SweepSpecification, backend: str) -> Choice:
    workload = _workload(specification, (backend,))
    try:
        return choose(workload, Backend.parse(backend), MAX_BYTES)
    except InvalidInput as error:
        raise InvalidInput(field="backends", reason=error.context["reason"]) from None


def _require_backends(specification: SweepSpecification) -> None:
    """Refuse what no backend could do, and hardware beside anything else."""
    backends = specification.backends
    families = {Backend.parse(name).family for name in backends}
    if Family.IBM in families and len(backends) > 1:
        reason = f"expected a device of IBM alone, were {', '.join(backends)}"
        raise InvalidInput(field="backends", reason=reason)
    for name in backends:
        _choice(specification, name)


KIND: Kind = SweepKind()
