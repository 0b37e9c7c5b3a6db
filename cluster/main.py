"""Own the command line `heliostat`: the commands of every noun under one roof.

Imports nothing heavy, so that `heliostat --help` answers at once; commands import what they use.
"""

from typing import Annotated

import typer

from cluster.commands import (
    audit,
    backends,
    backtest,
    bars,
    books,
    compliance,
    curve,
    feeds,
    forecast,
    greeks,
    history,
    instruments,
    jobs,
    keys,
    login,
    members,
    models,
    optimize,
    price,
    replay,
    risk,
    runs,
    seasonality,
    sessions,
    settlements,
    sign_in_link,
    spreads,
    sql,
    stack,
    ticks,
    vault,
    volatility,
    weather,
    webhooks,
)
from cluster.commands.exit_codes import EXIT_CODES, ErrorMappingGroup

app = typer.Typer(
    name="heliostat",
    cls=ErrorMappingGroup,
    no_args_is_help=True,
    # Plain help answers in a quarter of a second; rich help takes half a second more to import.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
)
_NOUNS = (
    stack,
    curve,
    history,
    spreads,
    seasonality,
    forecast,
    volatility,
    models,
    ticks,
    bars,
    instruments,
    feeds,
    replay,
    weather,
    optimize,
    backtest,
    price,
    greeks,
    runs,
    backends,
    webhooks,
    jobs,
    sql,
    vault,
    login,
    sessions,
    members,
    keys,
    sign_in_link,
    audit,
    compliance,
    settlements,
    books,
    risk,
)
for noun in _NOUNS:
    noun.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("heliostat-platform"))
        raise typer.Exit


@app.callback()
def heliostat(
    _shows_version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Live energy curves and quantum-chosen portfolios on one Ray cluster.

    Start with `heliostat up`, then try `heliostat curve CL`.
    """


def main() -> None:
    """Run the command line."""
    app()
