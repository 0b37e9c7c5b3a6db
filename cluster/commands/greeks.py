"""Own `heliostat greeks`: how a book moves with prices, volatilities and time, by contract."""

from typing import TYPE_CHECKING

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.option_groups import grouped
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import PlotOption, check_picture_file, picture
from cluster.commands.risk_options import BookOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.table import Table
    from rich.text import Text

    from heliostat import BookGreeks

_COLUMNS = ("contract", "price", "unit", "delta", "gamma", "vega", "theta")
_NORMAL_VEGA = "normal vega"
_TOLD = 8


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "greeks",
        epilog=teach(
            "heliostat greeks desk",
            "heliostat greeks desk --as-of 2026-11-16 --rate .04 --plot greeks.png",
            "heliostat greeks --file positions.csv --source import:mine",
            "heliostat greeks gas --dollars GBP=1.27 --dollars EUR=1.08 --json",
        ),
    )(greeks)


@grouped
def greeks(
    context: typer.Context,
    asked: BookOptions,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the Greeks of a book in dollars, each under the contract month it belongs to.

    Delta is per 1.00 of the contract's price, gamma per its square, vega per 1.00 of volatility (a
    point is a hundredth), theta per year (a day is a 365th). Contracts that expired are left out
    and told of.
    """
    check_picture_file(plot)
    of, options = asked.chosen(), asked.market()
    with connect(context, data) as client:
        found = client.greeks(of, **options)
    if plot is not None:
        _draw(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    show(_title(found), _table(found), *_remarks(found))


def _title(found: "BookGreeks") -> "Text":
    from rich.text import Text

    market = found.market
    sources = ", ".join(sorted(set(market.sources.values())))
    title = Text.assemble((market.book or "positions", "bold"), f"  {market.as_of}  source ")
    title.append(sources, "bold")
    total = found.total
    title.append(f"  options worth {total.option_value:z,.0f}, theta {total.theta:z,.0f} a year")
    return title


def _table(found: "BookGreeks") -> "Table":
    from rich.table import Table

    is_normal = any(one.normal_vega for one in found.contracts)
    columns = (*_COLUMNS, _NORMAL_VEGA) if is_normal else _COLUMNS
    table = Table(*columns, box=None, pad_edge=False)
    for place, column in enumerate(table.columns):
        column.justify = "left" if place in {0, 2} else "right"
    for one in found.contracts:
        numbers = [one.delta, one.gamma, one.vega, one.theta]
        if is_normal:
            numbers.append(one.normal_vega)
        shown = [f"{number:z,.0f}" for number in numbers]
        table.add_row(one.symbol, f"{one.price:,.6g}", one.unit, *shown)
    return table


def _remarks(found: "BookGreeks") -> "Iterator[str]":
    market = found.market
    for name, told in (("expired", market.expired), ("stale", market.stale)):
        if told:
            contracts = ", ".join(str(one["contract"]) for one in told[:_TOLD])
            yield f"{len(told)} {name}: {contracts}"
    if market.volatilities:
        positions = ", ".join(str(one["position"]) for one in market.volatilities[:_TOLD])
        yield f"volatilities of past changes, in price units, for positions {positions}"
    for one in found.approximations[:_TOLD]:
        yield f"{one.label}: {one.reason}"


def _draw(found: "BookGreeks", path: "Path") -> None:
    market = found.market
    title = f"Delta of {market.book or 'positions'} by contract, {market.as_of}"
    with picture(path, title=title, x_label="", y_label="dollars per 1.00 of the price") as axes:
        names = [one.symbol for one in found.contracts]
        axes.bar(range(len(names)), [one.delta for one in found.contracts])
        axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 8 else 0)
        axes.axhline(0.0, color="black", linewidth=0.8)
