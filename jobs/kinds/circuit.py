"""Own circuit runs: the counts of a brought circuit at every point of a grid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from core.backends import Family, Method
from core.errors import InvalidInput
from core.runs import SHOTS_PER_BLOCK
from core.specifications.circuit import CircuitSpecification
from jobs.aer.draws import merged
from jobs.backends.choice import Choice, Workload
from jobs.kinds.kind import ParsedCircuit, Posed
from jobs.pieces import Done, Piece, Target
from jobs.plans.grouping import group_points
from jobs.plans.programs import (
    INLINE_VALUES,
    Points,
    Shared,
    about,
    device_facts,
    edges_of,
    estimated_s,
    even_edges,
    hardware_pieces,
    posed,
    workload,
)
from jobs.results.tables import bit_counts, counts_table
from quant.quantum.sweep import block_sizes
from storage.settlement_windows import HistoryRequest, LoadedHistories

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = "sample"
MAX_COUNTS = 5_000_000
"""Let a run have at most so many counts, which are kept together until it is assembled."""

CHUNK_COUNTS = 250_000
"""Keep the counts of a chunk to some megabytes."""

_PER_SHOT = frozenset({Method.STABILIZER, Method.MATRIX_PRODUCT_STATE})


class CircuitKind:
    """Carry out runs of kind `circuit` in one stage, `sample`; on hardware after `compose`."""

    def histories(self, specification: CircuitSpecification) -> HistoryRequest | None:
        """Say that no settlements are read."""
        return None

    def pose(
        self,
        specification: CircuitSpecification,
        loaded: LoadedHistories | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        """Settle the circuit and its points.

        Raises:
            InvalidInput: parameters lack values or do not exist, the backend cannot take it, or
                there would be too many counts.
        """
        problem = posed(specification, circuit)
        most = specification.points * _most_counts(specification, problem)
        if most > MAX_COUNTS:
            reason = (
                f"it could give {most:,} counts, expected at most {MAX_COUNTS:,}; ask for fewer "
                "points or shots, measure fewer qubits, or ask for observables"
            )
            raise InvalidInput(field="shots", reason=reason)
        return Posed(specification=specification, problem=problem, vintage=None)

    def workload(self, specification: CircuitSpecification, problem: dict[str, Any]) -> Workload:
        """Say how many circuits of which size are sampled."""
        return workload(problem, points=specification.points, shots=specification.shots)

    def plan(
        self, specification: CircuitSpecification, problem: dict[str, Any], choice: Choice
    ) -> dict[str, Any]:
        """Settle which points, and of a few long ones which blocks of shots, make a chunk."""
        most = max(1, CHUNK_COUNTS // _most_counts(specification, problem))
        edges = edges_of(specification.points, choice, most)
        block_edges = _block_edges(specification, problem, choice, edges)
        chunks = (len(edges) - 1) * (len(block_edges) - 1)
        composed = choice.backend.family is Family.IBM
        return {
            "choice": choice.to_json(),
            "edges": edges,
            "block_edges": block_edges,
            "chunks": chunks + composed,
        }

    def shared(
        self, specification: CircuitSpecification, problem: dict[str, Any], plan: dict[str, Any]
    ) -> Shared:
        """Return the circuit, its grid, and how it is simulated."""
        return replace(Shared.of(specification, problem, plan), shots=specification.shots)

    def pieces(
        self,
        specification: CircuitSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> list[Piece]:
        """List the chunks that are left: samples, or for hardware the circuit first."""
        if plan["choice"]["method"] is None:
            points = Points.of(specification, problem)
            asked = {"shots": specification.shots, "seed": specification.seed}
            return hardware_pieces(SAMPLE, "sampler", "circuit_compose", points, asked, plan, done)
        expected = estimated_s(plan)
        return [
            Piece(
                stage=SAMPLE,
                index=index,
                task="circuit_sample",
                arguments=arguments,
                target=Target.TASKS,
                estimated_s=expected,
            )
            for index, arguments in enumerate(_chunks(plan))
            if (SAMPLE, index) not in done
        ]

    def assemble(
        self,
        specification: CircuitSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        """Tell what was sampled and how; with the counts of every point while they are few."""
        result = {
            **about(specification, problem, plan),
            "shots": specification.shots,
            "outcome_bits": _width(problem),
            "block_edges": plan["block_edges"],
            **device_facts(SAMPLE, done),
        }
        points = Points.of(specification, problem)
        few = _few(_counts(result, done))
        if few is None:
            return {**result, "inline": False, "counts": None}
        rows = points.rows(0, points.count)
        counts = [
            {
                "point": point,
                "parameters": dict(zip(points.names, rows[point], strict=True)),
                "counts": bit_counts(found, _width(problem)),
            }
            for point, found in few
        ]
        return {**result, "inline": True, "counts": counts}

    def table(
        self,
        specification: CircuitSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        """Return columns point, each parameter, outcome, count, probability."""
        points = Points.of(specification, problem)
        rows = points.rows(0, points.count)
        found = ((point, rows[point], counts) for point, counts in _counts(result, done))
        return counts_table(found, points.names, _width(problem))

    def programs(
        self,
        specification: CircuitSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        """Return the circuit as it was brought."""
        from jobs.tasks.circuit_forms import from_qpy  # Qiskit takes a second to import

        return [from_qpy(problem["qpy"])]


def _block_edges(
    specification: CircuitSpecification,
    problem: Mapping[str, Any],
    choice: Choice,
    edges: Sequence[int],
) -> list[int]:
    """Return the first block of each chunk of one point, and the number of blocks.

    Points are parted where every shot costs alike; a state vector is evolved again for each part,
    so that only the counts that a chunk may return part its points.
    """
    blocks = len(block_sizes(specification.shots))
    if choice.method is None or len(edges) - 1 < specification.points:
        return [0, blocks]
    per_shot = choice.method in _PER_SHOT or (
        choice.method is Method.STATEVECTOR and (problem["is_dynamic"] or choice.backend.is_noisy)
    )
    each_s = choice.seconds / specification.points / blocks
    parts = len(group_points(blocks, each_s)) if per_shot else 1
    most = None
    if _most_counts(specification, problem) > CHUNK_COUNTS:
        most = CHUNK_COUNTS // SHOTS_PER_BLOCK
    return even_edges(blocks, parts, most)


def _chunks(plan: Mapping[str, Any]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the points and blocks of each chunk, from the first to before the last."""
    for first, last in pairwise(plan["edges"]):
        for first_block, last_block in pairwise(plan["block_edges"]):
            yield first, last, first_block, last_block


def _counts(result: Mapping[str, Any], done: Done) -> Iterator[tuple[int, Mapping[str, int]]]:
    """Yield every point with its counts, in order."""
    parts = len(result["block_edges"]) - 1
    for chunk, (first, last) in enumerate(pairwise(result["edges"])):
        found = [done[(SAMPLE, chunk * parts + part)]["counts"] for part in range(parts)]
        for point in range(first, last):
            yield point, merged([counts[point - first] for counts in found])


def _few(
    found: Iterator[tuple[int, Mapping[str, int]]],
) -> list[tuple[int, Mapping[str, int]]] | None:
    """Return all points if they have few outcomes together, else None; look no further then."""
    taken, outcomes = [], 0
    for point, counts in islice(found, INLINE_VALUES + 1):
        taken.append((point, counts))
        outcomes += len(counts)
        if outcomes > INLINE_VALUES:
            return None
    return taken


def _most_counts(specification: CircuitSpecification, problem: Mapping[str, Any]) -> int:
    """Return the most counts that a point can have."""
    return min(specification.shots, 1 << _width(problem))


def _width(problem: Mapping[str, Any]) -> int:
    """Count the bits of an outcome: those measured into, or all qubits if none is measured."""
    return int(problem["clbits"] if problem["is_measured"] else problem["qubits"])


KIND = CircuitKind()
