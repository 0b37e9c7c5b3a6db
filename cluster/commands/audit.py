"""Own `heliostat audit`: what was done, the proof that the trail is whole, and a copy of it."""

import sys
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import WORK_FAILED, teach
from cluster.commands.output import JsonOption, progress, remark, show, show_json, show_json_line
from cluster.commands.stack import DataDir
from core.clock import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from heliostat import AuditEntry, Client
    from storage.audit.verification import Verdict

audit_app = typer.Typer(
    no_args_is_help=True,
    help="Read the audit trail, prove that nothing in it was changed, and copy it.",
)

ActorOption = Annotated[
    str | None, typer.Option(metavar="ACTOR", help="Only of user:ID, key:ID, client:ID, system:…")
]
ActionOption = Annotated[
    str | None, typer.Option(metavar="ACTION", help="Only this act, such as api_key.created.")
]
SinceOption = Annotated[datetime | None, typer.Option(help="From this moment on, in UTC.")]
UntilOption = Annotated[datetime | None, typer.Option(help="Before this moment, in UTC.")]

_LARGEST_PAGE = 200


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(audit_app, name="audit")


@audit_app.command(
    "list", epilog=teach("heliostat audit list --action member.disabled --since 2026-01-01")
)
def list_entries(
    context: typer.Context,
    actor: ActorOption = None,
    action: ActionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was done in the organisation, newest first."""
    with connect(context, data) as client:
        size = min(limit, _LARGEST_PAGE)
        found = list(islice(_entries(client, actor, action, since, until, size), limit))
    if as_json:
        show_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    from rich.table import Table

    table = Table("entry", "at", "who", "what", "to", "details", box=None, pad_edge=False)
    for one in found:
        table.add_row(*_cells(one))
    show(table if found else "Nothing like that was done yet.")


@audit_app.command("export", epilog=teach("heliostat audit export trail.jsonl"))
def export(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(metavar="FILE", help="A file of JSON lines; - for stdout.")],
    actor: ActorOption = None,
    action: ActionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write entries, newest first, as lines of JSON with their digests."""
    with connect(context, data) as client:
        entries = _entries(client, actor, action, since, until, _LARGEST_PAGE)
        if str(to) == "-":
            for one in entries:
                show_json_line(one.model_dump(mode="json"))
            return
        count = _write(to, entries)
    if as_json:
        show_json({"file": str(to), "entries": count})
    else:
        show(f"{count:,} entries are in {to}.")


@audit_app.command(
    "verify",
    epilog=teach(
        "heliostat audit verify", "heliostat audit verify --anchors /mnt/worm/heads.jsonl"
    ),
)
def verify(
    anchors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The heads that were noted outside of the database. "
            "Otherwise HELIOSTAT_AUDIT_ANCHORS, else the stack's own file.",
        ),
    ] = None,
    data: DataDir = None,
    as_json: JsonOption = False,
) -> None:
    """Look at every entry, its digest and the heads noted outside; exit with 1 if anything is off.

    Reads the database of the stack on this machine itself, and takes nobody's word.
    """
    import asyncio

    from cluster.local import launch
    from cluster.local.audit_anchors import anchors_file
    from cluster.local.system_database import system_database
    from storage.audit import verification
    from storage.audit.anchors import read_anchors

    chosen = launch.choose(data, None)
    file = anchors or anchors_file(chosen.settings, chosen.paths)

    async def run() -> "Verdict":
        with progress() as display:
            task = display.add_task("verifying entries", count="", ahead="")

            def tell(done: int, total: int) -> None:
                display.update(task, completed=done, total=total, count=f"{done:,} of {total:,}")

            async with system_database(chosen) as pools:
                return await verification.verify(pools, read_anchors(file), tell)

    if anchors is not None and not anchors.exists():
        msg = f"{anchors} is not there."
        raise typer.BadParameter(msg, param_hint="--anchors")
    found = asyncio.run(run())
    if as_json:
        show_json(_document(found, file))
    else:
        _show(found, file)
    if not found.is_whole:
        raise typer.Exit(WORK_FAILED)


def _entries(
    client: "Client",
    actor: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    page_size: int,
) -> "Iterator[AuditEntry]":
    return client.audit_entries(
        actor=actor,
        action=action,
        since=as_utc(since),
        until=as_utc(until),
        page_size=page_size,
    )


def _cells(entry: "AuditEntry") -> tuple[str, ...]:
    details = ", ".join(f"{name} {value}" for name, value in entry.details.items())
    at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
    return str(entry.position), at, entry.actor, entry.action, entry.target or "", details


def _write(path: Path, entries: "Iterable[AuditEntry]") -> int:
    count = 0
    with path.open("x", encoding="utf-8") as file:
        for count, one in enumerate(entries, 1):
            file.write(one.model_dump_json() + "\n")
            if count % 1_000 == 0 and sys.stderr.isatty():
                remark(f"{count:,} entries")
    return count


def _document(found: "Verdict", file: Path) -> dict[str, Any]:
    return {
        "whole": found.is_whole,
        "entries": found.entries,
        "head": found.head.hex(),
        "anchors": found.anchors,
        "last_anchored": found.last_anchored,
        "anchors_file": str(file),
        "faults": [
            {"position": one.position, "kind": one.kind.value, "detail": str(one)}
            for one in found.faults
        ],
    }


def _show(found: "Verdict", file: Path) -> None:
    if found.is_whole:
        show(
            f"{found.entries:,} entries, every one as it was written; the head is", found.head.hex()
        )
    else:
        show(f"The audit trail is NOT whole ({found.entries:,} entries):", *map(str, found.faults))
    if found.anchors:
        remark(f"{found.anchors:,} heads in {file} up to entry {found.last_anchored:,}.")
    else:
        remark(f"No heads in {file}: whether the end was cut off cannot be told.")
