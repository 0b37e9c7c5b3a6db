"""Own `heliostat quotes` and `heliostat ticks`: the latest quotes, and stored ticks as files."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json
from core.errors import InvalidInput

if TYPE_CHECKING:
    from heliostat import QuoteTick

Form = Literal["csv", "json", "parquet"]

PAGE_ROWS = 20_000
MAX_ROWS = 50_000
STDOUT = "-"
_FORM_OF_SUFFIX: dict[str, Form] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".parquet": "parquet",
}

ProductArgument = Annotated[str, typer.Argument(help="A product code: CL, NG, HO, RB, BZ, B, ...")]
ContractOption = Annotated[
    str | None, typer.Option(metavar="YYYYMM", help="Only this delivery month.")
]
SourceOption = Annotated[str | None, typer.Option(help="Only this source: cme, ice or sandbox.")]
StartOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="From this time on, such as 2026-01-05T14:30.")
]
EndOption = Annotated[str | None, typer.Option(metavar="TIME", help="Before this time; UTC.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("quotes", epilog=teach("heliostat quotes CL", "heliostat quotes NBP --json"))(
        quotes
    )
    app.command(
        "ticks",
        epilog=teach(
            "heliostat ticks CL --contract 202702 --limit 20",
            "heliostat ticks CL --kind trades --format json --start 2026-01-05",
            "heliostat ticks CL --format parquet --output cl.parquet",
        ),
    )(ticks)


def quotes(
    context: typer.Context,
    product: ProductArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the latest stored quote of each contract of a product."""
    with connect(context, data) as client:
        found = client.quotes(product.upper())
    if as_json:
        show_json({"items": [quote.model_dump(mode="json") for quote in found]})
        return
    from rich.table import Table

    table = Table("contract", box=None, pad_edge=False)
    for name in ("bid size", "bid", "ask", "ask size"):
        table.add_column(name, justify="right")
    table.add_column("at")
    table.add_column("source")
    for quote in found:
        at = f"{quote.event_time:%Y-%m-%d %H:%M:%S.%f}"
        table.add_row(quote.instrument, *_sides(quote), at, quote.source)
    show(table if found else f"No quote of {product.upper()} is stored yet.")


def _sides(quote: "QuoteTick") -> list[str]:
    values = (quote.bid_size, quote.bid, quote.ask, quote.ask_size)
    return ["" if value is None else str(value) for value in values]


def ticks(
    context: typer.Context,
    product: ProductArgument,
    kind: Annotated[Literal["quotes", "trades"], typer.Option(help="Which ticks.")] = "quotes",
    contract: ContractOption = None,
    source: SourceOption = None,
    start: StartOption = None,
    end: EndOption = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=MAX_ROWS, help="Only the first so many; else all.")
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format", help="csv, json (one object a line) or parquet; else by the file's name."
        ),
    ] = None,
    output: Annotated[str, typer.Option(metavar="FILE|-", help="A file; - is stdout.")] = STDOUT,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write stored quotes or trades of a product, by contract and time.

    Times are UTC to the nanosecond, prices decimal. The file appears under its name only when it
    is whole. With --json the answer is JSON: the rows, or what was written to the file.
    """
    chosen = _form(form, output, as_json)
    asked = {"contract": contract, "source": source, "start": start, "end": end}
    with connect(context, data) as client, ExitStack() as files:
        wire: Any = "arrow" if chosen == "parquet" else chosen
        pages = client.tick_pages(
            product.upper(), wire, kind, page_size=limit or PAGE_ROWS, **asked
        )
        sink = sys.stdout.buffer if output == STDOUT else files.enter_context(_whole(Path(output)))
        rows = _WRITERS[chosen](islice(pages, None if limit is None else 1), sink)
        sink.flush()
    if output != STDOUT:
        size = Path(output).stat().st_size
        if as_json:
            show_json({"path": output, "rows": rows, "bytes": size})
        else:
            show(f"{output}: {rows:,} {kind}, {size:,} bytes")


def _form(form: Form | None, output: str, as_json: bool) -> Form:
    if output == STDOUT:
        if form == "parquet":
            raise InvalidInput(field="--output", reason="name a file for parquet")
        return form or ("json" if as_json else "csv")
    path = Path(output)
    if not path.parent.is_dir():
        raise InvalidInput(field="--output", reason=f"the folder {path.parent} does not exist")
    found = form or _FORM_OF_SUFFIX.get(path.suffix)
    if found is None:
        reason = f"name one, since {path.name} does not tell"
        raise InvalidInput(field="--format", reason=reason)
    return found


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under its name when the block has ended well."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as sink:
            yield sink
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_json(pages: Iterator[bytes], sink: BinaryIO) -> int:
    rows = 0
    for page in pages:
        for row in json.loads(page)["items"]:
            sink.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            rows += 1
    return rows


def _write_csv(pages: Iterator[bytes], sink: BinaryIO) -> int:
    import csv
    import io

    rows = 0
    for number, page in enumerate(pages):
        header, _, body = page.partition(b"\n")
        if number == 0:
            sink.write(header + b"\n")
        sink.write(body)
        # A cell may hold a line break, so lines are not rows.
        rows += sum(1 for _ in csv.reader(io.StringIO(body.decode(), newline="")))
    return rows


def _write_parquet(pages: Iterator[bytes], sink: BinaryIO) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    with ExitStack() as stack:
        writer = None
        for page in pages:
            table = pa.ipc.open_stream(page).read_all()
            if writer is None:
                writer = stack.enter_context(
                    pq.ParquetWriter(sink, table.schema, compression="zstd")
                )
            writer.write_table(table)
            rows += table.num_rows
    return rows


_WRITERS: dict[Form, Callable[[Iterator[bytes], BinaryIO], int]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}
