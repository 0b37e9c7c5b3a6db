"""Own what a landscape is asked: the expectation over a grid of one layer's two angles."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from core.asked import Asked, BackendName, Seed, Shots, require
from core.mixers import Mixer
from core.specifications.contracts import ContractChoice

MAX_GRID_POINTS = 1_000_000
_Bound = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]


class Axis(Asked):
    """Space `points` angles evenly from `low` to `high`, both included."""

    low: _Bound
    high: _Bound
    points: Annotated[int, Field(ge=2, le=2001)] = 41

    @model_validator(mode="after")
    def _rises(self) -> Self:
        require(self.low < self.high, "low", f"expected below {self.high}, was {self.low}")
        return self


class LandscapeSpecification(ContractChoice):
    """Ask for the p = 1 expectation of a portfolio problem at every (γ, β) of a grid.

    `shots` None is exact and needs the subspace; a number samples every point on the backend.
    """

    gamma: Axis = Axis(low=-2.0, high=2.0)
    beta: Axis = Axis(low=0.0, high=3.141592653589793)
    mixer: Mixer = Mixer.RING
    shots: Shots | None = None
    seed: Seed = 7
    backend: BackendName = "auto"

    @model_validator(mode="after")
    def _is_a_bounded_grid(self) -> Self:
        points = self.points
        reason = f"expected at most {MAX_GRID_POINTS:,} points in all, was {points:,}"
        require(points <= MAX_GRID_POINTS, "gamma.points", reason)
        return self

    @property
    def points(self) -> int:
        """Count the points of the grid."""
        return self.gamma.points * self.beta.points
