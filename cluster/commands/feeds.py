"""Own `heliostat feeds`: how the feed of each venue stands, once or again and again."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import (
    JsonOption,
    duration_text,
    show,
    show_each,
    show_json,
    show_json_line,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from heliostat import Client, Feed, FeedDetail, FeedSymbol

WATCH_EVERY_S = 2.0
_COLOURS = {"connected": "green", "stale": "yellow", "degraded": "yellow", "gap": "yellow"}
_NAMED = 8


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "feeds",
        epilog=teach("heliostat feeds", "heliostat feeds cme --json", "heliostat feeds --watch"),
    )(feeds)


def feeds(
    context: typer.Context,
    venue: Annotated[
        str | None, typer.Argument(metavar="[VENUE]", help="One venue, contract by contract.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it anew every 2 s, until Ctrl-C.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show whether each feed is connected, whole and fresh.

    The status is the worst that applies: unreachable, disconnected, gap (messages may be missing),
    degraded (frames that cannot be read), stale (a contract silent for longer than its limit while
    its market is open), connected. With --json and --watch one line of JSON each time.
    """
    with connect(context, data) as client:
        answers = _answers(client, venue, watch)
        if as_json:
            for answer in answers:
                (show_json_line if watch else show_json)(_document(answer))
        elif watch:
            show_each(map(_picture, answers))
        else:
            show(*map(_picture, answers))


def _answers(
    client: "Client", venue: str | None, watch: bool
) -> Iterator["FeedDetail | tuple[Feed, ...]"]:
    while True:
        yield client.feeds() if venue is None else client.feed(venue.lower())
        if not watch:
            return
        time.sleep(WATCH_EVERY_S)


def _document(answer: "FeedDetail | tuple[Feed, ...]") -> dict[str, object]:
    if isinstance(answer, tuple):
        return {"items": [feed.model_dump(mode="json") for feed in answer]}
    return answer.model_dump(mode="json")


def _picture(answer: "FeedDetail | tuple[Feed, ...]") -> "RenderableType":
    from rich.console import Group

    if isinstance(answer, tuple):
        return feed_table(answer) if answer else "This stack runs no feeds."
    return Group(feed_table((answer.summary,)), "", *detail_lines(answer), symbol_table(answer))


def feed_table(found: "tuple[Feed, ...]") -> "Table":
    """Return one row a feed."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("venue", "status", "source"):
        table.add_column(name)
    for name in ("last message", "contracts", "gaps", "missed", "to store"):
        table.add_column(name, justify="right")
    table.add_column("silent or suspect")
    for feed in found:
        status = Text(feed.status, _COLOURS.get(feed.status, "red"))
        if feed.status == "unreachable":
            table.add_row(feed.venue, status, "", "", "", "", "", "", feed.reason or "")
            continue
        table.add_row(
            feed.venue,
            status,
            feed.source or "",
            _ago(feed.age_s),
            *(f"{number or 0:,}" for number in (feed.symbols, feed.gaps, feed.missed)),
            f"{feed.behind or 0:,} B",
            _some((*feed.stale, *(name for name in feed.suspect if name not in feed.stale))),
        )
    return table


def detail_lines(detail: "FeedDetail") -> list[str]:
    """Return what is worth a line of one feed: refusals, bad frames, queues."""
    lines = [f"refused  {product}: {reason}" for product, reason in detail.refused.items()]
    if detail.bad_frames:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in detail.bad_frames.items())
        lines.append(f"bad frames  {counts}")
    lines += [
        f"queue {queue.name}  {queue.held:,} of {queue.bound:,}, {queue.policy} "
        f"applied {queue.applied:,} times"
        for queue in detail.queues
    ]
    return [*lines, ""] if lines else []


def symbol_table(detail: "FeedDetail") -> "Table":
    """Return one row a contract, those in trouble first."""
    from rich.table import Table

    table = Table("contract", "state", "market", box=None, pad_edge=False)
    table.add_column("last heard", justify="right")
    table.add_column("limit", justify="right")
    for symbol in sorted(
        detail.symbols, key=lambda found: not (found.is_stale or found.is_suspect)
    ):
        market = "open" if symbol.is_market_open else "closed"
        limit = duration_text(symbol.limit_s)
        table.add_row(symbol.instrument, _state(symbol), market, _ago(symbol.age_s), limit)
    return table


def _state(symbol: "FeedSymbol") -> str:
    marks = [
        name
        for name, holds in (("stale", symbol.is_stale), ("suspect", symbol.is_suspect))
        if holds
    ]
    return ", ".join(marks) or "fresh"


def _ago(age_s: float | None) -> str:
    return "never" if age_s is None else f"{duration_text(age_s)} ago"


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return " ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
