"""Own `heliostat curve`: one forward curve as a table with a chart."""

from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.chart import chart_lines
from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.settled_text import remarks

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.table import Table
    from rich.text import Text

    from heliostat import Curve, CurvePoint

_COLUMNS = ("#", "contract", "last trade", "price", "from", "bid", "ask", "last", "settlement")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "curve",
        epilog=teach("heliostat curve CL", "heliostat curve CL --as-of 2018-10-03 --json"),
    )(curve)


def curve(
    context: typer.Context,
    product: Annotated[str, typer.Argument(help="A product code: CL, NG, HO, RB, BZ, B, ...")],
    as_of: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="The curve of this day instead of the latest."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Where the prices come from: cme, ice, sandbox or import:NAME."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the forward curve of a product: live, or as it was on a day.

    The price of a contract is the middle of a two-sided quote, else its last trade, else its
    settlement; the column `from` says which. Prices are never mixed from two sources.
    """
    with connect(context, data) as client:
        found = client.curve(product.upper(), as_of=as_of, source=source)
    if as_json:
        show_json(found.model_dump(mode="json"))
    else:
        show(curve_title(found), curve_table(found), *curve_chart(found), *_doubts(found))


def curve_title(curve: "Curve") -> "Text":
    """Return the line above a curve: product, source, moment, unit."""
    from rich.text import Text

    when = curve.as_of.isoformat()
    if curve.live:
        when = "live" + (f", {curve.as_of_time:%Y-%m-%d %H:%M:%S %Z}" if curve.as_of_time else "")
    title = Text.assemble((curve.product, "bold"), f"  {when}  source ", (curve.source, "bold"))
    title.append(f"  {curve.currency}/{curve.price_unit}")
    if curve.gap:
        title.append("  the stream is interrupted", "yellow")
    return title


def curve_table(curve: "Curve") -> "Table":
    """Return the contracts of a curve, one row each."""
    from rich.table import Table

    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for column in table.columns[3:]:
        column.justify = "right"
    for point in curve.points:
        prices = (point.bid, point.ask, point.last, point.settlement)
        table.add_row(
            str(point.position),
            point.symbol,
            point.last_trade_date.isoformat(),
            str(point.price),
            point.basis,
            *(_price(price) for price in prices),
        )
    return table


def curve_chart(curve: "Curve") -> list[str]:
    """Return the lines of a small chart of a curve."""
    prices = [point.price for point in curve.points]
    return ["", *chart_lines(prices, [point.symbol for point in curve.points])]


def _doubts(curve: "Curve") -> list[str]:
    lines = []
    stale = [f"{point.symbol} ({_why(point)})" for point in curve.points if point.is_stale]
    if stale:
        lines.append(f"stale: {', '.join(stale)}")
    if curve.absent:
        lines.append(f"without a settlement: {', '.join(curve.absent)}")
    return [*lines, *remarks((), curve.ignored, curve.ignored_rows)]


def _why(point: "CurvePoint") -> str:
    return "silent" if point.settled_on is None else f"settled {point.settled_on}"


def _price(price: "Decimal | None") -> str:
    return "" if price is None else str(price)
