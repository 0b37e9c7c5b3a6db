"""Own `heliostat volatility`: how much each contract moves, beside the term structure."""

from typing import TYPE_CHECKING

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.forecast_options import (
    AsOfOption,
    ContractOption,
    ProductArgument,
    PublishedSourceOption,
    note_lines,
    part,
    price,
    published_title,
)
from cluster.commands.forecast_picture import draw_term_structure
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import PlotOption, check_picture_file

if TYPE_CHECKING:
    from rich.table import Table

    from heliostat import Volatility

_LEAST_WEIGHT = 0.005
_COLUMNS = ("#", "contract", "years left", "daily", "annual", "Samuelson")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "volatility",
        epilog=teach(
            "heliostat volatility CL",
            "heliostat volatility NG --as-of 2026-11-16 --plot volatility.png",
            "heliostat volatility CL --contract 202706 --json",
        ),
    )(volatility)


def volatility(
    context: typer.Context,
    product: ProductArgument,
    contract: ContractOption = None,
    as_of: AsOfOption = None,
    source: PublishedSourceOption = None,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the volatility of each contract: of the next day, and annual.

    Daily is in price units, annual a part of the price, left out where that is not above 0. It
    combines the models named at the right, each with its weight. Samuelson is the smooth term
    structure through all contracts: futures move more the nearer they are to delivery.
    """
    check_picture_file(plot)
    with connect(context, data) as client:
        found = client.volatility(product.upper(), contract=contract, as_of=as_of, source=source)
    if plot is not None:
        draw_term_structure(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    show(published_title(found, "volatility"), _table(found), *note_lines(found.notes))


def _table(found: "Volatility") -> "Table":
    from rich.table import Table

    parts_of = [one for row in found.contracts for one in row.parts if one.weight >= _LEAST_WEIGHT]
    names = list(dict.fromkeys(one.name for one in parts_of))
    table = Table(*_COLUMNS, *names, box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for one in found.contracts:
        parts = {each.name: f"{price(each.volatility)} ({each.weight:.0%})" for each in one.parts}
        table.add_row(
            str(one.position),
            one.symbol,
            f"{one.years_to_expiry:.2f}",
            price(one.daily),
            part(one.annual),
            part(one.samuelson),
            *(parts.get(name, "") for name in names),
        )
    return table
