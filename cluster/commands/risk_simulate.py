"""Own `heliostat risk simulate`: the risk of a book from many paths, drawn on the cluster."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.option_groups import grouped
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import PlotOption, check_picture_file, picture
from cluster.commands.risk_options import BookOptions, LossOptions
from cluster.commands.study_options import followed

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table


class Drawn(StrEnum):
    """Name what paths are drawn from."""

    MONTE_CARLO = "monte_carlo"
    HISTORICAL = "historical"
    FILTERED = "filtered"


_SHOWN = 20


def register(group: typer.Typer) -> None:
    """Add the command to the commands of risk."""
    group.command(
        "simulate",
        epilog=teach(
            "heliostat risk simulate desk --paths 1000000",
            "heliostat risk simulate desk --degrees-of-freedom 5 --horizon 10 --seed 7 --json",
            "heliostat risk simulate desk --method filtered --horizon 10 --plot parts.svg",
        ),
    )(simulate)


@grouped
def simulate(
    context: typer.Context,
    asked: BookOptions,
    losses: LossOptions,
    method: Annotated[
        Drawn, typer.Option(help="Draw from a distribution, or from past days in blocks.")
    ] = Drawn.MONTE_CARLO,
    paths: Annotated[
        int, typer.Option(min=1_000, max=10_000_000, help="How many are drawn.")
    ] = 1_000_000,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again even if the same run has finished.")
    ] = False,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate what a book may lose on the cluster, with parts by position that add up.

    Paths are drawn in blocks with random numbers of their own, so that the answer is the same on
    any number of workers, and that of `heliostat risk var` for as many paths. Ctrl-C leaves the run
    going and says how to find it again.
    """
    check_picture_file(plot)
    of = asked.chosen()
    options = {**asked.market(), **losses.asked(), "method": method.value, "paths": paths}
    with connect(context, data) as client:
        run = followed(
            lambda on_submitted, on_event: client.simulate_risk(
                of, fresh=fresh, on_submitted=on_submitted, on_event=on_event, **options
            ),
            as_json,
        )
    result = run.result or {}
    if plot is not None:
        _draw(result, plot)
    if as_json:
        show_json({"run_id": run.run_id, "status": run.status.value, **result})
        return
    show(_measures(result), *_added(result), "", _parts(result), "")
    show(*_facts(result), f"run {run.run_id}")


def _added(result: dict[str, Any]) -> list[str]:
    return [
        f"added trades change value at risk at {100.0 * level['level']:.4g} % by "
        f"{level['added']['value_at_risk']:+z,.0f}, expected shortfall by "
        f"{level['added']['expected_shortfall']:+z,.0f}"
        for level in result["levels"]
        if level["added"] is not None
    ]


def _measures(result: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("level", "value at risk", "95 % interval", "expected shortfall", "95 % interval"):
        table.add_column(name, justify="right")
    for level in result["levels"]:
        cells = [
            text
            for measure in ("value_at_risk", "expected_shortfall")
            for text in _estimate(level[measure])
        ]
        table.add_row(f"{100.0 * level['level']:.4g} %", *cells)
    return table


def _estimate(told: dict[str, float]) -> tuple[str, str]:
    return f"{told['estimate']:z,.0f}", f"{told['low']:z,.0f} to {told['high']:z,.0f}"


def _parts(result: dict[str, Any]) -> "Table":
    """Return the positions that add most, of the highest level."""
    from rich.table import Table

    level = result["levels"][-1]
    name = f"{100.0 * level['level']:.4g} %"
    table = Table("", "position", box=None, pad_edge=False)
    for column in (f"part of VaR {name}", "of expected shortfall"):
        table.add_column(column, justify="right")
    for part in _largest(level):
        values = (f"{part['value_at_risk']:z,.0f}", f"{part['expected_shortfall']:z,.0f}")
        table.add_row(str(part["position"]), part["label"], *values)
    return table


def _largest(level: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = level["positions"]
    return sorted(parts, key=lambda part: -abs(part["expected_shortfall"]))[:_SHOWN]


def _facts(result: dict[str, Any]) -> list[str]:
    sources = ", ".join(f"{code} {name}" for code, name in result["sources"].items())
    window = result["window"]
    lines = [
        f"{result['scenarios']:,} paths of {result['horizon_days']} days, {result['method']}, "
        f"seed {result['seed']} · learnt from {window['days']} days to {window['last']} · "
        f"valued on {result['as_of']} · {sources}"
    ]
    lines += [note["detail"] for note in result["notes"]]
    if result["expired"]:
        lines.append(f"{result['expired']} contracts have expired and are left out")
    if result["stale"]:
        lines.append(f"stale prices: {', '.join(result['stale'])}")
    return lines


def _draw(result: dict[str, Any], path: "Path") -> None:
    """Draw the parts of the positions that add most, at the highest level."""
    level = result["levels"][-1]
    parts = _largest(level)[::-1]
    title = f"Expected shortfall at {100.0 * level['level']:.4g} %, valued on {result['as_of']}"
    with picture(path, title=title, x_label="dollars", y_label="position") as axes:
        labels = [f"{part['position']} {part['label']}" for part in parts]
        axes.barh(labels, [part["expected_shortfall"] for part in parts])
        axes.axvline(0.0, linewidth=0.8, color="black")
