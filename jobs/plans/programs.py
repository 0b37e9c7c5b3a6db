"""Own what runs of a brought circuit share: its problem, its points, and how chunks take them.

Imports no Qiskit, because the API and the RunManager use it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

from core.backends import FAKE_DEVICES, Backend, Family, Method
from core.errors import InvalidInput
from core.specifications.circuit import Grid, Program, Row, grid_rows
from jobs.backends.choice import Choice, Workload
from jobs.kinds.kind import ParsedCircuit
from jobs.pieces import Done, Piece, Target
from jobs.plans.grouping import group_points, rows_per_job

COMPOSE = "compose"
"""Name the stage in which a circuit is made ready for hardware."""

INLINE_VALUES = 2_000
"""Put at most so many counts or values into the result itself; the table has them all."""

_FACTS = ("qubits", "gates", "two_qubit_gates", "depth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Hold the grid of a run: a column of values for each parameter, in the circuit's order."""

    names: tuple[str, ...]
    columns: tuple[tuple[float, ...], ...]
    grid: Grid
    count: int

    @classmethod
    def of(cls, specification: Program, problem: Mapping[str, Any]) -> "Points":
        """Take the values of the circuit's parameters in the circuit's own order.

        The order in which they were named is lost where JSON is stored, and counts for nothing.
        """
        names = tuple(problem["parameters"])
        return cls(
            names=names,
            columns=tuple(specification.parameters[name] for name in names),
            grid=specification.grid,
            count=specification.points,
        )

    def rows(self, first: int, last: int) -> list[Row]:
        """Return the points `first` to `last` − 1."""
        return grid_rows(self.columns, self.grid, first, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Hold what all pieces of a run share; `method` is None on hardware.

    `shots` are those of each point, `bases` the measurement bases of sampled `observables`;
    `is_dynamic` tells of measurements in the middle, resets or branches.
    """

    qpy: str
    points: Points
    seed: int
    method: Method | None
    device: str | None
    is_dynamic: bool
    shots: int = 0
    observables: tuple[dict[str, float], ...] = ()
    bases: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(
        cls, specification: Program, problem: Mapping[str, Any], plan: Mapping[str, Any]
    ) -> "Shared":
        """Build from a run, without what only its kind knows."""
        choice = plan["choice"]
        return cls(
            qpy=problem["qpy"],
            points=Points.of(specification, problem),
            seed=specification.seed,
            method=None if choice["method"] is None else Method(choice["method"]),
            device=Backend.parse(choice["backend"]).device,
            is_dynamic=problem["is_dynamic"],
        )


def posed(specification: Program, circuit: ParsedCircuit | None) -> dict[str, Any]:
    """Return the problem of a circuit: its QPY and facts.

    Raises:
        InvalidInput: values are missing or superfluous, or the backend cannot take the circuit.
    """
    if circuit is None:
        raise InvalidInput(field="program", reason="expected a circuit")
    given, wanted = set(specification.parameters), set(circuit.parameters)
    for names, verb in ((wanted - given, "needs values for"), (given - wanted, "does not have")):
        if names:
            listed = ", ".join(sorted(names)[:5])
            raise InvalidInput(field="parameters", reason=f"the circuit {verb} {listed[:200]}")
    _check_backend(Backend.parse(specification.backend), circuit)
    return {**asdict(circuit), "parameters": list(circuit.parameters)}


def _check_backend(backend: Backend, circuit: ParsedCircuit) -> None:
    if backend.family is Family.SUBSPACE:
        reason = "subspace carries out QAOA problems, not circuits; choose aer or auto"
        raise InvalidInput(field="backend", reason=reason)
    if backend.family is Family.AER and backend.device is not None:
        held = FAKE_DEVICES[backend.device]
        if circuit.qubits > held:
            reason = f"{backend.device} has {held} qubits, the circuit needs {circuit.qubits}"
            raise InvalidInput(field="backend", reason=reason)


def workload(problem: Mapping[str, Any], *, points: int, shots: int, terms: int = 0) -> Workload:
    """Say how much there is to simulate."""
    facts = {name: problem[name] for name in _SHARED_FACTS}
    return Workload(**facts, points=points, shots=shots, terms=terms, needs_circuits=True)


_SHARED_FACTS = {each.name for each in fields(Workload)} & {
    each.name for each in fields(ParsedCircuit)
}


def edges_of(points: int, choice: Choice, most: int | None = None) -> list[int]:
    """Return the first point of each chunk, and the number of points.

    On hardware a chunk is one job, of half a minute of the device at most. `most` bounds the points
    of a chunk for the sake of what it returns.
    """
    each_s = choice.seconds / points
    if choice.backend.family is Family.IBM:
        rows = min(points, rows_per_job(each_s))
        return [*range(0, points, rows), points]
    return even_edges(points, len(group_points(points, each_s)), most)


def even_edges(count: int, chunks: int, most: int | None) -> list[int]:
    """Split 0…count − 1 evenly into so many chunks, or more where one would exceed `most`."""
    if most is not None:
        chunks = max(chunks, -(-count // most))
    return [count * chunk // chunks for chunk in range(chunks + 1)]


def about(
    specification: Program, problem: Mapping[str, Any], plan: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what every result tells of its circuit and of how it was carried out."""
    choice = plan["choice"]
    return {
        "points": specification.points,
        "parameters": list(problem["parameters"]),
        "seed": specification.seed,
        **{name: choice[name] for name in ("backend", "method", "why", "estimated_s")},
        **{name: problem[name] for name in _FACTS},
        "edges": plan["edges"],
    }


def device_facts(stage: str, done: Done) -> dict[str, Any]:
    """Tell what a device, real or recorded, made of the circuit, and the seconds it was used."""
    chunks = [result for (name, _), result in done.items() if name == stage]
    placed = {
        name: max(chunk[name] for chunk in chunks)
        for name in ("isa_depth", "two_qubit_gates")
        if all(name in chunk for chunk in chunks)
    }
    return {
        "on_device": placed or None,
        "cost": sum(chunk.get("usage_s") or 0 for chunk in chunks),
        "job_ids": [chunk["job_id"] for chunk in chunks if "job_id" in chunk],
    }


def estimated_s(plan: Mapping[str, Any]) -> float:
    """Return the seconds that a chunk of a plan is expected to take."""
    return float(plan["choice"]["estimated_s"]) / int(plan["chunks"])


def hardware_pieces(
    stage: str,
    primitive: str,
    compose: str,
    points: Points,
    asked: Mapping[str, Any],
    plan: Mapping[str, Any],
    done: Done,
) -> list[Piece]:
    """List what is left of a run on hardware: the circuit is composed, then jobs are run.

    `asked` are the arguments of the primitive beside the circuit and the rows.
    """
    composed = done.get((COMPOSE, 0))
    if composed is None:
        return [Piece(stage=COMPOSE, index=0, task=compose, arguments=())]
    return [
        Piece(
            stage=stage,
            index=index,
            task=primitive,
            arguments=({"qpy": composed["qpy"], "rows": points.rows(first, last), **asked},),
            target=Target.QPU,
            estimated_s=estimated_s(plan),
        )
        for index, (first, last) in enumerate(pairwise(plan["edges"]))
        if (stage, index) not in done
    ]
