"""Own the pictures of commands: the files that may be drawn into, and the way into them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, SupportsFloat

import typer

from cluster.commands.output import remark
from core.errors import InvalidInput

PlotOption = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw it into a .png or .svg file as well."),
]

_SUFFIXES = (".png", ".svg")


def check_picture_file(path: Path | None) -> None:
    """Refuse a file that could not be drawn into, before anything is computed.

    Raises:
        InvalidInput: it is neither .png nor .svg, or its folder does not exist.
    """
    if path is None:
        return
    if path.suffix not in _SUFFIXES:
        reason = f"expected a .png or .svg file, was {str(path)!r}"
        raise InvalidInput(field="--plot", reason=reason)
    if not path.parent.is_dir():
        raise InvalidInput(field="--plot", reason=f"the folder {path.parent} does not exist")


@contextmanager
def picture(path: Path, *, title: str, x_label: str, y_label: str) -> Iterator[Any]:
    """Hand out axes to draw on; at the end they are in the file, which is said on stderr.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        reason = "it needs matplotlib, which is not installed"
        raise InvalidInput(field="--plot", reason=reason) from error
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.subplots()
    yield axes
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
    figure.savefig(path)
    remark(f"drawn into {path}")


def draw_line(
    axes: Any,
    places: Sequence[object],
    values: Sequence[SupportsFloat],
    label: str | None = None,
    style: str = "-",
) -> None:
    """Draw values over places, which are dates, numbers or names."""
    axes.plot(places, [float(value) for value in values], style, label=label)


def draw_band(
    axes: Any,
    places: Sequence[object],
    lows: Sequence[SupportsFloat],
    highs: Sequence[SupportsFloat],
    label: str,
    color: str | None = None,
) -> None:
    """Fill what lies between two values at each place.

    Bands show through one another, unless a colour is given: it covers those that came before.
    """
    bounds = ([float(low) for low in lows], [float(high) for high in highs])
    alpha = 0.2 if color is None else 1.0
    axes.fill_between(places, *bounds, alpha=alpha, label=label, color=color, linewidth=0.0)


def name_months(axes: Any) -> None:
    """Name the months along the dates of one year, which is not told."""
    from matplotlib.dates import DateFormatter, MonthLocator

    axes.xaxis.set_major_locator(MonthLocator())
    axes.xaxis.set_major_formatter(DateFormatter("%b"))
