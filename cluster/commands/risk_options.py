"""Own the options that the commands about risk share, and the reading of what they name."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import InvalidInput

DecayOption = Annotated[
    float | None, typer.Option(metavar="0.94", help="Weigh a day by so much of the next.")
]
FreedomOption = Annotated[
    float | None,
    typer.Option("--degrees-of-freedom", metavar="5", help="Student's t, not the normal."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookOptions:
    """Name a book, or the positions of a file, and the market that it is valued in."""

    book: Annotated[
        str | None, typer.Argument(metavar="BOOK", help="The name of a stored book.")
    ] = None
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Positions of a CSV file, not of a stored book."),
    ] = None
    version: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Of the book; else the latest.")
    ] = None
    as_of: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="At these settlements, else the latest."),
    ] = None
    source: Annotated[
        str | None,
        typer.Option(
            help="cme, ice, sandbox or import:NAME; otherwise each product's live source."
        ),
    ] = None
    rate: Annotated[
        float, typer.Option(help="The rate that discounts options, continuous per year: 0.04.")
    ] = 0.0
    dollars: Annotated[
        list[str] | None,
        typer.Option(metavar="EUR=1.08", help="What one of a currency is worth; may be repeated."),
    ] = None
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse expired and stale contracts; else they are told."),
    ] = False

    def chosen(self) -> "str | list[dict[str, Any]]":
        """Return the name of the book, or the positions of the file.

        Raises:
            InvalidInput: neither or both are given, or a cell of the file is bad.
            UnknownInstrument: a product is unknown.
        """
        if self.book is not None and self.file is None:
            return self.book
        if self.file is not None and self.book is None:
            return positions_in(self.file)
        raise InvalidInput(field="BOOK", reason="give the name of a stored book, or --file FILE")

    def market(self) -> dict[str, Any]:
        """Return the options of a client's method that name a market.

        Raises:
            InvalidInput: a worth is not written EUR=1.08.
        """
        worth = dict(_number(one, "--dollars", "EUR=1.08") for one in self.dollars or ())
        return {
            "version": self.version,
            "as_of": self.as_of,
            "source": self.source,
            "rate": self.rate,
            "dollars": worth,
            "strict": self.strict,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LossOptions:
    """Say from which days losses are learnt, how far ahead, and how likely they are."""

    levels: Annotated[
        list[float] | None,
        typer.Option("--level", metavar="0.99", help="A confidence level; may be repeated."),
    ] = None
    window: Annotated[int, typer.Option(metavar="DAYS", help="Past days to learn from.")] = 500
    horizon: Annotated[int, typer.Option(metavar="DAYS", help="Business days ahead.")] = 1
    seed: Annotated[int, typer.Option(help="The same seed, the same answer.")] = 0
    decay: DecayOption = None
    freedom: FreedomOption = None
    add: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A CSV of trades that might be added.")
    ] = None

    def asked(self) -> dict[str, Any]:
        """Return the options of a client's method that say so.

        Raises:
            InvalidInput: a cell of the trades that might be added is bad.
            UnknownInstrument: a product of theirs is unknown.
        """
        return {
            "window_days": self.window,
            "horizon_days": self.horizon,
            "seed": self.seed,
            "decay": self.decay,
            "degrees_of_freedom": self.freedom,
            "add": positions_in(self.add) if self.add else (),
            **({"levels": sorted(self.levels)} if self.levels else {}),
        }


class Method(StrEnum):
    """Name how losses are forecast."""

    HISTORICAL = "historical"
    FILTERED = "filtered"
    PARAMETRIC = "parametric"
    MONTE_CARLO = "monte_carlo"


class BacktestMethod(StrEnum):
    """Name the methods that can be tested day by day."""

    HISTORICAL = "historical"
    FILTERED = "filtered"
    PARAMETRIC = "parametric"


class Parts(StrEnum):
    """Name what the parts of a risk are of."""

    POSITIONS = "positions"
    CONTRACTS = "contracts"
    PRODUCTS = "products"


def positions_in(file: Path) -> list[dict[str, Any]]:
    """Return the positions of a CSV file.

    Raises:
        InvalidInput: a cell is bad; it names the file, row and column.
        UnknownInstrument: a product is unknown.
    """
    from storage.book_files import read_positions

    found = read_positions(file.read_bytes()).positions
    if not found:
        raise InvalidInput(field=str(file), reason="it holds no position")
    return [one.model_dump(mode="json", exclude_none=True) for one in found]


def deals_in(file: Path | None) -> list[tuple[dict[str, Any], float]]:
    """Return the futures of a CSV file, each with the price that it was dealt at.

    Raises:
        InvalidInput: a row is no future, or has no price.
    """
    if file is None:
        return []
    found = positions_in(file)
    for number, position in enumerate(found, 1):
        if "price" not in position:
            reason = "expected futures, each with the price that was paid"
            raise InvalidInput(field=f"{file}, position {number}", reason=reason)
    return [(position, float(position.pop("price"))) for position in found]


def shocks_of(shifts: list[str] | None, volatilities: list[str] | None) -> list[dict[str, Any]]:
    """Return the scenario that shifts make, written CL=-10%, CL=5 or CL=-40/-5 down the curve.

    Raises:
        InvalidInput: one is written otherwise.
    """
    if not shifts and not volatilities:
        return []
    return [
        {
            "name": "custom",
            "title": " ".join([*(shifts or ()), *(f"vol {one}" for one in volatilities or ())]),
            "curves": [_shift(one) for one in shifts or ()],
            "volatilities": [
                {"product": product, "unit": unit, "value": value}
                for product, unit, value in map(_volatility, volatilities or ())
            ],
        }
    ]


def _shift(text: str) -> dict[str, Any]:
    code, _, moves = text.partition("=")
    steps = moves.split("/")
    unit = "percent" if moves.endswith("%") else "points"
    try:
        values = [float(step.removesuffix("%")) for step in steps]
    except ValueError:
        reason = f"expected one such as CL=-10%, CL=5 or CL=-40/-5/-3, was {text!r}"
        raise InvalidInput(field="--shift", reason=reason) from None
    return {
        "product": code.upper(),
        "unit": unit,
        "positions": list(range(1, len(values) + 1)),
        "values": values,
    }


def _volatility(text: str) -> tuple[str, str, float]:
    unit = "percent" if text.endswith("%") else "points"
    code, value = _number(text.removesuffix("%"), "--shift-volatility", "CL=25% or CL=0.1")
    return code, unit, value


def _number(text: str, field: str, example: str) -> tuple[str, float]:
    code, _, value = text.partition("=")
    try:
        return code.strip().upper(), float(value)
    except ValueError:
        reason = f"expected one such as {example}, was {text!r}"
        raise InvalidInput(field=field, reason=reason) from None
