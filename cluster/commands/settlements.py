"""Own `heliostat import settlements` and `heliostat export settlements`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, progress, show, show_json
from core.errors import InvalidInput

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from heliostat import ImportProgress

import_app = typer.Typer(no_args_is_help=True, help="Load your own data into the platform.")
export_app = typer.Typer(no_args_is_help=True, help="Write stored data to a file.")

_ARROW_SUFFIXES = frozenset({".arrow", ".arrows"})
STDOUT = "-"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(import_app, name="import")
    app.add_typer(export_app, name="export")


@import_app.callback()
@export_app.callback()
def _group() -> None:
    """Keep `settlements` a word of its own, although it is the only one so far."""


@import_app.command(
    "settlements",
    epilog=teach(
        "heliostat import settlements history.parquet --name mine",
        "heliostat import settlements corrected.csv --name mine --revise",
    ),
)
def import_settlements(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file.", metavar="FILE")],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="The prices become the source import:NAME.")
    ],
    revise: Annotated[
        bool,
        typer.Option("--revise", help="Store changed prices as a new vintage beside the old."),
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store a settlement history: columns date, product, position or contract, settlement.

    All rows are stored or none. Rows already stored are left alone, so importing a file twice
    does no harm. A changed price is refused unless --revise is given. Prices may be negative.
    Columns volume and open_interest are read too, and may be added to prices stored without them.
    """
    with connect(context, data) as client, progress() as display:
        watcher = _ImportWatcher(display)
        done = client.import_settlements(file, name, revise=revise, on_progress=watcher.show)
    rate = round(done.rows / done.elapsed_s) if done.elapsed_s > 0 else None
    if as_json:
        show_json(done.model_dump(mode="json") | {"rows_per_s": rate})
        return
    speed = "" if rate is None else f", {rate:,} rows/s"
    show(
        f"{done.source}: {done.stored:,} stored, {done.revised:,} revised, "
        f"{done.unchanged:,} unchanged of {done.rows:,} rows in {done.elapsed_s:.2f} s{speed}"
    )


@export_app.command(
    "settlements",
    epilog=teach(
        "heliostat export settlements --source import:mine --product CL --out cl.csv",
        "heliostat export settlements --source sandbox --out all.arrow",
    ),
)
def export_settlements(
    context: typer.Context,
    source: Annotated[str, typer.Option(help="cme, ice, sandbox or import:NAME.")],
    product: Annotated[str | None, typer.Option(help="Only this product.")] = None,
    out: Annotated[
        str,
        typer.Option(
            metavar="FILE|-",
            help="A .csv or .arrow file (Arrow stream); - is CSV on stdout.",
        ),
    ] = STDOUT,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write stored settlements, with every column that an import reads, and revision.

    The file appears under its name only when it is whole.
    """
    target, form = _target(out, as_json)
    with connect(context, data) as client:
        done = client.export_settlements(
            source, target, product=product and product.upper(), form=form
        )
    if as_json:
        show_json(done.model_dump(mode="json"))
    elif done.path is not None:
        show(f"{done.path}: {done.bytes_written:,} bytes from {source}")


def _target(out: str, as_json: bool) -> tuple[Path | BinaryIO, Literal["csv", "arrow"]]:
    if out == STDOUT:
        if as_json:
            raise InvalidInput(field="--json", reason="name a file with --out to go with it")
        return sys.stdout.buffer, "csv"
    path = Path(out)
    if path.suffix not in {".csv", *_ARROW_SUFFIXES}:
        raise InvalidInput(field="--out", reason=f"expected a .csv or .arrow file, was {out!r}")
    if not path.parent.is_dir():
        raise InvalidInput(field="--out", reason=f"the folder {path.parent} does not exist")
    return path, "arrow" if path.suffix in _ARROW_SUFFIXES else "csv"


class _ImportWatcher:
    def __init__(self, display: "Progress") -> None:
        self._display = display
        self._task: TaskID | None = None

    def show(self, step: "ImportProgress") -> None:
        if self._task is None:
            self._task = self._display.add_task(step.phase, total=None, count="", ahead="")
        task = self._display.tasks[0]
        rate = step.rows / task.elapsed if task.elapsed else 0.0
        self._display.update(
            self._task,
            description=step.phase,
            completed=step.rows,
            total=step.total or None,
            count=f"{step.rows:,} rows",
            ahead=f"{rate:,.0f} rows/s",
        )
