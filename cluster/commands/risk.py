"""Own `heliostat risk`: what a book may lose, gains in stresses, and why it made what it made."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cluster.commands import risk_simulate
from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.option_groups import grouped
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import PlotOption, check_picture_file
from cluster.commands.risk_options import (
    BacktestMethod,
    BookOptions,
    DecayOption,
    FreedomOption,
    LossOptions,
    Method,
    Parts,
    deals_in,
    shocks_of,
)
from cluster.commands.risk_pictures import draw_backtest, draw_causes, draw_profits, draw_stresses
from cluster.commands.risk_text import (
    added_line,
    backtest_table,
    doubts,
    explain_table,
    measures_table,
    parts_table,
    stress_table,
    title_of,
    window_line,
)

risk_app = typer.Typer(
    no_args_is_help=True, help="Measure what a book may lose, and explain what it made."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    risk_simulate.register(risk_app)
    app.add_typer(risk_app, name="risk")


@risk_app.command(
    "var",
    epilog=teach(
        "heliostat risk var desk",
        "heliostat risk var desk --method filtered --level 0.975 --horizon 10 --plot losses.png",
        "heliostat risk var --file positions.csv --source import:mine --as-of 2020-04-20",
        "heliostat risk var desk --add hedge.csv --by products --json",
    ),
)
@grouped
def measure(
    context: typer.Context,
    asked: BookOptions,
    losses: LossOptions,
    method: Annotated[Method, typer.Option(help="How losses are forecast.")] = Method.HISTORICAL,
    paths: Annotated[
        int, typer.Option(help="Scenarios to draw, by Monte Carlo or for horizons above a day.")
    ] = 20_000,
    by: Annotated[Parts, typer.Option(help="Whose parts are shown.")] = Parts.POSITIONS,
    top: Annotated[int, typer.Option(min=1, help="How many parts are shown.")] = 15,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show value at risk and expected shortfall of a book, in dollars, and whose they are.

    Losses are learnt from dollar changes of past days, so that negative prices do no harm. Parts
    by position, contract and product add up to the measures; --json holds all of them. --plot
    draws the profits of all scenarios with both measures marked.
    """
    check_picture_file(plot)
    of = asked.chosen()
    options = {**asked.market(), **losses.asked(), "method": method.value, "paths": paths}
    with connect(context, data) as client:
        found = client.risk(of, **options)
    if plot is not None:
        draw_profits(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    words = f"{found.method.replace('_', ' ')}, {_days(found.horizon_days)}"
    show(title_of(found.market, words), measures_table(found), *added_line(found), "")
    show(parts_table(found, by.value, top), "", window_line(found), *doubts(found.market))


@risk_app.command(
    "stress",
    epilog=teach(
        "heliostat risk stress desk --plot stresses.png",
        "heliostat risk stress desk --stress negative-wti-2020 --stress uri-cash-2021",
        "heliostat risk stress desk --shift CL=-20% --shift NG=2/1/0.5 --shift-volatility CL=50%",
    ),
)
@grouped
def stress(
    context: typer.Context,
    asked: BookOptions,
    stresses: Annotated[
        list[str] | None,
        typer.Option("--stress", metavar="NAME", help="Of the library; may be repeated."),
    ] = None,
    shifts: Annotated[
        list[str] | None,
        typer.Option(
            "--shift",
            metavar="CL=-10%",
            help="Move a curve: by percent, by points (CL=5), or month by month (CL=-40/-5/-3).",
        ),
    ] = None,
    volatilities: Annotated[
        list[str] | None,
        typer.Option("--shift-volatility", metavar="CL=25%", help="Move volatilities; CL=0.1."),
    ] = None,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a book gains in scenarios: of the library, or one of your own.

    With neither --stress nor --shift all of the library is shown: the Gulf war of 1990, 2008,
    April 2020, Uri, TTF in 2022 and more. Shifts together make one scenario; a curve moved month
    by month moves beyond the last as at it.
    """
    check_picture_file(plot)
    of, custom = asked.chosen(), shocks_of(shifts, volatilities)
    options = asked.market()
    with connect(context, data) as client:
        found = client.stress(of, stresses=stresses or None, custom=custom, **options)
    if plot is not None:
        draw_stresses(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    show(title_of(found.market, "stresses"), stress_table(found), *doubts(found.market))


@risk_app.command(
    "explain",
    epilog=teach(
        "heliostat risk explain desk --since 2026-11-20",
        "heliostat risk explain desk --since 2026-11-02 --deals trades.csv --plot causes.svg",
    ),
)
@grouped
def explain(
    context: typer.Context,
    asked: BookOptions,
    since: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Held at its settlements.")],
    deals: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A CSV of futures dealt since, with their prices."),
    ] = None,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where the profit of a book since a day came from, to --as-of or the latest settlements.

    Causes add up to the total, which is by full revaluation. What expired on the way is explained
    to its last day. A roll is two deals.
    """
    check_picture_file(plot)
    of, dealt = asked.chosen(), deals_in(deals)
    options = asked.market()
    with connect(context, data) as client:
        found = client.explain(of, since, deals=dealt, **options)
    if plot is not None:
        draw_causes(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    ended = [f"{row.label} traded until {row.ended}" for row in found.positions if row.ended]
    title = title_of(found.market, f"profit to {found.until}")
    show(title, explain_table(found), *ended, *doubts(found.market))


@risk_app.command(
    "backtest",
    epilog=teach(
        "heliostat risk backtest desk",
        "heliostat risk backtest desk --method filtered --level 0.975 --days 500 --plot test.png",
    ),
)
@grouped
def backtest(
    context: typer.Context,
    asked: BookOptions,
    method: Annotated[
        BacktestMethod, typer.Option(help="How losses are forecast.")
    ] = BacktestMethod.HISTORICAL,
    level: Annotated[float, typer.Option(metavar="0.99", help="The confidence level.")] = 0.99,
    window: Annotated[int, typer.Option(metavar="DAYS", help="Days that each learns from.")] = 500,
    days: Annotated[int, typer.Option(metavar="DAYS", help="How many past days to test.")] = 250,
    decay: DecayOption = None,
    freedom: FreedomOption = None,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the value at risk of today's book would have done over past days.

    Each day is forecast from the days before it alone. Tests: Kupiec (how many exceptions),
    Christoffersen (do they cluster), the traffic light of Basel, and Acerbi-Székely (was the
    expected shortfall large enough).
    """
    check_picture_file(plot)
    of = asked.chosen()
    options: dict[str, Any] = {
        **asked.market(),
        "method": method.value,
        "level": level,
        "window_days": window,
        "days": days,
        "decay": decay,
        "degrees_of_freedom": freedom,
    }
    with connect(context, data) as client:
        found = client.backtest_risk(of, **options)
    if plot is not None:
        draw_backtest(found, plot)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    count = f"{found.exceptions} exceptions in {found.observations} days"
    expected = f"{found.expected_exceptions:.1f} expected"
    title = title_of(found.market, f"{found.method} at {found.level:.4g}")
    show(title, f"{count}, {expected}", backtest_table(found), *doubts(found.market))


def _days(days: int) -> str:
    return "one day" if days == 1 else f"{days} days"
