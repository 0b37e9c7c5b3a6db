"""Own what a sweep is asked: one portfolio problem over depths, mixers, seeds and backends."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from core.asked import Asked, BackendName, Depth, Seed, Shots, Starts, require
from core.mixers import Mixer
from core.specifications.contracts import ContractChoice

Angle = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]


class AngleSet(Asked):
    """Hold the angles of one circuit: γ and β of each layer."""

    gammas: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=12)]
    betas: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=12)]

    @model_validator(mode="after")
    def _has_a_pair_a_layer(self) -> Self:
        same = len(self.gammas) == len(self.betas)
        require(same, "angles", "expected as many gammas as betas")
        return self


class SweepSpecification(ContractChoice):
    """Ask for every combination of mixers, depths (or angles), seeds and backends.

    Without `angles` each (mixer, depth, seed) is trained from `starts` starts; with them they are
    evaluated as they are and `depths` is not used. Each combination is then sampled `shots` times
    on each of `backends`, noisy ones included.
    """

    mixers: Annotated[tuple[Mixer, ...], Field(min_length=1, max_length=4)] = (Mixer.RING,)
    depths: Annotated[tuple[Depth, ...], Field(min_length=1, max_length=12)] = (1, 2, 3)
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=1000)] = (7,)
    angles: Annotated[tuple[AngleSet, ...], Field(max_length=100_000)] = ()
    backends: Annotated[tuple[BackendName, ...], Field(min_length=1, max_length=16)] = ("subspace",)
    shots: Shots = 4096
    starts: Starts = 4

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        for field in ("mixers", "depths", "seeds", "backends"):
            values = getattr(self, field)
            require(len(set(values)) == len(values), field, "names one twice")
        return self

    @property
    def points(self) -> int:
        """Count the combinations."""
        schedules = len(self.angles) or len(self.depths)
        return len(self.mixers) * schedules * len(self.seeds) * len(self.backends)
