"""Own `heliostat spreads`: a spread by date, its latest, and the band of earlier years."""

from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import (
    PlotOption,
    check_picture_file,
    draw_band,
    draw_line,
    picture,
)
from cluster.commands.settled_text import (
    FromOption,
    SourceOption,
    ToOption,
    date_chart,
    remarks,
)

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table
    from rich.text import Text

    from heliostat import Spread

CointegrationOption = Annotated[
    bool,
    typer.Option("--cointegration", help="Test whether two legs keep together in the long run."),
]
GasOption = Annotated[
    str | None, typer.Option(help="Of a spark spread: NG (with PJM), TTF (with DEB) or NBP.")
]

_LEG_COLUMNS = ("leg", "contract", "weight", "price", "unit")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "spreads",
        epilog=teach(
            "heliostat spreads calendar --product CL --positions 1-12",
            "heliostat spreads crack-3-2-1 --from 2022-01-03 --plot crack.svg",
            "heliostat spreads crack-gasoline --product BZ --json",
            "heliostat spreads calendar --product NG --positions 1-12 --cointegration",
            "heliostat spreads spark --power-source import:power --heat-rate 7.5",
            "heliostat spreads clean-spark --product DEB --source import:europe --plot spark.svg",
        ),
    )(spreads)


def spreads(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="calendar, crack-3-2-1, crack-2-1-1, crack-gasoline, ..., spark, clean-spark"
        ),
    ],
    product: Annotated[
        str | None,
        typer.Option(help="Of a calendar spread, the crude of a crack (or CL), power (or PJM)."),
    ] = None,
    positions: Annotated[
        str | None, typer.Option(help="1-12 of a calendar spread (or 1-2), 1 of others.")
    ] = None,
    years: Annotated[int, typer.Option(min=1, max=10, help="Earlier years in the band.")] = 5,
    first: FromOption = None,
    last: ToOption = None,
    source: SourceOption = None,
    cointegration: CointegrationOption = False,
    gas: GasOption = None,
    heat_rate: Annotated[
        float | None, typer.Option(help="MMBtu of gas for a MWh of power; otherwise 7.")
    ] = None,
    emission: Annotated[
        float | None, typer.Option(help="Tonnes of carbon for a MWh; otherwise .05306 an MMBtu.")
    ] = None,
    exchange_rate: Annotated[
        float | None, typer.Option(help="What one of the gas's currency is in the power's.")
    ] = None,
    carbon_exchange_rate: Annotated[
        float | None, typer.Option(help="What one EUR is in the power's currency.")
    ] = None,
    power_source: Annotated[
        str | None, typer.Option(help="Of power, import:NAME; otherwise --source.")
    ] = None,
    gas_source: Annotated[
        str | None, typer.Option(help="Of gas; otherwise --source, or the live one.")
    ] = None,
    carbon_source: Annotated[
        str | None, typer.Option(help="Of carbon, import:NAME; otherwise --source.")
    ] = None,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a spread over a range of dates, by default the latest year.

    A calendar spread is near less far; a crack of c:g:d makes g of gasoline and d of distillate
    from c of crude; a spark spread is imported power less the gas that it takes in one delivery
    month, a clean one less carbon too. The band is of the same day of earlier years.
    """
    check_picture_file(plot)
    with connect(context, data) as client:
        found = client.spread(
            name,
            product=product and product.upper(),
            positions=positions,
            years=years,
            first=first,
            last=last,
            source=source,
            cointegration=cointegration or None,
            gas=gas and gas.upper(),
            heat_rate=heat_rate,
            emission=emission,
            exchange_rate=exchange_rate,
            carbon_exchange_rate=carbon_exchange_rate,
            power_source=power_source,
            gas_source=gas_source,
            carbon_source=carbon_source,
        )
    if plot is not None:
        _draw(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    dates, values = [point.date for point in found.points], [point.value for point in found.points]
    notes = remarks(found.missing, found.ignored, found.ignored_rows)
    show(_title(found), _legs(found), *_tested(found), *date_chart(dates, values), *notes)


def _title(found: "Spread") -> "Text":
    from rich.text import Text

    latest = found.latest
    title = Text.assemble((found.title, "bold"), f"  {latest.date}  source ")
    sources = sorted({found.source, *found.sources.values()})
    title.append(" and ".join(sources), "bold")
    title.append(f"  {latest.value} {found.unit}")
    if latest.years:
        band = f"{latest.low} to {latest.high}, mean {latest.mean}"
        title.append(f"  {latest.years} earlier years: {band}")
    return title


def _tested(found: "Spread") -> list[str]:
    test = found.cointegration
    if test is None:
        return []
    verdict = "keep together" if test.is_cointegrated else "are not seen to keep together"
    pace = ""
    if test.is_cointegrated and test.half_life_days is not None:
        pace = f", half of a distance gone in {test.half_life_days:.1f} days"
    return [
        f"the legs {verdict}: Engle–Granger {test.statistic:z.2f}, limit {test.limit:.2f}, "
        f"p {test.p_value:.2g}, ratio {test.ratio:z.3f}{pace}"
    ]


def _legs(found: "Spread") -> "Table":
    from rich.table import Table

    table = Table(*_LEG_COLUMNS, box=None, pad_edge=False)
    for column in (2, 3):
        table.columns[column].justify = "right"
    for leg in found.legs:
        table.add_row(
            f"{leg.product} {leg.position}",
            leg.symbol,
            f"{leg.weight:+.4g}",
            str(leg.price),
            leg.unit,
        )
    return table


def _draw(found: "Spread", path: "Path") -> None:
    title = f"{found.title}, source {found.source}"
    banded = [point for point in found.points if point.years]
    days = [point.date for point in banded]
    with picture(path, title=title, x_label="settled on", y_label=found.unit) as axes:
        if banded:
            lows, highs = [p.low or 0 for p in banded], [p.high or 0 for p in banded]
            draw_band(axes, days, lows, highs, "range of earlier years")
            draw_line(axes, days, [p.mean or 0 for p in banded], "their mean", "--")
        days = [point.date for point in found.points]
        draw_line(axes, days, [point.value for point in found.points], found.title)
