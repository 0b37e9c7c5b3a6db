"""Own the vocabulary of books: what a desk holds, and how each version of it is recorded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal, LiteralString
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from core.asked import Asked, require
from core.dates import Day
from core.errors import InvalidInput, UnknownInstrument
from core.market import ContractMonth, Instrument
from core.products import PRODUCTS

MAX_POSITIONS = 5_000
MAX_LEGS = 8
MAX_CONTRACTS = 1_000_000
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"

Where = Callable[[int, str, str], str]
"""Name a field of a position as its caller knows it: by index from 0, kind and field."""


def in_body(index: int, kind: str, field: str) -> str:
    """Name a field of a position in a JSON body, such as `positions.3.option.strike`."""
    return f"positions.{index}.{kind}.{field}"


def _require(condition: bool, reason: LiteralString, **context: str) -> None:
    if not condition:
        kind: LiteralString = "refused"
        raise PydanticCustomError(kind, reason, context)


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> Instrument:
    return Instrument.parse(text)


@lru_cache(maxsize=4_096)
def _instrument(text: str) -> str:
    code, _, month = text.partition("-")
    try:
        ContractMonth.parse_listed(month)
    except InvalidInput:
        code = ""
    _require(bool(code), "expected a contract such as CL-202612, was '{text}'", text=text)
    return text


def _not_zero(value: float) -> float:
    _require(value != 0, "expected a number other than 0")
    return value


def _plain(price: Decimal) -> Decimal:
    return Decimal(format(price, "f"))


InstrumentName = Annotated[
    str, Field(max_length=20, examples=["CL-202612"]), AfterValidator(_instrument)
]
Quantity = Annotated[
    float,
    Field(ge=-MAX_CONTRACTS, le=MAX_CONTRACTS, allow_inf_nan=False),
    AfterValidator(_not_zero),
]
Price = Annotated[
    Decimal,
    Field(ge=-(10**6), le=10**6, decimal_places=8, allow_inf_nan=False, examples=["75.10"]),
    AfterValidator(_plain),
]
Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=_PRINTABLE),
]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_PRINTABLE),
]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_PRINTABLE),
]
BookName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", min_length=1, max_length=60)
]


class Right(StrEnum):
    """Tell what an option gives: the right to buy, or to sell."""

    CALL = "call"
    PUT = "put"


class Style(StrEnum):
    """Tell when and on what an option pays; `average` is on the mean of settlements."""

    EUROPEAN = "european"
    AMERICAN = "american"
    AVERAGE = "average"


class FuturePosition(Asked):
    """Hold signed contracts of one future, bought or sold at `price` if that is known."""

    kind: Literal["future"]
    instrument: InstrumentName
    contracts: Annotated[Quantity, Field(description="Negative if sold.")]
    price: Annotated[Price | None, Field(description="At which it was entered.")] = None
    label: Label | None = None

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return (_parsed(self.instrument),)

    @property
    def legs_held(self) -> tuple[tuple[Instrument, float], ...]:
        """Return each contract with how many of it are held, signed."""
        return ((_parsed(self.instrument), self.contracts),)


class OptionPosition(Asked):
    """Hold signed options on one future; each is on one contract of it.

    `volatility` is annual, as a fraction of the price (0.35 is 35 %); None leaves it to the model.
    """

    kind: Literal["option"]
    instrument: Annotated[InstrumentName, Field(description="The underlying future.")]
    right: Right
    strike: Annotated[Price, Field(description="May be negative.")]
    expiry: Annotated[
        Day | None, Field(description="Unset: the last trade date of the underlying.")
    ] = None
    style: Style = Style.EUROPEAN
    volatility: Annotated[
        float | None, Field(gt=0, le=10, allow_inf_nan=False, examples=[0.35])
    ] = None
    contracts: Annotated[Quantity, Field(description="Negative if sold.")]
    label: Label | None = None

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return (_parsed(self.instrument),)

    @property
    def expires(self) -> date:
        """Return the expiry, which is filled in before a book is stored."""
        if self.expiry is None:
            raise InvalidInput(field="expiry", reason="no expiry was filled in")
        return self.expiry


class SpreadLeg(Asked):
    """Hold how many contracts of one future belong to one spread, signed."""

    instrument: InstrumentName
    ratio: Quantity


def _distinct(legs: tuple[SpreadLeg, ...]) -> tuple[SpreadLeg, ...]:
    _require(len({leg.instrument for leg in legs}) == len(legs), "names one contract twice")
    return legs


class SpreadPosition(Asked):
    """Hold signed spreads; of each leg `contracts` × `ratio` are held."""

    kind: Literal["spread"]
    legs: Annotated[
        tuple[SpreadLeg, ...],
        Field(min_length=2, max_length=MAX_LEGS),
        AfterValidator(_distinct),
    ]
    contracts: Annotated[Quantity, Field(description="How many spreads; negative if sold.")]
    label: Label | None = None

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(_parsed(leg.instrument) for leg in self.legs)

    @property
    def legs_held(self) -> tuple[tuple[Instrument, float], ...]:
        """Return each contract with how many of it are held, signed."""
        return tuple((_parsed(leg.instrument), self.contracts * leg.ratio) for leg in self.legs)


Position = Annotated[FuturePosition | OptionPosition | SpreadPosition, Field(discriminator="kind")]
Positions = Annotated[tuple[Position, ...], Field(max_length=MAX_POSITIONS)]


def contract_field(position: Position) -> str:
    """Return the field in which a position names its contracts."""
    return "legs" if isinstance(position, SpreadPosition) else "instrument"


def require_known(positions: Iterable[Position], where: Where = in_body) -> None:
    """Refuse contracts of products that are not in the registry.

    Raises:
        UnknownInstrument: there is one; its reason begins with where.
    """
    for index, position in enumerate(positions):
        for instrument in position.instruments:
            if instrument.product not in PRODUCTS:
                place = where(index, position.kind, contract_field(position))
                reason = f"{place}: product {instrument.product} is unknown"
                known = ", ".join(PRODUCTS)
                raise UnknownInstrument(
                    instrument=str(instrument), reason=f"{reason}; known are {known}"
                )


class BookDraft(Asked):
    """Hold what a version of a book is to be.

    Without a title a new book is called by its name, and another version like the one before.
    """

    title: Title | None = None
    positions: Positions = ()
    note: Annotated[Note | None, Field(description="Why it changes.")] = None

    @model_validator(mode="after")
    def _names_known_products(self) -> "BookDraft":
        require_known(self.positions)
        return self


class Book(Asked):
    """Hold one version of a book; versions count from 1 and are never changed.

    `created_at` is when the book was made, `recorded_at` when this version was.
    """

    book_id: UUID
    name: BookName
    version: Annotated[int, Field(ge=1)]
    title: Title
    positions: Positions
    note: Note | None = None
    created_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookVersion:
    """Tell of one version of a book, without its positions."""

    version: int
    title: str
    position_count: int
    note: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSummary:
    """Tell of a book and its latest version, without its positions."""

    book_id: UUID
    name: str
    created_at: datetime
    latest: BookVersion


def summary_of(book: Book) -> BookSummary:
    """Tell of a book without its positions."""
    latest = BookVersion(
        version=book.version,
        title=book.title,
        position_count=len(book.positions),
        note=book.note,
        recorded_at=book.recorded_at,
    )
    return BookSummary(
        book_id=book.book_id, name=book.name, created_at=book.created_at, latest=latest
    )


def joined(held: tuple[Position, ...], added: tuple[Position, ...]) -> tuple[Position, ...]:
    """Return positions with others behind them.

    Raises:
        InvalidInput: they are more than a book may hold.
    """
    count = len(held) + len(added)
    reason = f"expected at most {MAX_POSITIONS:,}, was {count:,}"
    require(count <= MAX_POSITIONS, "positions", reason)
    return held + added
