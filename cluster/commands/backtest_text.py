"""Own how a backtest is told to people: a row for each model of a cell, and a picture of scores."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cluster.commands.pictures import picture

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

Row = dict[str, Any]
_CELL = ("product", "position", "horizon", "first", "last")
_OFFSET = 0.8


def model_name(row: Row) -> str:
    """Return a model with its window, such as `historical 500`."""
    window = row["window"]
    return str(row["model"]) if window is None else f"{row['model']} {window}"


def score_table(rows: Sequence[Row]) -> "Table":
    """Return one row for each model of a product, position, horizon and period."""
    from rich.table import Table

    confidences = sorted({row["level"] for row in rows if row["metric"] == "exceptions"})
    shares = [f"beyond VaR {confidence:.1%}".replace(".0%", " %") for confidence in confidences]
    table = Table(box=None, pad_edge=False)
    for name in ("product", "position", "days ahead", "from", "to", "model"):
        table.add_column(name)
    for name in ("CRPS", "95 % interval", "less naive", "less random walk", "MASE", *shares):
        table.add_column(name, justify="right")
    table.add_column("p (joint)", justify="right")
    for cell, models in _by_cell(rows):
        for name, measures in models.items():
            crps = measures["crps", None]
            exceptions = [_share(measures.get(("exceptions", each))) for each in confidences]
            p_values = [measures.get(("joint_p", each)) for each in confidences]
            table.add_row(
                *(str(part) for part in cell),
                name,
                f"{crps['value']:.4g}",
                f"{crps['low']:.4g} to {crps['high']:.4g}",
                _difference(crps, "naive"),
                _difference(crps, "random_walk"),
                _number(measures.get(("mase", None))),
                *exceptions,
                " ".join("-" if one is None else f"{one['value']:.2g}" for one in p_values),
            )
    return table


def skipped_lines(result: Row) -> Iterable[str]:
    """Yield what could not be scored, and why."""
    for one in result.get("skipped", ()):
        yield f"skipped: {one['model']} of {one['product']}, {one['rows']} cells: {one['reason']}"


def facts_lines(result: Row) -> Iterable[str]:
    """Yield what makes the numbers comparable: units, days, source, seed."""
    units = ", ".join(f"{code} {unit}" for code, unit in result.get("units", {}).items())
    yield f"CRPS in {units}; a difference whose interval leaves out 0 is marked *"
    yield (
        f"{result.get('first')} to {result.get('last')} · source {result.get('source')} · "
        f"seed {result.get('seed')} · {result.get('row_count'):,} rows"
    )


def draw_scores(rows: Sequence[Row], path: "Path", result: Row) -> None:
    """Draw each model's CRPS beside that of unchanged prices, with its interval, by cell."""
    cells = list(_by_cell(rows))
    names = list(dict.fromkeys(name for _, models in cells for name in models))
    title = f"Walk forward from {result.get('first')} to {result.get('last')}"
    label = "CRPS less that of unchanged prices, in percent of the model's"
    with picture(path, title=title, x_label="", y_label=label) as axes:
        for number, name in enumerate(names):
            points = [
                (place, models[name]["crps", None])
                for place, (_, models) in enumerate(cells)
                if name in models and models[name]["crps", None]["naive_difference"] is not None
            ]
            shift = _OFFSET * ((number + 0.5) / len(names) - 0.5)
            _draw_model(axes, name, [(place + shift, row) for place, row in points])
        axes.axhline(0.0, linewidth=0.8, color="black")
        ticks = [f"{cell[0]} {cell[1]}\n{cell[2]} d\n{str(cell[3])[:7]}" for cell, _ in cells]
        axes.set_xticks(range(len(cells)), ticks, fontsize="x-small")
        axes.set_xlim(-0.5, max(len(cells), 1) - 0.5)


def _draw_model(axes: Any, name: str, points: Sequence[tuple[float, Row]]) -> None:
    heights = [100.0 * row["naive_difference"] / row["value"] for _, row in points]
    below = [
        100.0 * (row["naive_difference"] - row["naive_low"]) / row["value"] for _, row in points
    ]
    above = [
        100.0 * (row["naive_high"] - row["naive_difference"]) / row["value"] for _, row in points
    ]
    places = [place for place, _ in points]
    axes.errorbar(
        places, heights, yerr=[below, above], fmt="o", markersize=4, capsize=2, label=name
    )


def _by_cell(
    rows: Sequence[Row],
) -> Iterable[tuple[tuple[Any, ...], dict[str, dict[tuple[str, float | None], Row]]]]:
    found: dict[tuple[Any, ...], dict[str, dict[tuple[str, float | None], Row]]] = {}
    for row in rows:
        if row["metric"] != "skipped":
            cell = tuple(row[name] for name in _CELL)
            models = found.setdefault(cell, {})
            models.setdefault(model_name(row), {})[row["metric"], row["level"]] = row
    return found.items()


def _difference(row: Row, baseline: str) -> str:
    value = row[f"{baseline}_difference"]
    if value is None:
        return "-"
    is_sure = row[f"{baseline}_low"] > 0.0 or row[f"{baseline}_high"] < 0.0
    return f"{value:+z.3g}{'*' if is_sure else ' '}"


def _number(row: Row | None) -> str:
    return "-" if row is None else f"{row['value']:.3g}"


def _share(row: Row | None) -> str:
    return "-" if row is None else f"{100.0 * row['value']:.1f} %"
