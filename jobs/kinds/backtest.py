"""Own backtest runs: models walked forward over products and periods, scored beside baselines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.specifications.backtest import BacktestSpecification
from jobs.backends.choice import Choice, Workload
from jobs.kinds.kind import Kind, ParsedCircuit, Posed
from jobs.pieces import Done, Piece
from jobs.plans import backtests
from jobs.plans.histories import require_loaded
from jobs.plans.stages import missing, results_of
from jobs.results.backtest_rows import rows_of, table_of_rows, told
from storage.settlement_windows import HistoryRequest, LoadedHistories

if TYPE_CHECKING:
    import pyarrow as pa

SCORE = "score"


class BacktestKind:
    """Walk each model forward over each period of each product, one chunk each.

    Scores are in price units. A chunk walks both baselines beside its model, on the same days, so
    that differences are of pairs.
    """

    def histories(self, specification: BacktestSpecification) -> HistoryRequest:
        return backtests.history_request(specification)

    def pose(
        self,
        specification: BacktestSpecification,
        loaded: LoadedHistories | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        del circuit
        posed = backtests.pose(specification, require_loaded(loaded))
        return Posed(
            specification=posed.specification, problem=posed.problem, vintage=posed.vintage
        )

    def workload(self, specification: BacktestSpecification, problem: dict[str, Any]) -> Workload:
        """Count one point for each day that a model forecasts."""
        units = backtests.units(specification, problem)
        return Workload.classical(
            points=sum(backtests.scored_days(problem, unit) for unit in units),
            shots=0,
            seconds=sum(backtests.estimated_s(specification, problem, unit) for unit in units),
        )

    def plan(
        self, specification: BacktestSpecification, problem: dict[str, Any], choice: Choice
    ) -> dict[str, Any]:
        units = backtests.units(specification, problem)
        return {
            "backend": str(choice.backend),
            "chunks": len(units),
            "estimated_s": [
                round(backtests.estimated_s(specification, problem, unit), 3) for unit in units
            ],
        }

    def shared(
        self, specification: BacktestSpecification, problem: dict[str, Any], plan: dict[str, Any]
    ) -> backtests.BacktestWork:
        del plan
        return backtests.BacktestWork(specification=specification, problem=problem)

    def pieces(
        self,
        specification: BacktestSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> list[Piece]:
        del specification, problem
        return missing(
            [
                Piece(
                    stage=SCORE,
                    index=index,
                    task="backtest_score",
                    arguments=(index,),
                    estimated_s=seconds,
                )
                for index, seconds in enumerate(plan["estimated_s"])
            ],
            done,
        )

    def assemble(
        self,
        specification: BacktestSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        return {
            "source": specification.source,
            "first": problem["periods"][0]["first"],
            "last": problem["periods"][-1]["last"],
            "periods": problem["periods"],
            "units": {code: kept["unit"] for code, kept in problem["histories"].items()},
            **told(rows_of(results_of(done, SCORE))),
            "vintage": problem["vintage"],
            "seed": specification.seed,
            "backend": plan["backend"],
            "cost": 0,
        }

    def table(
        self,
        specification: BacktestSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        """Return one row for each measure of a model, position, horizon and period."""
        del specification, problem, result
        return table_of_rows(rows_of(results_of(done, SCORE)))

    def programs(
        self,
        specification: BacktestSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        """Return none: there is no circuit in it."""
        del specification, problem, result, done
        return ()


KIND: Kind = BacktestKind()
