"""Own `heliostat forecast`: where the contracts of a product may settle in the next weeks."""

from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.forecast_options import (
    AsOfOption,
    ContractOption,
    ProductArgument,
    PublishedSourceOption,
    note_lines,
    price,
    published_title,
)
from cluster.commands.forecast_picture import draw_fan
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import PlotOption, check_picture_file

if TYPE_CHECKING:
    from rich.table import Table

    from heliostat import ContractForecast, Forecast, HorizonForecast

_SHOWN_LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_SHOWN_HORIZON = 20


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "forecast",
        epilog=teach(
            "heliostat forecast CL",
            "heliostat forecast CL --horizon 5 --plot fan.png",
            "heliostat forecast NG --contract 202706 --plot ng.svg",
            "heliostat forecast CL --as-of 2026-11-16 --json",
        ),
    )(forecast)


def forecast(
    context: typer.Context,
    product: ProductArgument,
    horizon: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="Business days ahead: 1, 5, 10, 20, 40 or 60."),
    ] = None,
    contract: ContractOption = None,
    as_of: AsOfOption = None,
    source: PublishedSourceOption = None,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where settlements may be 1 to 60 business days from now, as quantiles.

    With neither --horizon nor --contract the table holds every contract 20 business days ahead;
    with --contract alone, one contract at every horizon. A price is below its quantile of 5 %
    with a probability of 5 %. --json holds all quantiles. --plot draws the median and bands of
    50, 90 and 98 % over the contracts, or over the horizons of one.
    """
    check_picture_file(plot)
    with connect(context, data) as client:
        found = client.forecast(
            product.upper(), horizon=horizon, contract=contract, as_of=as_of, source=source
        )
    shown = _chosen(found, horizon, contract)
    if plot is not None:
        draw_fan(found, shown, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    show(published_title(found, "forecast"), _table(found, shown), *_remarks(found, shown))


Shown = list[tuple["ContractForecast", "HorizonForecast"]]


def _chosen(found: "Forecast", horizon: int | None, contract: str | None) -> Shown:
    """Return the rows to show: of all contracts one horizon, of one contract all of them."""
    if horizon is None and contract is None:
        default = _SHOWN_HORIZON if _SHOWN_HORIZON in found.horizons else found.horizons[0]
        horizon = default
    return [
        (one, ahead)
        for one in found.contracts
        for ahead in one.forecasts
        if horizon in (None, ahead.horizon)
    ]


def _table(found: "Forecast", shown: Shown) -> "Table":
    from rich.table import Table

    columns = [found.levels.index(level) for level in _SHOWN_LEVELS]
    heads = [f"{level:.0%}" for level in _SHOWN_LEVELS]
    table = Table("contract", "settled", "days", "on", *heads, "std. dev.", box=None)
    table.pad_edge = False
    for column in (1, 2, *range(4, len(table.columns))):
        table.columns[column].justify = "right"
    for one, ahead in shown:
        table.add_row(
            f"{one.symbol}*" if ahead.is_after_expiry else one.symbol,
            price(one.settlement),
            str(ahead.horizon),
            ahead.date.isoformat(),
            *(price(ahead.quantiles[column]) for column in columns),
            price(ahead.volatility),
        )
    return table


def _remarks(found: "Forecast", shown: Shown) -> list[str]:
    lines = []
    if any(ahead.is_after_expiry for _, ahead in shown):
        lines.append("* trades no more by then")
    return [*lines, *note_lines(found.notes)]
