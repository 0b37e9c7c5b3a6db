"""Own risk runs: large simulations of a book, in ranges of blocks that any worker may draw."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput
from core.specifications.risk import RiskSpecification
from jobs.backends.choice import Choice, Workload
from jobs.kinds.kind import Kind, ParsedCircuit, Posed
from jobs.pieces import Done, Piece
from jobs.plans import risk_books, risk_paths
from jobs.plans.stages import missing, results_of
from jobs.results.risk_rows import rows_of, table_of_rows
from storage.settlement_windows import HistoryRequest

if TYPE_CHECKING:
    import pyarrow as pa

DRAW, REPORT = "draw", "report"


class RiskKind:
    """Draw paths block by block, keep the worst of each range, and split the tail of them all.

    Losses are dollars. The answer is the one that a single process gives, whatever the ranges.
    """

    def histories(self, specification: RiskSpecification) -> HistoryRequest | None:
        """Return none: the settlements of a book are read by contract."""
        del specification
        return None

    def pose(
        self,
        specification: RiskSpecification,
        loaded: risk_books.LoadedBook | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        del circuit
        if loaded is None:
            raise InvalidInput(field="book", reason="no settlements were read")
        market = risk_books.market_of(specification, loaded)
        problem = risk_books.to_json(loaded, market)
        vintage = risk_books.vintage_of(loaded, problem)
        settled = specification.model_copy(
            update={"as_of": market.priced.market.as_of, "version": loaded.version}
        )
        # what could not be simulated is refused before anything is stored
        together = risk_books.simulated(settled, problem).aggregate
        risk_books.require_paths(settled)
        sizes = {
            "coordinates": together.coordinates,
            "option_kinds": len(together.terms.strikes),
            "vintage": vintage,
        }
        return Posed(specification=settled, problem=problem | sizes, vintage=vintage)

    def workload(self, specification: RiskSpecification, problem: dict[str, Any]) -> Workload:
        """Count paths as shots."""
        return Workload.classical(
            points=1,
            shots=specification.paths,
            seconds=risk_paths.estimated_s(specification, problem),
        )

    def plan(
        self, specification: RiskSpecification, problem: dict[str, Any], choice: Choice
    ) -> dict[str, Any]:
        edges = risk_paths.edges_of(specification, problem)
        return {"backend": str(choice.backend), "edges": edges, "chunks": len(edges)}

    def shared(
        self, specification: RiskSpecification, problem: dict[str, Any], plan: dict[str, Any]
    ) -> risk_books.RiskWork:
        del plan
        return risk_books.RiskWork(specification=specification, problem=problem)

    def pieces(
        self,
        specification: RiskSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> list[Piece]:
        each_s = risk_paths.seconds_per_block(specification, problem)
        draws = missing(
            [
                Piece(
                    stage=DRAW,
                    index=index,
                    task="risk_draw",
                    arguments=(first, end),
                    estimated_s=each_s * (end - first),
                )
                for index, (first, end) in enumerate(pairwise(plan["edges"]))
            ],
            done,
        )
        if draws or (REPORT, 0) in done:
            return draws
        parts = results_of(done, DRAW)
        return [Piece(stage=REPORT, index=0, task="risk_report", arguments=(plan["edges"], parts))]

    def assemble(
        self,
        specification: RiskSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        found = done[REPORT, 0]
        return {
            "book": specification.book,
            "version": problem["version"],
            "as_of": problem["as_of"],
            "sources": problem["sources"],
            "method": specification.method.value,
            "horizon_days": specification.horizon_days,
            "window": {
                "first": problem["dates"][0],
                "last": problem["dates"][-1],
                "days": len(problem["dates"]),
            },
            "scenarios": specification.paths,
            "floored_scenarios": found["floored_scenarios"],
            "levels": found["levels"],
            "notes": found["notes"],
            "expired": problem["expired"],
            "stale": problem["stale"],
            "estimated_volatilities": problem["estimated_volatilities"],
            "vintage": problem["vintage"],
            "seed": specification.seed,
            "backend": plan["backend"],
            "cost": 0,
        }

    def table(
        self,
        specification: RiskSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        """Return, for each level, one row of the book and one of each of its parts."""
        del specification, problem, done
        return table_of_rows(rows_of(result["levels"]))

    def programs(
        self,
        specification: RiskSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        """Return none: there is no circuit in it."""
        del specification, problem, result, done
        return ()


KIND: Kind = RiskKind()
