"""Own what every kind of run offers: from a specification to pieces, and from pieces to a result.

A kind's module decides; it imports neither Qiskit, numba nor SciPy when it is imported, because
the API and the RunManager use it. What computes is in `jobs.tasks`, and runs in workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from core.asked import Asked
from jobs.backends.choice import Choice, Workload
from jobs.pieces import Done, Piece
from storage.settlement_windows import HistoryRequest

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCircuit:
    """Hold a circuit that was read in a closed process: its QPY in base64, and its facts.

    `parameters` are the names in the circuit's own order. `cut_bits` bounds the entanglement: the
    most bits over any cut of the line of qubits. `is_dynamic` tells of measurements in
    the middle, resets or branches.
    """

    qpy: str
    qubits: int
    clbits: int
    parameters: tuple[str, ...]
    gates: int
    two_qubit_gates: int
    depth: int
    cut_bits: int
    is_clifford: bool
    is_measured: bool
    is_dynamic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """Hold a problem that can be carried out: JSON-ready, with what settles its answer.

    `specification` is the one asked for with every default filled in, `vintage` names the data.
    """

    specification: Asked
    problem: dict[str, Any]
    vintage: str | None


class Kind(Protocol):
    """Turn a specification into pieces and their results into an answer; all methods are pure."""

    def histories(self, specification: Any) -> HistoryRequest | None:
        """Say which settlements the problem is posed from, if any."""
        ...

    def pose(
        self,
        specification: Any,
        loaded: Any,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        """Settle what is to be solved.

        `loaded` is what was read of storage for it: LoadedHistories where `histories` asks for
        some, for risk a LoadedBook, else None.

        Raises:
            InvalidInput: it cannot be solved as asked; names the field.
        """
        ...

    def workload(self, specification: Any, problem: dict[str, Any]) -> Workload:
        """Say how much there is to simulate, for plan limits and the choice of a backend."""
        ...

    def plan(self, specification: Any, problem: dict[str, Any], choice: Choice) -> dict[str, Any]:
        """Settle how: JSON-ready, with `chunks`, the number of pieces in all stages together.

        The same arguments give the same plan; it is stored, so that a restart groups alike.
        """
        ...

    def shared(self, specification: Any, problem: dict[str, Any], plan: dict[str, Any]) -> Any:
        """Return the argument that all pieces share; it travels to each node once."""
        ...

    def pieces(
        self, specification: Any, problem: dict[str, Any], plan: dict[str, Any], done: Done
    ) -> list[Piece]:
        """List the pieces that can be carried out now and are not done; none when all are.

        Called again whenever those it named have ended, it names those of the next stage.
        """
        ...

    def assemble(
        self, specification: Any, problem: dict[str, Any], plan: dict[str, Any], done: Done
    ) -> dict[str, Any]:
        """Put the results together: light work only, the rest is a piece of its own."""
        ...

    def table(
        self,
        specification: Any,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        """Return the result as rows, for CSV, Parquet and data frames."""
        ...

    def programs(
        self, specification: Any, problem: dict[str, Any], result: dict[str, Any], done: Done
    ) -> Sequence[Any]:
        """Return the circuits of the result as Qiskit circuits, for QPY; may be empty."""
        ...
