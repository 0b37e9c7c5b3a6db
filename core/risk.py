"""Own what may be asked of the risk of a book: the market it is valued in, and the measure."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from core.asked import Asked, ProductCode, Seed
from core.books import Position, Title
from core.dates import Day
from core.market import validate_source

MAX_HORIZON_DAYS = 60
MAX_LEVELS = 5
MAX_BACKTEST_DAYS = 1_000
MAX_STRESSES = 50
MAX_NODES = 60
MAX_DEALS = 1_000
_EARLIEST = date(1978, 1, 1)  # energy futures began in this year


class RiskMethod(StrEnum):
    """Name how the losses of a book are forecast."""

    HISTORICAL = "historical"
    FILTERED = "filtered"
    PARAMETRIC = "parametric"
    MONTE_CARLO = "monte_carlo"


def _rising(levels: tuple[float, ...]) -> tuple[float, ...]:
    if list(levels) != sorted(set(levels)):
        kind, reason = "refused", "expected levels that rise"
        raise PydanticCustomError(kind, reason)
    return levels


Level = Annotated[float, Field(gt=0.5, lt=1, allow_inf_nan=False, examples=[0.99])]
Worth = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class MarketQuestion(Asked):
    """Say in which market a book is valued."""

    as_of: Annotated[
        Day | None, Field(description="Unset: the latest day on which anything of it settled.")
    ] = None
    source: Annotated[
        Annotated[str, AfterValidator(validate_source)] | None,
        Field(description="Unset: of each product the live one."),
    ] = None
    rate: Annotated[
        float, Field(ge=-0.5, le=1, description="Per year, continuous; it discounts options.")
    ] = 0.0
    dollars: dict[Currency, Worth] = Field(
        default_factory=dict, max_length=20, description="What one of a currency is worth."
    )
    strict: Annotated[
        bool, Field(description="Refuse expired and stale contracts instead of telling of them.")
    ] = False


class RiskQuestion(MarketQuestion):
    """Ask how much a book may lose.

    Without `decay` all days of the window count alike in a covariance, and filtering takes 0.94.
    `degrees_of_freedom` makes the normal a Student's t of the same covariance.
    """

    method: RiskMethod = RiskMethod.HISTORICAL
    levels: Annotated[
        tuple[Level, ...], Field(min_length=1, max_length=MAX_LEVELS), AfterValidator(_rising)
    ] = (0.95, 0.99)
    window_days: Annotated[
        int, Field(ge=2, le=5_000, description="How many past changes to learn from.")
    ] = 500
    horizon_days: Annotated[
        int, Field(ge=1, le=MAX_HORIZON_DAYS, description="In business days.")
    ] = 1
    paths: Annotated[
        int,
        Field(ge=100, le=100_000_000, description="Of Monte Carlo, and of horizons above a day."),
    ] = 20_000
    block_days: Annotated[
        int,
        Field(ge=1, le=MAX_HORIZON_DAYS, description="Days in a row that paths are made of."),
    ] = 5
    seed: Seed = 0
    degrees_of_freedom: Annotated[float | None, Field(gt=2, le=1_000, allow_inf_nan=False)] = None
    decay: Annotated[float | None, Field(gt=0, lt=1, allow_inf_nan=False)] = None
    revaluation: Annotated[
        Literal["full", "delta-gamma"],
        Field(description="How options follow prices; parametric risk takes their delta."),
    ] = "full"


Shift = Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)]
ShockUnitName = Literal["points", "percent"]
StressName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]


class CurveShift(Asked):
    """Move a product's curve by `values` at `positions`, linearly in between.

    In points of the price, or in percent of its size.
    """

    product: ProductCode
    unit: ShockUnitName
    positions: Annotated[
        tuple[Annotated[int, Field(ge=1, le=180)], ...],
        Field(min_length=1, max_length=MAX_NODES, description="1 is the nearest contract."),
    ] = (1,)
    values: Annotated[tuple[Shift, ...], Field(min_length=1, max_length=MAX_NODES)]


class VolatilityShift(Asked):
    """Move every volatility of a product, by points (0.10 is from 30 % to 40 %) or by percent."""

    product: ProductCode
    unit: ShockUnitName
    value: Shift


class CustomStress(Asked):
    """Name a scenario of one's own."""

    name: StressName
    title: Title | None = None
    curves: Annotated[tuple[CurveShift, ...], Field(max_length=MAX_STRESSES)] = ()
    volatilities: Annotated[tuple[VolatilityShift, ...], Field(max_length=MAX_STRESSES)] = ()


class StressQuestion(MarketQuestion):
    """Ask what a book gains in scenarios; without any named, in all of the library."""

    stresses: Annotated[
        tuple[StressName, ...] | None,
        Field(max_length=MAX_STRESSES, examples=[["negative-wti-2020"]]),
    ] = None
    custom: Annotated[tuple[CustomStress, ...], Field(max_length=MAX_STRESSES)] = ()


class TradedPosition(Asked):
    """Hold what was traded, and the price that was paid, in the unit of the product's price."""

    position: Position
    price: Annotated[float, Field(ge=-(10**6), le=10**6, allow_inf_nan=False)]


class ExplainQuestion(MarketQuestion):
    """Ask where a book's profit since a day came from, to `as_of`."""

    since: Annotated[
        Day, Field(ge=_EARLIEST, description="Positions were held at its settlements.")
    ]
    deals: Annotated[
        tuple[TradedPosition, ...],
        Field(max_length=MAX_DEALS, description="What was traded since; a roll is two deals."),
    ] = ()


class BacktestQuestion(MarketQuestion):
    """Ask how the value at risk of today's book would have done over past days.

    Each day is forecast from the `window_days` before it alone.
    """

    method: Literal[RiskMethod.HISTORICAL, RiskMethod.FILTERED, RiskMethod.PARAMETRIC] = (
        RiskMethod.HISTORICAL
    )
    level: Level = 0.99
    window_days: Annotated[int, Field(ge=22, le=2_500)] = 500
    days: Annotated[int, Field(ge=1, le=MAX_BACKTEST_DAYS, description="How many to test.")] = 250
    degrees_of_freedom: Annotated[float | None, Field(gt=2, le=1_000, allow_inf_nan=False)] = None
    decay: Annotated[float | None, Field(gt=0, lt=1, allow_inf_nan=False)] = None
    seed: Seed = 0
