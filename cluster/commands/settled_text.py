"""Own what the commands about settlements share: their dates and sources, charts and remarks."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.chart import chart_lines

if TYPE_CHECKING:
    from heliostat import IgnoredSettlement

FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="YYYY-MM-DD", help="The first date; at most 20 years ago."),
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last date, else the latest.")
]
SourceOption = Annotated[
    str | None, typer.Option(help="cme, ice, sandbox or import:NAME; otherwise the live source.")
]

_CHART_POINTS = 24
_NAMED_DAYS = 5


def date_chart(dates: Sequence[date], values: Sequence[Decimal]) -> list[str]:
    """Return the lines of a small chart by date.

    Of many dates some are drawn, and always the first, the last, the lowest and the highest.
    """
    last = len(dates) - 1
    steps = min(last, _CHART_POINTS - 1)
    spread_out = [round(last * step / steps) for step in range(steps + 1)] if steps else [last]
    extremes = (choose(range(last + 1), key=values.__getitem__) for choose in (min, max))
    rows = sorted({*spread_out, *extremes})
    return ["", *chart_lines([values[row] for row in rows], [str(dates[row]) for row in rows])]


def remarks(
    missing: Sequence[date], ignored: Sequence["IgnoredSettlement"], ignored_rows: int
) -> list[str]:
    """Return the lines that say what is missing from an answer, and what was left out of it."""
    lines = []
    if missing:
        lines.append(f"{_count(len(missing), 'day')} without a settlement: {_some_days(missing)}")
    if ignored_rows:
        first = ignored[0] if ignored else None
        example = (
            f", such as {first.product}-{first.contract} on {first.date} at {first.price}: "
            f"{first.reason}"
            if first
            else ""
        )
        lines.append(f"not used: {_count(ignored_rows, 'stored row')}{example}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _some_days(days: Sequence[date]) -> str:
    named = ", ".join(str(day) for day in days[:_NAMED_DAYS])
    return f"{named}, …" if len(days) > _NAMED_DAYS else named
