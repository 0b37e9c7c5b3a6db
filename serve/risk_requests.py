"""Own the bodies of requests about risk: a question, and the positions or book that it is of."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from core.asked import Asked
from core.books import Position, Positions
from core.risk import BacktestQuestion, ExplainQuestion, RiskQuestion, StressQuestion
from quant.risk.trading_positions import with_expiries
from storage.books import MAX_VERSION

MAX_PATHS = 100_000
"""Be how many paths are drawn while a request waits."""


def _few(paths: int) -> int:
    if paths > MAX_PATHS:
        kind, reason = "refused", "expected at most 100,000 here; a run of the kind risk draws more"
        raise PydanticCustomError(kind, reason)
    return paths


Paths = Annotated[int, Field(ge=100, description="At most 100,000."), AfterValidator(_few)]
Given = Annotated[Positions, Field(min_length=1)]
Added = Annotated[Positions, Field(description="What might be added; its increment is told.")]


class OfBook(Asked):
    """Say which version of a book is meant."""

    version: Annotated[int | None, Field(ge=1, le=MAX_VERSION, description="Unset: latest.")] = None


class OfPositions(Asked):
    """Hold the positions that are asked about."""

    positions: Given


class RiskBody(RiskQuestion):
    """Ask for risk within a request."""

    paths: Paths = 20_000
    add: Added = ()


class RiskOfBook(RiskBody, OfBook):
    """Ask for the risk of a stored book."""


class RiskOfPositions(RiskBody, OfPositions):
    """Ask for the risk of positions."""


class StressOfBook(StressQuestion, OfBook):
    """Ask what a stored book gains in scenarios."""


class StressOfPositions(StressQuestion, OfPositions):
    """Ask what positions gain in scenarios."""


class ExplainOfBook(ExplainQuestion, OfBook):
    """Ask where the profit of a stored book came from."""


class ExplainOfPositions(ExplainQuestion, OfPositions):
    """Ask where the profit of positions came from."""


class BacktestOfBook(BacktestQuestion, OfBook):
    """Ask how the value at risk of a stored book would have done."""


class BacktestOfPositions(BacktestQuestion, OfPositions):
    """Ask how the value at risk of positions would have done."""


def added(positions: Iterable[Position]) -> tuple[Position, ...]:
    """Return positions that might be added, every option with its expiry.

    Raises:
        UnknownInstrument: a product is unknown.
        InvalidInput: an option expires after its future.
    """
    return with_expiries(positions, lambda index, kind, field: f"add.{index}.{kind}.{field}")


def dealt(question: ExplainQuestion) -> ExplainQuestion:
    """Return a question in which every option that was dealt has its expiry.

    Raises:
        UnknownInstrument: a product is unknown.
        InvalidInput: an option expires after its future.
    """
    positions = with_expiries(
        (deal.position for deal in question.deals),
        lambda index, _kind, field: f"deals.{index}.position.{field}",
    )
    deals = tuple(
        deal.model_copy(update={"position": position})
        for deal, position in zip(question.deals, positions, strict=True)
    )
    changed: dict[str, Any] = {"deals": deals}
    return question.model_copy(update=changed)
