"""Own the typed books: what a desk holds, and the versions that are kept of it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from heliostat.models import Model


class FuturePosition(Model):
    """Hold signed contracts of one future; `price` is what they were entered at."""

    kind: Literal["future"] = "future"
    instrument: str
    contracts: float
    price: Decimal | None = None
    label: str | None = None


class OptionPosition(Model):
    """Hold signed options on one future.

    `right` is call or put, `style` european, american or average. `volatility` is annual, as a
    fraction of the price; None leaves it to the model. Without `expiry` it expires with its future.
    """

    kind: Literal["option"] = "option"
    instrument: str
    right: str
    strike: Decimal
    expiry: date | None = None
    style: str = "european"
    volatility: float | None = None
    contracts: float
    label: str | None = None


class SpreadLeg(Model):
    """Hold how many contracts of one future belong to one spread, signed."""

    instrument: str
    ratio: float


class SpreadPosition(Model):
    """Hold signed spreads; of each leg `contracts` × `ratio` are held."""

    kind: Literal["spread"] = "spread"
    legs: tuple[SpreadLeg, ...]
    contracts: float
    label: str | None = None


BookPosition: TypeAlias = Annotated[
    FuturePosition | OptionPosition | SpreadPosition, Field(discriminator="kind")
]


class Book(Model):
    """Hold one version of a book; versions count from 1 and are never changed."""

    book_id: str
    name: str
    version: int
    title: str
    positions: tuple[BookPosition, ...]
    note: str | None = None
    created_at: datetime
    recorded_at: datetime


class BookVersion(Model):
    """Tell of one version of a book, without its positions."""

    version: int
    title: str
    position_count: int
    note: str | None = None
    recorded_at: datetime


class BookSummary(BookVersion):
    """Tell of a book and its latest version, without its positions."""

    book_id: str
    name: str
    created_at: datetime


class BookPage(Model):
    """Hold one page of books, newest first; `next_before` is None on the last one."""

    items: tuple[BookSummary, ...]
    next_before: str | None = None


class BookVersionPage(Model):
    """Hold one page of versions, newest first; `next_before` is None on the last one."""

    items: tuple[BookVersion, ...]
    next_before: int | None = None
