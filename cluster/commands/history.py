"""Own `heliostat history`: the settlements of a continuous symbol or of one contract."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import PlotOption, check_picture_file, draw_line, picture
from cluster.commands.settled_text import (
    FromOption,
    SourceOption,
    ToOption,
    date_chart,
    remarks,
)

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from rich.table import Table
    from rich.text import Text

    from heliostat import History

Adjustment = Literal["none", "difference", "ratio"]
Anchor = Literal["backward", "forward"]

_ROLL_COLUMNS = ("roll on", "sold", "at", "bought", "at", "gap")
_SHOWN_ROLLS = 12


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "history",
        epilog=teach(
            "heliostat history CL --from 2020-01-02 --to 2020-12-31 --adjust difference",
            "heliostat history NG --contract 202701 --plot ng.svg",
            "heliostat history CL --symbol c.1 --days-early 5 --json",
            "heliostat history HO --symbol v.0 --source import:mine",
        ),
    )(history)


def history(
    context: typer.Context,
    product: Annotated[str, typer.Argument(help="A product code: CL, NG, HO, RB, BZ, B, ...")],
    symbol: Annotated[
        str | None,
        typer.Option(help="c.0 is the front; n.0 is most open, v.0 most traded; otherwise c.0."),
    ] = None,
    contract: Annotated[
        str | None, typer.Option(metavar="YYYYMM", help="One delivery month instead.")
    ] = None,
    position: Annotated[
        int | None, typer.Option(min=1, help="One position instead; 1 is the front.")
    ] = None,
    adjust: Annotated[
        Adjustment, typer.Option(help="How the jump of a roll is taken out.")
    ] = "none",
    anchor: Annotated[
        Anchor, typer.Option(help="Prices that stay: the last contract's, or the first's.")
    ] = "backward",
    days_early: Annotated[
        int, typer.Option(min=0, max=60, help="Roll so many business days before the end.")
    ] = 0,
    first: FromOption = None,
    last: ToOption = None,
    source: SourceOption = None,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what settled over a range of dates, by default the latest year of the front month.

    A continuous symbol moves from contract to contract on their last trade dates, or --days-early
    before; each roll is listed with its gap. Those by open interest and volume need these figures
    in the settlements imported. Prices are never mixed from two sources.
    """
    check_picture_file(plot)
    with connect(context, data) as client:
        found = client.history(
            product.upper(),
            symbol=symbol,
            contract=contract,
            position=position,
            adjust=adjust,
            anchor=anchor,
            days_early=days_early,
            first=first,
            last=last,
            source=source,
        )
    if plot is not None:
        _draw(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    dates, prices = [point.date for point in found.points], [point.price for point in found.points]
    parts = [_rolls(found)] if found.rolls else []
    notes = remarks(found.missing, found.ignored, found.ignored_rows)
    show(_title(found), *parts, *date_chart(dates, prices), *notes)


def _title(found: "History") -> "Text":
    from rich.text import Text

    first, latest = found.points[0], found.points[-1]
    title = Text.assemble(
        (found.symbol, "bold"), f"  {first.date} to {latest.date}  source ", (found.source, "bold")
    )
    title.append(f"  {found.unit}")
    if found.adjust != "none":
        title.append(f"  {_adjusted(found)}")
    title.append(f"  latest {latest.price} ({latest.symbol})")
    return title


def _rolls(found: "History") -> "Table":
    from rich.table import Table

    table = Table(*_ROLL_COLUMNS, box=None, pad_edge=False)
    for column in (2, 4, 5):
        table.columns[column].justify = "right"
    for roll in found.rolls[-_SHOWN_ROLLS:]:
        table.add_row(
            str(roll.on),
            roll.sold,
            _text(roll.sold_price),
            roll.bought,
            _text(roll.bought_price),
            _text(roll.gap),
        )
    if len(found.rolls) > _SHOWN_ROLLS:
        table.caption = f"the last {_SHOWN_ROLLS} of {len(found.rolls)}"
    return table


def _text(price: "Decimal | None") -> str:
    return "" if price is None else str(price)


def _adjusted(found: "History") -> str:
    return f"adjusted by {found.adjust}, {found.anchor}"


def _draw(found: "History", path: "Path") -> None:
    adjusted = "" if found.adjust == "none" else f" {_adjusted(found)}"
    title = f"{found.symbol}{adjusted}, source {found.source}"
    dates, prices = [point.date for point in found.points], [point.price for point in found.points]
    with picture(path, title=title, x_label="settled on", y_label=found.unit) as axes:
        draw_line(axes, dates, prices)
