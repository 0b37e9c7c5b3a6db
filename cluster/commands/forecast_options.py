"""Own what the commands about models share: their options, titles, and how numbers are told."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from rich.text import Text

    from heliostat import ModelNote
    from heliostat.forecasts import Published

ProductArgument = Annotated[str, typer.Argument(help="A product code: CL, NG, HO, RB, BZ, B, ...")]
ContractOption = Annotated[
    str | None, typer.Option(metavar="YYYYMM", help="One delivery month only.")
]
AsOfOption = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM-DD", help="As it was made of this day's settlements."),
]
PublishedSourceOption = Annotated[
    str | None, typer.Option(help="cme, ice or sandbox; otherwise the one published last.")
]

DIGITS = 4


def price(value: "Decimal | float") -> str:
    """Return a price as people read it, to the fourth digit after the point."""
    return f"{value:z,.{DIGITS}f}"


def part(value: float | None) -> str:
    """Return a fraction in per cent; nothing for None."""
    return "" if value is None else f"{value:z.1%}"


def published_title(found: "Published", what: str) -> "Text":
    """Return the line above what a model published."""
    from rich.text import Text

    title = Text.assemble((found.product, "bold"), f"  {what} as of {found.as_of}  source ")
    title.append(found.source, "bold")
    title.append(f"  {found.unit}  version {found.version}")
    if not found.is_final:
        title.append("  not every settlement of the day is final", "yellow")
    return title


def note_lines(notes: "Sequence[ModelNote]") -> list[str]:
    """Return a line for each fallback or limit."""
    return [f"note: {note.detail} ({note.code})" for note in notes]
