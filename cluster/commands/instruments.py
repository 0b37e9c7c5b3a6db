"""Own `heliostat instruments`: the contracts of a product and when they expire."""

from datetime import date
from typing import Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.ticks import ProductArgument, SourceOption


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "instruments",
        epilog=teach(
            "heliostat instruments CL", "heliostat instruments NBP --on 2027-01-04 --json"
        ),
    )(instruments)


def instruments(
    context: typer.Context,
    product: ProductArgument,
    source: SourceOption = None,
    on: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Trading on this day; else today.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=240, help="How many, nearest first.")] = 24,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the contracts of a product with their dates and sizes.

    The column `from` says whose dates they are: a venue's own listing, or the product's rule.
    """
    with connect(context, data) as client:
        found = client.instruments(product.upper(), source=source, on=on, limit=limit)
    if as_json:
        show_json({"items": [item.model_dump(mode="json") for item in found]})
        return
    from rich.table import Table

    table = Table("contract", "symbol", "last trade", "first notice", box=None, pad_edge=False)
    table.add_column("size", justify="right")
    table.add_column("unit")
    table.add_column("currency")
    table.add_column("from")
    for item in found:
        table.add_row(
            item.instrument,
            item.symbol,
            item.last_trade_date.isoformat(),
            _day(item.first_notice_date),
            f"{item.contract_size:,}",
            item.price_unit,
            item.currency,
            item.basis if item.source is None else f"{item.basis} ({item.source})",
        )
    show(table if found else f"No contract of {product.upper()} is listed there.")


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
