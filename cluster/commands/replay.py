"""Own `heliostat replay`: a captured segment as the events that the live feed made of it."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json

if TYPE_CHECKING:
    from actors.replay import Replay


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "replay",
        epilog=teach(
            "heliostat replay .heliostat/journals/cme-sandbox/*.journal",
            "heliostat replay SEGMENT.journal.zst --events > events.jsonl",
        ),
    )(replay)


def replay(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Captured segments, *.journal or *.journal.zst.", exists=True, dir_okay=False
        ),
    ],
    events: Annotated[
        bool, typer.Option("--events", help="Print every event, one line of JSON each.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run captured frames through the same parser as the live feed.

    The events are those that the feed published and stored, gap and staleness marks included. The
    digest is of their bytes: two replays of one file give the same.
    """
    from actors.replay import open_replay

    summaries = [_summarise(path, open_replay(path), print_events=events) for path in files]
    if events:
        return
    if as_json:
        show_json(summaries)
    else:
        for summary in summaries:
            show(*_lines(summary))


def _summarise(path: Path, replay: "Replay", *, print_events: bool) -> dict[str, Any]:
    from actors.feeds.payloads import event_payload

    counts: Counter[str] = Counter()
    digest = hashlib.sha256()
    for event in replay:
        counts[type(event).__name__.lower()] += 1
        payload = event_payload(event)
        digest.update(payload)
        if print_events:
            typer.echo(payload)
    header = replay.header
    return {
        "file": str(path),
        "venue": header.venue,
        "source": header.source,
        "version": header.version,
        "first_frame": _moment(replay.first_ns),
        "last_frame": _moment(replay.last_ns),
        "records": dict(replay.kinds),
        "events": dict(counts),
        "sha256": digest.hexdigest(),
    }


def _moment(time_ns: int | None) -> str | None:
    from core.clock import utc_from_ns

    return None if time_ns is None else utc_from_ns(time_ns).isoformat()


def _lines(summary: dict[str, Any]) -> list[str]:
    records = ", ".join(f"{count:,} {name}s" for name, count in summary["records"].items())
    events = ", ".join(f"{count:,} {name}" for name, count in summary["events"].items())
    return [
        f"{summary['file']}: {summary['venue']}, source {summary['source']}",
        f"  from {summary['first_frame']} to {summary['last_frame']}",
        f"  {records or 'no records'}",
        f"  events: {events or 'none'}",
        f"  sha256 of the events: {summary['sha256']}",
    ]
