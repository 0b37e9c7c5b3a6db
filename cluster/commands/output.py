"""Own how commands speak: answers on stdout, as JSON or for people; progress on stderr."""

import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType
    from rich.progress import Progress

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")]


_PIPE_COLUMNS = 200


@cache
def _console(stderr: bool) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # In a pipe nobody can widen the window to read what was cut.
    width = None if stream.isatty() else _PIPE_COLUMNS
    return Console(stderr=stderr, highlight=False, markup=False, width=width)


def show(*renderables: "RenderableType") -> None:
    """Print for people, on stdout."""
    for renderable in renderables:
        _console(False).print(renderable, soft_wrap=isinstance(renderable, str))


def show_each(renderables: "Iterable[RenderableType]") -> None:
    """Print for people, each in the place of the one before; in a pipe below it."""
    from rich.live import Live

    console = _console(False)
    if not console.is_terminal:
        for renderable in renderables:
            console.print(renderable)
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        for renderable in renderables:
            live.update(renderable, refresh=True)


def show_json(value: Any) -> None:
    """Print one indented JSON document on stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_done(values: Any, sentence: str, *, as_json: bool) -> None:
    """Print what an act came to: as JSON, or in a sentence."""
    if as_json:
        show_json(values)
    else:
        show(sentence)


def show_json_line(value: Any) -> None:
    """Print one line of JSON on stdout, as streams do."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def remark(text: str) -> None:
    """Print one line beside the answer, on stderr."""
    typer.echo(text, err=True)


def complain(text: str) -> None:
    """Print one line that says what went wrong, on stderr."""
    remark(f"heliostat: {' '.join(text.split())}")


def progress() -> "Progress":
    """Return a progress display on stderr, silent where that is no terminal.

    Tasks carry the fields `count` (what is done, in words) and `ahead` (what is left, in words).
    """
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = _console(True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[ahead]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def duration_text(seconds: float) -> str:
    """Return seconds in words, such as `16 ms`, `8.2 s`, `3 min 05 s` or `2 h 10 min`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s:02d} s"
    hours, rest_min = divmod(minutes, 60)
    return f"{hours} h {rest_min:02d} min"
