"""Own `heliostat jobs`: researchers' scripts on the stack's Ray."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.exit_codes import WORK_FAILED, teach
from cluster.commands.output import (
    JsonOption,
    complain,
    duration_text,
    remark,
    show,
    show_json,
    show_json_line,
)
from cluster.commands.stack import DataDir
from core.errors import NotFound

if TYPE_CHECKING:
    from cluster.local.ray_jobs import Job, RayJobs

JobArgument = Annotated[str, typer.Argument(metavar="JOB_ID", help="The id of the job.")]

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

jobs_app = typer.Typer(
    no_args_is_help=True,
    help="Run a script of your own on the cluster; docs/trust.md says who may.",
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(jobs_app, name="jobs")


@jobs_app.command(
    "submit",
    epilog=teach(
        "heliostat jobs submit study.py -- --product CL --depth 3",
        "heliostat jobs submit studies/noise.py --working-dir . --no-wait",
    ),
)
def submit_job(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="The script.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGS]", help="The script's own words, after `--`."),
    ] = None,
    working_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder sent with it; the script's unless told."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Show what it prints, until it ends.")
    ] = True,
    data: DataDir = None,
    as_json: JsonOption = False,
) -> None:
    """Run a script on the stack's Ray, with its folder as working directory.

    In it `from heliostat import Client` finds this stack, `import ray; ray.init()` its cluster.
    What it prints appears here, with --json on stderr. Ctrl-C leaves it running. A folder that
    holds a name of our packages, such as core/ or jobs.py, is refused. Exits with 1 if the script
    failed or was stopped.
    """
    from cluster.local.ray_jobs import script

    work = script(file, working_dir, arguments or ())
    jobs = _jobs(context, data)
    job_id = jobs.submit(work)
    if wait:
        remark(f"job {job_id}")
        _follow(jobs, job_id, on_stderr=as_json)
    job = jobs.get(job_id)
    if as_json:
        show_json(_as_json(job))
    elif not wait:
        show(job_id)
    if wait:
        _end_as(job)


@jobs_app.command("list", epilog=teach("heliostat jobs list --limit 5"))
def list_jobs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    data: DataDir = None,
    as_json: JsonOption = False,
) -> None:
    """List the latest jobs since the stack was started, newest first."""
    found = _jobs(context, data).newest(limit)
    if as_json:
        show_json({"items": [_as_json(job) for job in found]})
        return
    from rich.table import Table

    table = Table("job", "status", "started", "time", "command", box=None, pad_edge=False)
    for job in found:
        started = "" if job.started_at is None else f"{job.started_at:%Y-%m-%d %H:%M:%S}"
        elapsed = "" if job.elapsed_s is None else duration_text(job.elapsed_s)
        table.add_row(job.job_id, job.status.value, started, elapsed, job.entrypoint)
    show(table if found else "No jobs yet; `heliostat jobs submit --help` shows how to start one.")


@jobs_app.command("show", epilog=teach("heliostat jobs show JOB_ID --json"))
def show_job(
    context: typer.Context, job_id: JobArgument, data: DataDir = None, as_json: JsonOption = False
) -> None:
    """Show one job."""
    job = _jobs(context, data).get(_checked(job_id))
    if as_json:
        show_json(_as_json(job))
        return
    elapsed = "" if job.elapsed_s is None else f"  {duration_text(job.elapsed_s)}"
    show(f"job {job.job_id}  {job.status}{elapsed}", job.entrypoint)
    show(job.message)


@jobs_app.command(
    "logs", epilog=teach("heliostat jobs logs JOB_ID", "heliostat jobs logs JOB_ID --follow")
)
def job_logs(
    context: typer.Context,
    job_id: JobArgument,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until the job ends; Ctrl-C leaves it running.")
    ] = False,
    data: DataDir = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a job printed; with --follow and --json one object a line.

    With --follow it exits with 1 if the job failed or was stopped.
    """
    jobs = _jobs(context, data)
    checked = _checked(job_id)
    if follow:
        if as_json:
            for text in _until_interrupted(jobs, checked):
                for line in text.splitlines():
                    show_json_line({"job_id": checked, "line": line})
        else:
            _follow(jobs, checked, on_stderr=False)
        _end_as(jobs.get(checked))
        return
    text = jobs.logs(checked)
    if as_json:
        show_json({"job_id": checked, "lines": text.splitlines()})
    else:
        typer.echo(text, nl=False)


@jobs_app.command("stop", epilog=teach("heliostat jobs stop JOB_ID"))
def stop_job(
    context: typer.Context, job_id: JobArgument, data: DataDir = None, as_json: JsonOption = False
) -> None:
    """Ask a job to end: its processes get SIGTERM, three seconds later SIGKILL.

    Runs that it submitted go on; `heliostat runs cancel` ends those.
    """
    jobs = _jobs(context, data)
    was_running = jobs.stop(_checked(job_id))
    job = jobs.get(job_id)
    if as_json:
        show_json({**_as_json(job), "was_running": was_running})
    elif was_running:
        show(f"Job {job_id} is asked to stop.")
    else:
        show(f"Job {job_id} had ended before; it is {job.status}.")


def _jobs(context: typer.Context, data: Path | None) -> "RayJobs":
    """Return the jobs of the chosen stack; a test hands its own in `context.obj`."""
    from cluster.local.ray_jobs import RayJobs, connect

    given = (context.obj or {}).get("jobs")
    return given if isinstance(given, RayJobs) else connect(data)


def _checked(job_id: str) -> str:
    if _ID.fullmatch(job_id) is None:
        raise NotFound(what="Job", name=job_id)
    return job_id


def _follow(jobs: "RayJobs", job_id: str, *, on_stderr: bool) -> None:
    for text in _until_interrupted(jobs, job_id):
        typer.echo(text, nl=False, err=on_stderr)


def _until_interrupted(jobs: "RayJobs", job_id: str) -> Iterator[str]:
    try:
        yield from jobs.follow(job_id)
    except KeyboardInterrupt:
        remark(
            f"The job goes on: `heliostat jobs logs {job_id} --follow` shows it again, "
            f"`heliostat jobs stop {job_id}` ends it."
        )
        raise


def _end_as(job: "Job") -> None:
    from cluster.local.ray_jobs import JobStatus

    if job.status is JobStatus.STOPPED:
        complain(f"job {job.job_id} was stopped.")
        raise typer.Exit(WORK_FAILED)
    if job.status is JobStatus.FAILED:
        complain(f"job {job.job_id} failed: {job.message.partition(', last available logs')[0]}")
        raise typer.Exit(WORK_FAILED)


def _as_json(job: "Job") -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "name": job.name,
        "status": job.status.value,
        "entrypoint": job.entrypoint,
        "started_at": None if job.started_at is None else job.started_at.isoformat(),
        "finished_at": None if job.finished_at is None else job.finished_at.isoformat(),
        "elapsed_s": job.elapsed_s,
        "exit_code": job.exit_code,
        "message": job.message,
    }
