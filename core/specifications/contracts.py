"""Own the choice of contracts from stored settlements, shared by several kinds of run."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from core.asked import Asked, ProductCode, require
from core.dates import Day
from core.market import validate_source

MAX_CONTRACTS = 24


class ContractWindow(Asked):
    """Name contracts of stored settlements and the window of daily changes read of them.

    `of` is how many, spread evenly over `products`. `source` None is the live source, `as_of` None
    the latest settled date: both are filled in when the run is submitted. `window_days` counts
    business days of daily changes.
    """

    products: Annotated[tuple[ProductCode, ...], Field(max_length=16, examples=[["CL"]])]
    of: Annotated[int, Field(examples=[12])]
    source: str | None = None
    as_of: Day | None = None
    window_days: Annotated[int, Field(ge=20, le=2520)] = 250

    @model_validator(mode="after")
    def _names_contracts(self) -> Self:
        if self.source is not None:
            validate_source(self.source)
        count = len(self.products)
        require(count >= 1, "products", "name at least one product")
        require(len(set(self.products)) == count, "products", "names one twice")
        require(self.of >= 1, "of", f"expected at least 1, was {self.of}")
        require(self.of <= MAX_CONTRACTS, "of", f"expected at most {MAX_CONTRACTS}, was {self.of}")
        require(
            self.of % count == 0,
            "of",
            f"expected a multiple of the {count} products, was {self.of}",
        )
        return self

    @property
    def positions_per_product(self) -> int:
        return self.of // len(self.products)

    @property
    def settled_source(self) -> str:
        """Return the source, which is filled in before anything is read."""
        require(self.source is not None, "source", "no source was chosen")
        return str(self.source)


class ContractChoice(ContractWindow):
    """Choose `choose` of the contracts, minimising q·xᵀΣx − μᵀx; `risk_aversion` is q."""

    choose: Annotated[int, Field(examples=[4])]
    risk_aversion: Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)] = 0.5

    @model_validator(mode="after")
    def _chooses_some(self) -> Self:
        require(self.choose >= 1, "choose", f"expected at least 1, was {self.choose}")
        require(
            self.choose < self.of,
            "choose",
            f"expected fewer than the {self.of} contracts to choose from, was {self.choose}",
        )
        return self
