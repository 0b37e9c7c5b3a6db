"""Own `heliostat runs`: list, show, watch and cancel."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import (
    JsonOption,
    duration_text,
    progress,
    remark,
    show,
    show_json,
    show_json_line,
)
from cluster.commands.portfolio import RunProgress, facts_line, how_to_watch, result_table

if TYPE_CHECKING:
    from heliostat import Client, Run

RunArgument = Annotated[str, typer.Argument(metavar="RUN_ID", help="The id of the run.")]

_PAGE_SIZE = 50

runs_app = typer.Typer(no_args_is_help=True, help="List, show, watch and cancel runs.")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(runs_app, name="runs")


@runs_app.command("list", epilog=teach("heliostat runs list --limit 5"))
def list_runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the latest runs, newest first."""
    with connect(context, data) as client:
        found = list(islice(client.runs(min(limit, _PAGE_SIZE)), limit))
    if as_json:
        show_json({"items": [run.model_dump(mode="json") for run in found]})
        return
    from rich.table import Table

    table = Table("run", "status", "created", "time", "asked for", box=None, pad_edge=False)
    for run in found:
        created = "" if run.created_at is None else f"{run.created_at:%Y-%m-%d %H:%M:%S}"
        elapsed = "" if run.elapsed_s is None else duration_text(run.elapsed_s)
        table.add_row(run.run_id, run.status.value, created, elapsed, _asked(run))
    show(table if found else "No runs yet; `heliostat optimize --help` shows how to start one.")


@runs_app.command("show", epilog=teach("heliostat runs show RUN_ID --json"))
def show_run(
    context: typer.Context,
    run_id: RunArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one run; with --json also the problem solved, to recompute the optimum from."""
    with connect(context, data) as client:
        run = client.run(run_id)
    if as_json:
        show_json(run.model_dump(mode="json"))
    else:
        _show(run)


@runs_app.command("watch", epilog=teach("heliostat runs watch RUN_ID"))
def watch_run(
    context: typer.Context,
    run_id: RunArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a run to its end; with --json one event a line. Ctrl-C leaves the run going.

    Exits with 1 if the run failed or was cancelled.
    """
    from heliostat import RunCancelled, RunFailed, RunStatus

    with connect(context, data) as client:
        try:
            run = _watch(client, run_id, as_json)
        except KeyboardInterrupt:
            remark(how_to_watch(run_id))
            raise
    if run.status is RunStatus.FAILED:
        raise RunFailed(run)
    if run.status is RunStatus.CANCELLED:
        raise RunCancelled(run)
    if not as_json:
        _show(run)


@runs_app.command("cancel", epilog=teach("heliostat runs cancel RUN_ID"))
def cancel_run(
    context: typer.Context,
    run_id: RunArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a run to stop; its tasks are ended, and what was stored stays."""
    with connect(context, data) as client:
        run = client.cancel(run_id)
    if as_json:
        show_json(run.model_dump(mode="json"))
    else:
        show(f"Run {run.run_id} is asked to stop; it is {run.status}.")


def _watch(client: "Client", run_id: str, as_json: bool) -> "Run":
    with progress() as display:
        watcher = RunProgress(display)
        for event in client.watch(run_id):
            if as_json:
                show_json_line(event.model_dump(mode="json"))
            else:
                watcher.show(event)
    return client.run(run_id)


def _show(run: "Run") -> None:
    show(f"run {run.run_id}  {run.kind}  {run.status}  {_asked(run)}")
    if run.error is not None:
        show(str(run.error.get("detail", run.error)))
    if run.result is not None:
        show(result_table(run), "", facts_line(run))


def _asked(run: "Run") -> str:
    asked = run.specification
    products = ",".join(asked.get("products", ()))
    return (
        f"{asked.get('choose')} of {asked.get('of')} {products} from {asked.get('source')}, "
        f"seed {asked.get('seed')}"
    )
