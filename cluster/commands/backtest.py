"""Own `heliostat backtest`: how well models would have forecast, beside two naive ones."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.backtest_text import draw_scores, facts_lines, score_table, skipped_lines
from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json
from cluster.commands.pictures import PlotOption, check_picture_file
from cluster.commands.study_options import followed, listed

if TYPE_CHECKING:
    from heliostat import Client, Run
    from heliostat.study_flows import BacktestOptions


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "backtest",
        epilog=teach(
            "heliostat backtest CL",
            "heliostat backtest CL,NG --models density,historical,garch --windows 250,500 "
            "--from 2022-01-03 --to 2023-12-29 --source import:rtl --plot scores.png",
            "heliostat backtest CL --positions 1,6,12 --period-months 12 --json",
        ),
    )(backtest)


def backtest(
    context: typer.Context,
    products: Annotated[str, typer.Argument(metavar="CL,NG,...", help="Separated by commas.")],
    positions: Annotated[
        str | None, typer.Option(metavar="1,6,...", help="1 is the nearest contract, and alone.")
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Of density, historical, garch, har, ewma, random_walk, naive; unless told "
            "density, historical, random_walk and naive.",
        ),
    ] = None,
    windows: Annotated[
        str | None,
        typer.Option(metavar="250,500,...", help="Days that models learn from; 500 unless told."),
    ] = None,
    horizons: Annotated[
        str | None, typer.Option(metavar="1,5,...", help="Business days; 1,5,20 unless told.")
    ] = None,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="YYYY-MM-DD", help="The first day scored; of 500 if unset."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last; the latest settled.")
    ] = None,
    period_months: Annotated[
        int | None, typer.Option(help="Score periods of so many months apart from each other.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="One source: cme, ice, sandbox or import:NAME.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same numbers.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again even if the same run has finished.")
    ] = False,
    plot: PlotOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score what models would have forecast of price changes, each day from the days before it.

    CRPS, pinball loss and MASE are losses: less is better. They stand beside those of unchanged
    prices (naive) and of a random walk, with 95 % confidence intervals. Exceptions are the days on
    which a long position lost more than its value at risk.
    """
    check_picture_file(plot)
    options: BacktestOptions = {
        "products": [code.upper() for code in listed(products, str, "PRODUCTS") or []],
        "positions": listed(positions, int, "--positions"),
        "models": listed(models, str, "--models"),
        "windows": listed(windows, int, "--windows"),
        "horizons": listed(horizons, int, "--horizons"),
        "first": first,
        "as_of": last,
        "period_months": period_months,
        "source": source,
        "seed": seed,
    }
    with connect(context, data) as client:
        run = followed(
            lambda on_submitted, on_event: client.backtest(
                fresh=fresh, on_submitted=on_submitted, on_event=on_event, **options
            ),
            as_json,
        )
        rows = _rows(client, run)
    if plot is not None:
        draw_scores(rows, plot, run.result or {})
    if as_json:
        show_json({"run_id": run.run_id, "status": run.status.value, **(run.result or {})})
        return
    result = run.result or {}
    show(score_table(rows), *skipped_lines(result), "", *facts_lines(result), f"run {run.run_id}")


def _rows(client: "Client", run: "Run") -> list[dict[str, Any]]:
    """Return the rows of a run, which a long one has in its table only."""
    import csv
    import io

    kept: list[dict[str, Any]] | None = (run.result or {}).get("rows")
    if kept is not None:
        return kept
    text = client.result(run.run_id, "csv").decode()
    return [_typed(row) for row in csv.DictReader(io.StringIO(text))]


_TEXTS = frozenset({"product", "first", "last", "model", "metric", "reason"})
_WHOLES = frozenset({"position", "horizon", "window", "days"})


def _typed(row: dict[str, str]) -> dict[str, Any]:
    def value(name: str, text: str) -> object:
        if not text:
            return None
        if name in _TEXTS:
            return text
        return int(text) if name in _WHOLES else float(text)

    return {name: value(name, text) for name, text in row.items()}
