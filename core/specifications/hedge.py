"""Own what a hedge run is asked: k of n contracts against a given exposure."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from core.asked import (
    Asked,
    BackendName,
    Depth,
    ProductCode,
    Seed,
    Shots,
    Starts,
    require,
)
from core.mixers import Mixer
from core.specifications.contracts import ContractChoice


class ExposureLeg(Asked):
    """Hold signed contracts of one position (1 is the front month) of a product."""

    product: ProductCode
    position: Annotated[int, Field(ge=1, le=60)] = 1
    contracts: Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class HedgeSpecification(ContractChoice):
    """Ask for `choose` of `of` contracts that hedge `exposure`, chosen by QAOA.

    Minimises q·Var(exposure + hedges) + costs in dollars; each hedge is sized to take its share of
    the minimum-variance hedge, and costs `cost_per_contract` dollars a contract.
    """

    exposure: Annotated[tuple[ExposureLeg, ...], Field(max_length=64)]
    cost_per_contract: Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)] = 0.0
    seed: Seed = 7
    depth: Depth = 3
    shots: Shots = 4096
    starts: Starts = 8
    mixer: Mixer = Mixer.RING
    backend: BackendName = "auto"

    @model_validator(mode="after")
    def _is_exposed(self) -> Self:
        require(
            any(leg.contracts for leg in self.exposure), "exposure", "name at least one contract"
        )
        return self
