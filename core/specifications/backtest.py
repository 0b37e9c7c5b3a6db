"""Own what a backtest run is asked: products, models and windows, walked forward over periods."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from core.asked import Asked, ProductCode, Seed, require
from core.backtests import BacktestModel
from core.dates import Day
from core.market import validate_source

MAX_SCORED_DAYS = 6_000
DEFAULT_SCORED_DAYS = 500

_Window = Annotated[int, Field(ge=100, le=2520)]
_Level = Annotated[float, Field(ge=0.01, le=0.99, allow_inf_nan=False)]
_Confidence = Annotated[float, Field(ge=0.8, le=0.995, allow_inf_nan=False)]


class BacktestSpecification(Asked):
    """Ask how well models would have forecast price changes, each day from those before it.

    Days from `first` (unset: so many that 500 are scored) to `as_of` (unset: the latest settled
    date) are scored, all together or in periods of `period_months`. Models with a window learn
    from each of `windows`, in days. `levels` are of quantiles, `confidences` of value at risk.
    `source` None is the live source.
    """

    products: Annotated[
        tuple[ProductCode, ...], Field(min_length=1, max_length=16, examples=[["CL"]])
    ]
    positions: Annotated[
        tuple[Annotated[int, Field(ge=1, le=36)], ...], Field(min_length=1, max_length=12)
    ] = (1,)
    models: Annotated[
        tuple[BacktestModel, ...], Field(min_length=1, max_length=len(BacktestModel))
    ] = (
        BacktestModel.DENSITY,
        BacktestModel.HISTORICAL,
        BacktestModel.RANDOM_WALK,
        BacktestModel.NAIVE,
    )
    windows: Annotated[tuple[_Window, ...], Field(min_length=1, max_length=8)] = (500,)
    horizons: Annotated[
        tuple[Annotated[int, Field(ge=1, le=60)], ...], Field(min_length=1, max_length=8)
    ] = (1, 5, 20)
    first: Day | None = None
    as_of: Day | None = None
    period_months: Annotated[int | None, Field(ge=1, le=240)] = None
    levels: Annotated[tuple[_Level, ...], Field(min_length=1, max_length=20)] = (
        0.05,
        0.25,
        0.5,
        0.75,
        0.95,
    )
    confidences: Annotated[tuple[_Confidence, ...], Field(min_length=1, max_length=5)] = (
        0.95,
        0.99,
    )
    source: str | None = None
    seed: Seed = 7

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.source is not None:
            validate_source(self.source)
        for field in ("products", "models"):
            values = getattr(self, field)
            require(len(set(values)) == len(values), field, "names one twice")
        for field in ("positions", "windows", "horizons", "levels", "confidences"):
            values = getattr(self, field)
            rises = all(later > earlier for earlier, later in pairwise(values))
            require(rises, field, "expected rising numbers")
        if self.first is not None and self.as_of is not None:
            require(self.first < self.as_of, "first", f"expected before {self.as_of}")
        return self

    @property
    def settled_source(self) -> str:
        """Return the source, which is filled in before anything is read."""
        require(self.source is not None, "source", "no source was chosen")
        return str(self.source)

    @property
    def longest_window(self) -> int:
        return self.windows[-1]

    @property
    def longest_horizon(self) -> int:
        return self.horizons[-1]

    def walks(self) -> tuple[tuple[BacktestModel, int | None], ...]:
        """Return each model with each window that it learns from, None where it has none."""
        return tuple(
            (model, window)
            for model in self.models
            for window in (self.windows if model.has_window else (None,))
        )
