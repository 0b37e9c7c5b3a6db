"""Own `heliostat sql`: questions to the views over runs and their results."""

import csv
import json
import sys
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, remark, show, show_json
from cluster.commands.stack import DataDir
from core.errors import InvalidInput

if TYPE_CHECKING:
    from cluster.local.queries import Answer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "sql",
        epilog=teach(
            'heliostat sql "SELECT kind, status, count(*) FROM run_overview GROUP BY 1, 2"',
            'heliostat sql "SELECT * FROM sweep_points ORDER BY expectation" --csv > points.csv',
        ),
    )(sql)


def sql(
    query: Annotated[str, typer.Argument(help="One statement that reads.")],
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many rows.")] = 1000,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    data: DataDir = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the database of a stack on this machine, read-only.

    It sees what its organisation may see. The views are run_overview, run_chunk_outcomes,
    run_stage_times, chosen_subsets, sweep_points, landscape_points, circuit_points,
    circuit_counts, observable_values, amplitude_estimates, backtest_scores and risk_measures;
    docs/runs.md describes them.
    """
    from cluster.local.queries import ask

    answer = ask(data, query, limit)
    if as_json:
        show_json({"items": _objects(answer), "is_whole": answer.is_whole})
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([_cell(value) for value in row] for row in answer.rows)
    else:
        _show_table(answer)
    if not answer.is_whole and not as_json:
        remark(f"There are more than these {limit:,} rows; --limit raises the bound.")


def _show_table(answer: "Answer") -> None:
    from rich.table import Table

    if not answer.rows:
        show("No rows.")
        return
    table = Table(*answer.columns, box=None, pad_edge=False)
    for row in answer.rows:
        table.add_row(*map(_cell, row))
    show(table)


def _objects(answer: "Answer") -> list[dict[str, Any]]:
    if len(set(answer.columns)) < len(answer.columns):
        raise InvalidInput(field="QUERY", reason="two columns have one name; tell them apart by AS")
    return [dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows]


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; times, ids and numbers that JSON lacks are text."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
