"""Own `heliostat optimize`: choose k of n contracts and show them beside the proven optimum."""

from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, progress, remark, show, show_json
from cluster.commands.portfolio import (
    RunProgress,
    facts_line,
    how_to_watch,
    result_table,
    summary,
)

if TYPE_CHECKING:
    from heliostat import Client, Run
    from heliostat.run_flows import PortfolioOptions


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "optimize",
        epilog=teach(
            "heliostat optimize --products CL --choose 4 --of 12",
            "heliostat optimize --products CL,NG,HO,RB,B --choose 5 --of 20 "
            "--as-of 2023-12-29 --source import:rtl --seed 7 --fresh --json",
        ),
    )(optimize)


def optimize(
    context: typer.Context,
    products: Annotated[
        str, typer.Option(metavar="CL,NG,...", help="The products, separated by commas.")
    ],
    choose: Annotated[int, typer.Option(metavar="K", help="How many contracts to hold.")],
    of: Annotated[
        int, typer.Option(metavar="N", help="From how many, spread evenly over the products.")
    ],
    as_of: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day of prices to use.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="One source: cme, ice, sandbox or import:NAME.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same answer.")] = None,
    depth: Annotated[int | None, typer.Option(help="QAOA layers p; 3 unless told.")] = None,
    shots: Annotated[int | None, typer.Option(help="Samples to draw; 4096 unless told.")] = None,
    starts: Annotated[int | None, typer.Option(help="Angle trainings; 8 unless told.")] = None,
    q: Annotated[float | None, typer.Option(help="Risk aversion; 0.5 unless told.")] = None,
    window_days: Annotated[
        int | None, typer.Option(help="Business days of changes; 250 unless told.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again even if the same run has finished.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose K of N futures contracts that minimise q·xᵀΣx - μᵀx with QAOA.

    Progress appears on stderr. Ctrl-C leaves the run going and says how to find it again. The
    answer stands beside the classical optimum and the best of as many random draws.
    """
    options: PortfolioOptions = {
        "products": [code.strip().upper() for code in products.split(",") if code.strip()],
        "choose": choose,
        "of": of,
        "as_of": as_of,
        "source": source,
        "seed": seed,
        "depth": depth,
        "shots": shots,
        "starts": starts,
        "risk_aversion": q,
        "window_days": window_days,
    }
    with connect(context, data) as client:
        run = _follow(client, options, fresh, as_json)
    if as_json:
        show_json(summary(run))
    else:
        show(result_table(run), "", facts_line(run), f"run {run.run_id}")


def _follow(client: "Client", options: "PortfolioOptions", fresh: bool, as_json: bool) -> "Run":
    from heliostat import RunNotSucceeded

    submitted: list[Run] = []
    try:
        with progress() as display:
            watcher = RunProgress(display)
            return client.optimize(
                fresh=fresh, on_submitted=submitted.append, on_event=watcher.show, **options
            )
    except KeyboardInterrupt:
        if submitted:
            remark(how_to_watch(submitted[0].run_id))
        raise
    except RunNotSucceeded as error:
        if as_json:
            show_json(summary(error.run))
        raise
