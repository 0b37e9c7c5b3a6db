"""Own `heliostat runs`: submit, list, show, watch, cancel, and what runs leave behind."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

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
from cluster.commands.portfolio import RunProgress, how_to_watch
from cluster.commands.run_files import read_specification
from cluster.commands.run_text import asked_for, run_text

if TYPE_CHECKING:
    from datetime import datetime

    from heliostat import Client, Run, RunEvent
    from heliostat.run_flows import RunChoice
    from heliostat.runs import ResultForm, Trial

RunArgument = Annotated[str, typer.Argument(metavar="RUN_ID", help="The id of the run.")]
KINDS = "portfolio, hedge, sweep, circuit, observable, amplitude, landscape, backtest or risk"

_PAGE_SIZE = 50


class Envelope(TypedDict):
    """Name what surrounds a specification, tried out or submitted."""

    priority: int
    deadline: str | None
    labels: list[str] | tuple[()]


runs_app = typer.Typer(no_args_is_help=True, help="Submit runs of every kind and read them.")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(runs_app, name="runs")


@runs_app.command(
    "submit",
    epilog=teach(
        "heliostat runs submit --kind circuit --file bell.json --wait",
        'echo \'{"products": ["CL"], "choose": 4, "of": 12}\' | '
        "heliostat runs submit --kind portfolio --file - --label eod --json",
        "heliostat runs submit --kind sweep --file sweep.json --dry-run",
    ),
)
def submit_run(
    context: typer.Context,
    kind: Annotated[str, typer.Option(metavar="KIND", help=f"One of {KINDS}.")],
    file: Annotated[
        Path,
        typer.Option(metavar="SPEC.json|-", help="The specification as JSON; - reads stdin."),
    ],
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again even if the same run has finished.")
    ] = False,
    priority: Annotated[
        int, typer.Option(min=0, max=9, help="Higher goes first among your own runs.")
    ] = 0,
    deadline: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not wanted after, 2026-01-05T18:00:00Z.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="To find the run again; may be repeated.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would run where, and how long.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit a run of any kind."""
    specification = read_specification(file)
    envelope: Envelope = {"priority": priority, "deadline": deadline, "labels": label or ()}
    with connect(context, data) as client:
        if dry_run:
            _tell_trial(client.validate(kind, specification, **envelope), as_json)
            return
        run = client.submit(kind, specification, fresh=fresh, **envelope)
        if wait and not run.status.is_final:
            run = _follow(client, run.run_id)
    if as_json:
        show_json(run.model_dump(mode="json"))
    elif run.status.is_final:
        show(*run_text(run))
    else:
        show(f"run {run.run_id}  {run.kind}  {run.status}  {asked_for(run)}")


@runs_app.command(
    "list",
    epilog=teach(
        "heliostat runs list --limit 5",
        "heliostat runs list --status failed --status cancelled --kind sweep --from 2026-01-05",
    ),
)
def list_runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    status: Annotated[
        list[str] | None, typer.Option(help="Only of this status; may be repeated.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only of this kind; may be repeated.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Only on this backend.")] = None,
    label: Annotated[str | None, typer.Option(help="Only with this label.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Created from this time on, UTC.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--before", metavar="TIME", help="Created before this time.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the latest runs, newest first."""
    choice: RunChoice = {
        "status": status or (),
        "kind": kind or (),
        "backend": backend,
        "label": label,
        "created_from": start,
        "created_before": end,
        "page_size": min(limit, _PAGE_SIZE),
    }
    with connect(context, data) as client:
        found = list(islice(client.runs(**choice), limit))
    if as_json:
        show_json({"items": [run.model_dump(mode="json") for run in found]})
        return
    from rich.table import Table

    table = Table("run", "kind", "status", "created", "time", "asked for", box=None, pad_edge=False)
    for run in found:
        elapsed = "" if run.elapsed_s is None else duration_text(run.elapsed_s)
        created = _second(run.created_at)
        table.add_row(run.run_id, run.kind, run.status.value, created, elapsed, asked_for(run))
    show(table if found else _no_runs(choice))


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
        show(*run_text(run))


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
    with connect(context, data) as client:
        run = _follow(client, run_id, as_json)
    if not as_json:
        show(*run_text(run))


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


@runs_app.command("events", epilog=teach("heliostat runs events RUN_ID --json"))
def show_events(
    context: typer.Context,
    run_id: RunArgument,
    after: Annotated[int, typer.Option(min=0, help="Only those after this number.")] = 0,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every step of a run so far: when, who, what and why."""
    with connect(context, data) as client:
        found = client.events(run_id, after)
    if as_json:
        show_json({"items": [event.model_dump(mode="json") for event in found]})
        return
    from rich.table import Table

    table = Table("", "at", "what", "status", "who", "why", box=None, pad_edge=False)
    for event in found:
        why = event.why or " ".join(f"{name}={value}" for name, value in event.detail.items())
        table.add_row(
            str(event.sequence),
            _second(event.at),
            event.kind,
            event.status.value,
            event.who or "",
            why,
        )
    show(table)


@runs_app.command(
    "result",
    epilog=teach(
        "heliostat runs result RUN_ID --json",
        "heliostat runs result RUN_ID --form parquet --output rows.parquet",
        "heliostat runs result RUN_ID --form csv | head",
    ),
)
def show_result(
    context: typer.Context,
    run_id: RunArgument,
    form: Annotated[str, typer.Option(metavar="FORM", help="json, csv, parquet or qpy.")] = "json",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to a file instead of stdout.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Of an unfinished run: its chunks so far, as JSON.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the result of a run: JSON, rows as CSV or Parquet, or its circuits as QPY.

    With --json what is printed is JSON: the result, or of a file what was written.
    """
    chosen = _form(form)
    if partial and (chosen != "json" or output is not None):
        message = "chunks so far are printed as JSON, without --form and --output"
        raise typer.BadParameter(message, param_hint="--partial")
    if as_json and chosen != "json" and output is None:
        message = f"with --json nothing but JSON is printed; name a file for {chosen}"
        raise typer.BadParameter(message, param_hint="--output")
    with connect(context, data) as client:
        if output is not None:
            written = client.save_result(run_id, output, chosen)
            if as_json:
                show_json(written.model_dump(mode="json"))
            else:
                remark(f"{written.bytes_written} bytes written to {output}")
        elif chosen == "json":
            show_json(client.result(run_id, partial=partial))
        else:
            typer.get_binary_stream("stdout").write(client.result(run_id, chosen))


def _no_runs(choice: "RunChoice") -> str:
    if any(value for name, value in choice.items() if name != "page_size"):
        return "No such runs."
    return "No runs yet; `heliostat optimize --help` shows how to start one."


def _form(form: str) -> "ResultForm":
    from heliostat.runs import RESULT_FORMS

    if form not in RESULT_FORMS:
        message = f"expected one of {', '.join(RESULT_FORMS)}, was {form!r}"
        raise typer.BadParameter(message, param_hint="--form")
    return form


def _tell_trial(trial: "Trial", as_json: bool) -> None:
    if as_json:
        show_json(trial.model_dump(mode="json"))
        return
    how = trial.backend if trial.method is None else f"{trial.backend} ({trial.method})"
    show(
        f"{trial.kind} on {how}, about {duration_text(trial.estimated_s)} of one core",
        trial.why,
        f"{trial.qubits} qubits, {trial.points} points, {trial.shots} shots; plan {trial.plan}",
    )


def _follow(client: "Client", run_id: str, as_json: bool = False) -> "Run":
    with progress() as display:
        watcher = RunProgress(display)
        try:
            return client.follow(run_id, _print_event if as_json else watcher.show)
        except KeyboardInterrupt:
            remark(how_to_watch(run_id))
            raise


def _print_event(event: "RunEvent") -> None:
    show_json_line(event.model_dump(mode="json"))


def _second(moment: "datetime | None") -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
