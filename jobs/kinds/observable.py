"""Own observable runs: expectations of Pauli observables at every point of a circuit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from core.backends import Backend, Family
from core.errors import InvalidInput
from core.specifications.circuit import ObservableSpecification
from jobs.backends.choice import Choice, Workload
from jobs.kinds.kind import ParsedCircuit, Posed
from jobs.pieces import Done, Piece
from jobs.plans.pauli_bases import bases_of
from jobs.plans.programs import (
    INLINE_VALUES,
    Points,
    Shared,
    about,
    device_facts,
    edges_of,
    estimated_s,
    hardware_pieces,
    posed,
    workload,
)
from jobs.results.tables import values_table
from storage.settlement_windows import HistoryRequest, LoadedHistories

if TYPE_CHECKING:
    import pyarrow as pa

EXPECT = "expect"
_Found = tuple[int, list[float], list[float] | None]


class ObservableKind:
    """Carry out runs of kind `observable` in one stage, `expect`; on hardware after `compose`.

    With a precision of 0 values are exact. Otherwise each basis of Pauli letters gets the shots
    that the precision needs, and every value comes with its standard error.
    """

    def histories(self, specification: ObservableSpecification) -> HistoryRequest | None:
        """Say that no settlements are read."""
        return None

    def pose(
        self,
        specification: ObservableSpecification,
        loaded: LoadedHistories | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        """Settle the circuit, its points, and the bases that are measured.

        Raises:
            InvalidInput: parameters lack values or do not exist, a Pauli word does not fit, exact
                values cannot be told, or the backend cannot take the circuit.
        """
        problem = posed(specification, circuit)
        _check_words(specification, problem)
        _check_exactness(specification, problem)
        bases = (
            bases_of(specification.observables, specification.precision)
            if specification.precision > 0
            else ()
        )
        problem["bases"] = [basis.to_json() for basis in bases]
        return Posed(specification=specification, problem=problem, vintage=None)

    def workload(self, specification: ObservableSpecification, problem: dict[str, Any]) -> Workload:
        """Say how many circuits of which size are evolved, and what is read of them."""
        if specification.precision == 0:
            terms = len({word for each in specification.observables for word in each})
            return workload(problem, points=specification.points, shots=0, terms=terms)
        shots = [basis["shots"] for basis in problem["bases"]]
        points = specification.points * max(len(shots), 1)
        return workload(problem, points=points, shots=max(shots, default=1))

    def plan(
        self, specification: ObservableSpecification, problem: dict[str, Any], choice: Choice
    ) -> dict[str, Any]:
        """Settle which points make a chunk."""
        edges = edges_of(specification.points, choice)
        composed = choice.backend.family is Family.IBM
        return {
            "choice": choice.to_json(),
            "edges": edges,
            "chunks": len(edges) - 1 + composed,
        }

    def shared(
        self, specification: ObservableSpecification, problem: dict[str, Any], plan: dict[str, Any]
    ) -> Shared:
        """Return the circuit, its grid, the observables, and how they are told."""
        return replace(
            Shared.of(specification, problem, plan),
            observables=_observables(specification),
            bases=tuple(problem["bases"]),
        )

    def pieces(
        self,
        specification: ObservableSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> list[Piece]:
        """List the chunks that are left: expectations, or for hardware the circuit first."""
        if plan["choice"]["method"] is None:
            points = Points.of(specification, problem)
            asked = {
                "precision": specification.precision,
                "observables": _observables(specification),
                "seed": specification.seed,
            }
            return hardware_pieces(
                EXPECT, "estimator", "observable_compose", points, asked, plan, done
            )
        task = "observable_expect" if specification.precision == 0 else "observable_estimate"
        return [
            Piece(
                stage=EXPECT,
                index=index,
                task=task,
                arguments=(first, last),
                estimated_s=estimated_s(plan),
            )
            for index, (first, last) in enumerate(pairwise(plan["edges"]))
            if (EXPECT, index) not in done
        ]

    def assemble(
        self,
        specification: ObservableSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        """Tell what was told and how; with the values of every point while they are few."""
        result = {
            **about(specification, problem, plan),
            "observables": len(specification.observables),
            "precision": specification.precision,
            **_sampling(problem, plan),
            **device_facts(EXPECT, done),
        }
        points = Points.of(specification, problem)
        if points.count * len(specification.observables) > INLINE_VALUES:
            return {**result, "inline": False, "values": None}
        rows = points.rows(0, points.count)
        values = [
            {
                "point": point,
                "parameters": dict(zip(points.names, rows[point], strict=True)),
                "values": told,
                "standard_errors": errors,
            }
            for point, told, errors in _values(result, done)
        ]
        return {**result, "inline": True, "values": values}

    def table(
        self,
        specification: ObservableSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        """Return columns point, each parameter, observable, value; standard_error if sampled."""
        points = Points.of(specification, problem)
        rows = points.rows(0, points.count)
        found = (
            (point, rows[point], told, errors) for point, told, errors in _values(result, done)
        )
        return values_table(found, points.names, has_errors=specification.precision > 0)

    def programs(
        self,
        specification: ObservableSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        """Return the circuit as it was brought."""
        from jobs.tasks.circuit_forms import from_qpy  # Qiskit takes a second to import

        return [from_qpy(problem["qpy"])]


def _sampling(problem: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the bases measured at each point and their shots; hardware settles its own."""
    if plan["choice"]["method"] is None:
        return {"bases": None, "shots": None}
    shots = [basis["shots"] for basis in problem["bases"]]
    return {"bases": len(shots), "shots": sum(shots)}


def _check_words(specification: ObservableSpecification, problem: Mapping[str, Any]) -> None:
    qubits = problem["qubits"]
    for observable in specification.observables:
        width = len(next(iter(observable)))
        if width != qubits:
            reason = f"expected Pauli words of {qubits} letters, one a qubit, was {width}"
            raise InvalidInput(field="observables", reason=reason)


def _check_exactness(specification: ObservableSpecification, problem: Mapping[str, Any]) -> None:
    backend = Backend.parse(specification.backend)
    if specification.precision == 0 and backend.is_noisy:
        reason = f"exact values need a simulator without noise; give one above 0 with {backend}"
        raise InvalidInput(field="precision", reason=reason)
    if specification.precision == 0 and problem["is_dynamic"]:
        reason = (
            "exact values need a circuit that does not measure, reset or branch before its end; "
            "give one above 0"
        )
        raise InvalidInput(field="precision", reason=reason)
    if backend.family is Family.IBM and problem["is_dynamic"]:
        reason = "hardware estimates no circuit that measures, resets or branches before its end"
        raise InvalidInput(field="backend", reason=reason)


def _observables(specification: ObservableSpecification) -> tuple[dict[str, float], ...]:
    """Sort words, so that sums are taken in one order wherever the specification was stored."""
    return tuple(dict(sorted(each.items())) for each in specification.observables)


def _values(result: Mapping[str, Any], done: Done) -> Iterator[_Found]:
    """Yield every point with its values, and their standard errors where they are told."""
    for chunk, (first, last) in enumerate(pairwise(result["edges"])):
        found = done[(EXPECT, chunk)]
        errors = found.get("standard_errors") or [None] * (last - first)
        for point in range(first, last):
            yield point, found["values"][point - first], errors[point - first]


KIND = ObservableKind()
