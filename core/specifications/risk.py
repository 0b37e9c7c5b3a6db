"""Own what a risk run is asked: the risk of a book from as many paths as many workers can draw."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from core.asked import require
from core.books import BookName, Positions
from core.risk import RiskMethod, RiskQuestion

MAX_PATHS = 10_000_000


class RiskSpecification(RiskQuestion):
    """Ask how much a stored book, or positions, may lose, by simulation.

    Paths belong to blocks of 1,024 with random numbers of their own, so that a seed gives the same
    numbers however they are shared. `add` are positions that might be added: the book befalls what
    befalls it with them, and the difference is told.
    """

    method: RiskMethod = RiskMethod.MONTE_CARLO
    paths: Annotated[int, Field(ge=1_000, le=MAX_PATHS, description="How many are drawn.")] = (
        1_000_000
    )
    book: Annotated[BookName | None, Field(description="The name of a stored book.")] = None
    version: Annotated[int | None, Field(ge=1, description="Unset: its latest.")] = None
    positions: Annotated[Positions, Field(description="Instead of a stored book.")] = ()
    add: Annotated[Positions, Field(description="What might be added.")] = ()

    @model_validator(mode="after")
    def _is_simulated(self) -> Self:
        given = (self.book is not None) + bool(self.positions)
        require(given == 1, "book", "expected a stored book, or positions, and not both")
        require(
            self.version is None or self.book is not None, "version", "only stored books have one"
        )
        require(
            self.method is not RiskMethod.PARAMETRIC,
            "method",
            "parametric risk draws nothing; ask POST /v1/risk",
        )
        is_drawn = self.method is RiskMethod.MONTE_CARLO or self.horizon_days > 1
        require(
            is_drawn,
            "horizon_days",
            "past days are drawn for horizons above one; of one day, ask POST /v1/risk",
        )
        return self
