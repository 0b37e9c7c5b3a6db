"""Own `heliostat books`: what desks hold, version by version, to and from CSV files."""

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_done, show_json
from core.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from heliostat import BookPosition

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of the book.")]
VersionOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="This version; otherwise the latest.")
]

_PAGE_SIZE = 50
_STDOUT = "-"

books_app = typer.Typer(
    no_args_is_help=True, help="Keep books of futures, options and spreads; no version is lost."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(books_app, name="books")


@books_app.command(
    "import",
    epilog=teach(
        "heliostat books import positions.csv --name desk",
        "heliostat books import more.csv --name desk --append --note 'morning trades'",
    ),
)
def import_book(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file with a header.", metavar="FILE")],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="The book; it is made if it is not there.")
    ],
    append: Annotated[
        bool, typer.Option("--append", help="Keep the positions that are there.")
    ] = False,
    title: Annotated[str | None, typer.Option(help="What the book is called.")] = None,
    note: Annotated[str | None, typer.Option(help="Why it changes.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store the positions of a CSV file as the next version of a book, all rows or none.

    Columns: kind (future, option or spread), contracts (negative if sold) and label; of a future
    instrument (CL-202612) and price; of an option instrument, right (call or put), strike, expiry,
    style (european, american or average) and volatility (0.35 is 35 %); of a spread legs
    (CL-202612:1;HO-202612:-0.5). Other cells stay empty. A bad one is named by row and column.
    """
    mode: Literal["replace", "append"] = "append" if append else "replace"
    with connect(context, data) as client:
        done = client.import_book(file, name, mode=mode, create=True, title=title, note=note)
    if as_json:
        show_json(done.model_dump(mode="json"))
    else:
        show(f"{done.name}: {_count(done.position_count)} in version {done.version}")


@books_app.command("list", epilog=teach("heliostat books list"))
def list_books(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the books, newest first."""
    with connect(context, data) as client:
        found = list(islice(client.books(min(limit, _PAGE_SIZE)), limit))
    if as_json:
        show_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    from rich.table import Table

    table = Table("book", "title", "positions", "version", "recorded", box=None, pad_edge=False)
    for one in found:
        counts = (f"{one.position_count:,}", str(one.version))
        table.add_row(one.name, one.title, *counts, _moment(one.recorded_at))
    show(table if found else "No books yet; `heliostat books import FILE --name NAME` makes one.")


@books_app.command("show", epilog=teach("heliostat books show desk --version 3"))
def show_book(
    context: typer.Context,
    name: NameArgument,
    version: VersionOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the positions of a book."""
    with connect(context, data) as client:
        book = client.book(name, version)
    if as_json:
        show_json(book.model_dump(mode="json"))
        return
    from rich.table import Table

    note = f": {book.note}" if book.note else ""
    show(f"{book.title}  version {book.version}, {_moment(book.recorded_at)} UTC{note}")
    table = Table("#", "contracts", "position", "terms", "label", box=None, pad_edge=False)
    for number, position in enumerate(book.positions, 1):
        what, terms = _words(position)
        table.add_row(str(number), f"{position.contracts:.15g}", what, terms, position.label or "")
    show(table if book.positions else "It holds nothing.")


@books_app.command("versions", epilog=teach("heliostat books versions desk --limit 5"))
def list_versions(
    context: typer.Context,
    name: NameArgument,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the versions of a book, newest first; each can still be shown and exported."""
    with connect(context, data) as client:
        found = list(islice(client.book_versions(name, min(limit, _PAGE_SIZE)), limit))
    if as_json:
        show_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    from rich.table import Table

    table = Table("version", "recorded", "positions", "title", "note", box=None, pad_edge=False)
    for one in found:
        recorded, count = _moment(one.recorded_at), f"{one.position_count:,}"
        table.add_row(str(one.version), recorded, count, one.title, one.note or "")
    show(table)


@books_app.command(
    "export",
    epilog=teach(
        "heliostat books export desk --out positions.csv",
        "heliostat books export desk --version 3",
    ),
)
def export_book(
    context: typer.Context,
    name: NameArgument,
    out: Annotated[str, typer.Option(metavar="FILE|-", help="A .csv file; - is stdout.")] = _STDOUT,
    version: VersionOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the positions of a book as CSV that `books import` takes.

    The file appears under its name only when it is whole.
    """
    target = _target(out, as_json)
    with connect(context, data) as client:
        done = client.export_book(name, target, version=version)
    if as_json:
        show_json(done.model_dump(mode="json"))
    elif done.path is not None:
        show(f"{done.path}: {done.bytes_written:,} bytes of {name}")


@books_app.command("remove", epilog=teach("heliostat books remove desk"))
def remove_book(
    context: typer.Context,
    name: NameArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a book, and leave its name to another."""
    with connect(context, data) as client:
        client.remove_book(name)
    show_done({"name": name, "removed": True}, f"Book {name} is removed.", as_json=as_json)


def _target(out: str, as_json: bool) -> Path | BinaryIO:
    if out == _STDOUT:
        if as_json:
            raise InvalidInput(field="--json", reason="name a file with --out to go with it")
        return sys.stdout.buffer
    path = Path(out)
    if path.suffix != ".csv":
        raise InvalidInput(field="--out", reason=f"expected a .csv file, was {out!r}")
    if not path.parent.is_dir():
        raise InvalidInput(field="--out", reason=f"the folder {path.parent} does not exist")
    return path


def _words(position: "BookPosition") -> tuple[str, str]:
    if position.kind == "spread":
        return "spread", "  ".join(f"{leg.ratio:+.15g} {leg.instrument}" for leg in position.legs)
    if position.kind == "future":
        return position.instrument, "" if position.price is None else f"at {position.price}"
    terms = [f"{position.strike} {position.right}", position.style, f"to {position.expiry}"]
    if position.volatility is not None:
        terms.append(f"{position.volatility:.4g} volatility")
    return position.instrument, ", ".join(terms)


def _count(positions: int) -> str:
    return f"{positions:,} position{'' if positions == 1 else 's'}"


def _moment(moment: "datetime") -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
