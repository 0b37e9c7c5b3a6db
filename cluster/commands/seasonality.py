"""Own `heliostat seasonality`: how far each month or day departs from its year."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cluster.commands.chart import chart_lines
from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import (
    PlotOption,
    check_picture_file,
    draw_band,
    draw_line,
    name_months,
    picture,
)
from cluster.commands.settled_text import FromOption, SourceOption, ToOption, remarks

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table
    from rich.text import Text

    from heliostat import Seasonality

By = Literal["month", "day"]
Deviation = Literal["difference", "ratio"]

_COLUMNS = ("season", "mean", "std. error", "low", "high")
_CHART_POINTS = 24


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "seasonality",
        epilog=teach(
            "heliostat seasonality NG --from 2013-01-02 --deviation ratio",
            "heliostat seasonality CL --position 12 --by day --plot season.png",
        ),
    )(seasonality)


def seasonality(
    context: typer.Context,
    product: Annotated[str, typer.Argument(help="A product code: CL, NG, HO, RB, BZ, B, ...")],
    position: Annotated[int, typer.Option(min=1, help="1 is the front.")] = 1,
    by: Annotated[By, typer.Option(help="A month, or a day of the year.")] = "month",
    deviation: Annotated[
        Deviation, typer.Option(help="A difference to the mean of the year, or a ratio.")
    ] = "difference",
    coverage: Annotated[
        float, typer.Option(min=0.01, max=0.999, help="Of the interval from low to high.")
    ] = 0.95,
    first: FromOption = None,
    last: ToOption = None,
    source: SourceOption = None,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the seasonal profile of a position over whole calendar years, by default all stored.

    Each year counts once. Low to high covers the mean, if years are independent and normal.
    """
    check_picture_file(plot)
    with connect(context, data) as client:
        found = client.seasonality(
            product.upper(),
            position=position,
            by=by,
            deviation=deviation,
            coverage=coverage,
            first=first,
            last=last,
            source=source,
        )
    if plot is not None:
        _draw(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    seasons = found.seasons[:: max(1, len(found.seasons) // _CHART_POINTS)]
    chart = chart_lines([one.mean for one in seasons], [one.season for one in seasons])
    parts = [_table(found)] if found.by == "month" else []
    show(_title(found), *parts, "", *chart, *remarks((), found.ignored, found.ignored_rows))


def _title(found: "Seasonality") -> "Text":
    from rich.text import Text

    title = Text.assemble((found.product, "bold"), f" {found.position}  source ")
    title.append(found.source, "bold")
    what = f"{found.unit} from the mean of the year" if found.unit else "ratio to the mean"
    title.append(f"  {what}, {len(found.years)} years of {found.years[0]} to {found.years[-1]}")
    return title


def _table(found: "Seasonality") -> "Table":
    from rich.table import Table

    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found.seasons:
        numbers = (one.mean, one.standard_error, one.low, one.high)
        table.add_row(one.season, *(f"{number:z.4f}" for number in numbers))
    return table


def _draw(found: "Seasonality", path: "Path") -> None:
    years = f"{found.years[0]} to {found.years[-1]}"
    title = f"{found.product} {found.position}, {years}, source {found.source}"
    of_year = "from the mean of the year"
    label = f"{found.unit} {of_year}" if found.unit else "ratio to the mean of the year"
    at = [_day_of(one.season) for one in found.seasons]
    lows, highs = [one.low for one in found.seasons], [one.high for one in found.seasons]
    with picture(path, title=title, x_label=f"{found.by} of the year", y_label=label) as axes:
        draw_band(axes, at, lows, highs, f"{100 * found.coverage:g}% interval")
        draw_line(axes, at, [one.mean for one in found.seasons], "mean departure")
        name_months(axes)


def _day_of(season: str) -> date:
    month, _, day = season.partition("-")
    return date(2000, int(month), int(day or 1))  # a leap year
