"""Own `heliostat up`, `down`, `status`, `logs` and `doctor`: the local stack."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.exit_codes import NO_STACK, WORK_FAILED, teach
from cluster.commands.output import JsonOption, complain, duration_text, remark, show, show_json

if TYPE_CHECKING:
    from rich.table import Table

    from cluster.local.state import StackState

DataDir = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Where the stack lives; ./.heliostat unless told."),
]
Port = Annotated[
    int | None,
    typer.Option("--port", metavar="N", help="The API's port; the 99 above it are the stack's."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("up", epilog=teach("heliostat up", "heliostat up --data /tmp/b --port 8800"))(up)
    app.command("down", epilog=teach("heliostat down"))(down)
    app.command("status", epilog=teach("heliostat status --json"))(status)
    app.command("logs", epilog=teach("heliostat logs postgres --lines 50"))(logs)
    app.command("doctor", epilog=teach("heliostat doctor"))(doctor)


def up(
    data: DataDir = None,
    port: Port = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay, and end the stack with Ctrl-C.")
    ] = False,
    demonstration: Annotated[
        bool, typer.Option("--job/--no-job", help="Run the main job once when all is up.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Start the whole stack on this machine and run the main job once.

    PostgreSQL, Valkey, the vendors' sandboxes, Ray, the actors and the API start in parallel;
    each step is timed. Needs no credentials: a vendor without them is served by its sandbox, and
    every answer says so. A stack that runs already is left as it is.
    """
    from cluster.local import launch

    chosen = launch.choose(data, port)
    with launch.ProgressDisplay() as display:
        state = launch.ensure_up(chosen, display.show, foreground=foreground)
    try:
        if demonstration:
            _demonstrate(chosen.paths.data, state, as_json)
        elif as_json:
            show_json(launch.described(state, chosen))
        else:
            show(_steps_table(state), *_addresses(state))
        if foreground:
            remark("Press Ctrl-C to end the stack.")
            launch.wait_until_down(chosen)
    finally:
        if foreground:
            launch.bring_down(chosen)


def _demonstrate(data: Path, state: "StackState", as_json: bool) -> None:
    from cluster.commands.curve import curve_chart, curve_table, curve_title
    from cluster.commands.output import progress
    from cluster.commands.portfolio import RunProgress, facts_line, result_table, summary
    from cluster.local import launch
    from heliostat import Client

    chosen = launch.choose(data, state.port)
    with Client(data_dir=data) as client:
        curve = client.curve(state.main_product)
        with progress() as display:
            run = client.optimize(
                products=[curve.product],
                choose=launch.MAIN_CHOOSE,
                of=launch.MAIN_OF,
                fresh=True,
                on_event=RunProgress(display).show,
            )
    if as_json:
        show_json(
            {
                **launch.described(state, chosen),
                "curve": curve.model_dump(mode="json"),
                "run": summary(run),
            }
        )
        return
    show(_steps_table(state), "", curve_title(curve), curve_table(curve), *curve_chart(curve))
    show("", result_table(run), "", facts_line(run), f"run {run.run_id}", "")
    show(*_addresses(state))


def _steps_table(state: "StackState") -> "Table":
    from rich.table import Table

    table = Table("step", "time", "", box=None, pad_edge=False)
    for step in state.steps:
        elapsed = "" if step.elapsed_s is None else duration_text(step.elapsed_s)
        table.add_row(step.name, elapsed, step.detail)
    if state.elapsed_s is not None:
        table.add_row("all, in parallel", duration_text(state.elapsed_s), "", style="bold")
    return table


def _addresses(state: "StackState") -> list[str]:
    link = [f"Sign in            {state.sign_in_link}"] if state.sign_in_link else []
    return [
        *link,
        f"Web page           {state.address}/",
        f"API documentation  {state.address}/docs",
        f"Ray dashboard      http://localhost:{state.port + 1}  (asks for the token in ray_token)",
    ]


def down(data: DataDir = None, as_json: JsonOption = False) -> None:
    """End every process of the stack, and no other. What was stored stays."""
    from cluster.local import launch

    chosen = launch.choose(data, None)
    ended = launch.bring_down(chosen)
    if as_json:
        show_json({"ended_processes": ended})
    else:
        show(f"The stack is down ({ended} processes ended)." if ended else "No stack was running.")


def status(data: DataDir = None, as_json: JsonOption = False) -> None:
    """Tell whether the stack runs, and where it is reached. Exit code 3 where it does not."""
    from cluster.local import launch

    chosen = launch.choose(data, None)
    state = launch.current(chosen)
    if state is None:
        failed = launch.failure(chosen)
        if as_json:
            show_json(launch.described(failed, chosen) if failed else {"status": "stopped"})
        elif failed:
            show(f"No stack is running. The last one failed: {failed.problem} {failed.remedy}")
        else:
            show("No stack is running. Start one with `heliostat up`.")
        raise typer.Exit(NO_STACK)
    if as_json:
        show_json(launch.described(state, chosen))
        return
    show(state.status.value, _steps_table(state), "")
    show(*_addresses(state))
    show(f"Ray token          {chosen.paths.ray_token}")


def logs(
    name: Annotated[
        str | None, typer.Argument(help="postgres, valkey, ray, ...; unset lists them.")
    ] = None,
    lines: Annotated[int, typer.Option(min=1, help="How many of the last lines.")] = 40,
    data: DataDir = None,
    as_json: JsonOption = False,
) -> None:
    """Show the end of one part's log, or list the logs."""
    from cluster.local import launch

    chosen = launch.choose(data, None)
    found = launch.log_files(chosen)
    if name is None:
        listed = [{"name": key, "path": str(path)} for key, path in found.items()]
        if as_json:
            show_json(listed)
        else:
            show(*[f"{entry['name']:<16} {entry['path']}" for entry in listed])
        return
    if name not in found:
        complain(f"no log named {name}; there are {', '.join(found) or 'none yet'}.")
        raise typer.Exit(2)
    text = found[name].read_text(errors="replace").splitlines()[-lines:]
    if as_json:
        show_json({"name": name, "lines": text})
    else:
        typer.echo("\n".join(text))


def doctor(data: DataDir = None, port: Port = None, as_json: JsonOption = False) -> None:
    """Check what a start needs, without starting. Exit code 1 where something is missing."""
    from dataclasses import asdict

    from cluster.local import launch

    findings = launch.examine(launch.choose(data, port))
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "ok  " if finding.passed else "bad "
            show(f"{mark} {finding.check:<18} {finding.detail} {finding.remedy}".rstrip())
    if not all(finding.passed for finding in findings):
        raise typer.Exit(WORK_FAILED)
