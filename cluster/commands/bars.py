"""Own `heliostat bars`: bars of one contract as a table with a chart."""

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cluster.commands.chart import chart_lines
from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.ticks import (
    ContractOption,
    EndOption,
    ProductArgument,
    SourceOption,
    StartOption,
)
from core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from heliostat import Bar, Client

Resolution = Literal["1m", "1d"]

_LABELS: dict[Resolution, str] = {"1m": "%H:%M", "1d": "%m-%d"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "bars",
        epilog=teach(
            "heliostat bars CL", "heliostat bars TTF --contract 202702 --resolution 1m --last 60"
        ),
    )(bars)


def bars(
    context: typer.Context,
    product: ProductArgument,
    resolution: Annotated[
        Resolution, typer.Option(help="A minute, or a trade date of the exchange.")
    ] = "1d",
    contract: ContractOption = None,
    source: SourceOption = None,
    start: StartOption = None,
    end: EndOption = None,
    last: Annotated[int, typer.Option(min=1, max=10_000, help="Only the last so many.")] = 30,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the trades of a contract in bars: open, high, low, close, volume.

    Without --contract it is the one that expires next. Prices are never mixed from two sources:
    each has a table and a chart of its own.
    """
    with connect(context, data) as client:
        code = product.upper()
        month = contract or _next_contract(client, code)
        found = client.bars(code, resolution, contract=month, source=source, start=start, end=end)
        by_source = last_by_source(found, last)
    if as_json:
        items = [bar.model_dump(mode="json") for listed in by_source.values() for bar in listed]
        show_json({"product": code, "contract": month, "resolution": resolution, "items": items})
        return
    if not by_source:
        show(f"No bars of {code}-{month}: no trade of it is stored in this range.")
    for name, listed in by_source.items():
        show(f"{code}-{month}  {resolution}  source {name}", bar_table(listed))
        closes = [bar.close for bar in listed]
        labels = [f"{bar.start:{_LABELS[resolution]}}" for bar in listed]
        show("", *chart_lines(closes, labels))


def _next_contract(client: "Client", code: str) -> str:
    listed = client.instruments(code, limit=1)
    if not listed:
        raise InvalidInput(field="--contract", reason=f"name one: none of {code} is listed today")
    return listed[0].contract


def last_by_source(found: "Iterable[Bar]", last: int) -> dict[str, list["Bar"]]:
    """Return the last bars of each source, holding no more than these."""
    kept: defaultdict[str, deque[Bar]] = defaultdict(lambda: deque(maxlen=last))
    for bar in found:
        kept[bar.source].append(bar)
    return {name: list(listed) for name, listed in kept.items()}


def bar_table(listed: "list[Bar]") -> "Table":
    """Return one row a bar."""
    from rich.table import Table

    table = Table("start", box=None, pad_edge=False)
    for name in ("open", "high", "low", "close", "volume", "trades"):
        table.add_column(name, justify="right")
    for bar in listed:
        prices = (bar.open, bar.high, bar.low, bar.close)
        counts = (f"{bar.volume:,}", f"{bar.trades:,}")
        table.add_row(f"{bar.start:%Y-%m-%d %H:%M}", *map(str, prices), *counts)
    return table
