"""Own the vocabulary of forecasts: what a product's model says, and what it was made from."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core.market import ContractMonth

LEVELS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
"""Name the probabilities of a forecast's quantiles."""

HORIZONS = (1, 5, 10, 20, 40, 60)
"""Name the horizons of a published forecast, in business days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractForecast:
    """Hold the distribution of one contract's settlement, horizon by horizon.

    `quantiles` has, for each horizon of its forecast, a price for each of LEVELS; `volatilities`
    the standard deviation of the change over each horizon, in price units. `settlement` is the
    price that the forecast starts from, settled on `settled_on`, and `fitted` the curve model's own
    price of that day, None without a curve model.
    """

    position: int
    contract_month: ContractMonth
    last_trade_date: date
    settlement: float
    settled_on: date
    fitted: float | None
    quantiles: tuple[tuple[float, ...], ...]
    volatilities: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityPart:
    """Hold what one volatility model expects of a position's next day, in price units a day."""

    name: str
    weight: float
    volatility: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractVolatility:
    """Hold a contract's daily volatility in price units and its annual one.

    `annual` is a fraction of the price (0.35 is 35 %), None where the price is not positive.
    `samuelson` is what the term structure of volatility gives for it, annual too.
    """

    position: int
    contract_month: ContractMonth
    years_to_expiry: float
    daily: float
    annual: float | None
    samuelson: float | None
    parts: tuple[VolatilityPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNote:
    """Tell one fallback or limit of an answer: a stable `code` and a sentence for people."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Hold what a model says after one state of the settlements of `as_of`.

    `version` rises by one with each publication of a product; `fit_id` names the estimate, and
    `is_final` tells whether every settlement of the day is final.
    """

    product: str
    source: str
    as_of: date
    version: int
    fit_id: UUID
    is_final: bool
    issued_at: datetime
    horizons: tuple[int, ...]
    contracts: tuple[ContractForecast, ...]
    volatility: tuple[ContractVolatility, ...]
    notes: tuple[ModelNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillScore:
    """Hold one walk-forward score of a model beside its baseline; lower is better.

    `low` and `high` bound the difference to the baseline with 95 % confidence.
    """

    metric: str
    horizon: int
    ours: float
    baseline: float
    baseline_name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """Hold what a user must know to trust a model: its data, its parameters, how well it did.

    `history_sources` are where its past was read from, `parameters` and `standard_errors` by name,
    `scores` those of a walk forward over the last part of its history, from `scored_from` on.
    """

    product: str
    source: str
    fit_id: UUID
    code_version: str
    fitted_at: datetime
    history_sources: tuple[str, ...]
    first_day: date
    last_day: date
    observations: int
    recorded_until: datetime
    log_likelihood: float
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    details: dict[str, Any]
    scored_from: date | None
    scores: tuple[SkillScore, ...]
    notes: tuple[ModelNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """Tell how a model stands.

    `waiting` names what it lacks, None while it forecasts; `fit_error` why the last estimate
    failed, None if it did not. `observations` counts the days that the model has seen.
    """

    product: str
    source: str
    as_of: date | None
    version: int
    fit_id: UUID | None
    observations: int
    is_fitting: bool
    waiting: str | None
    fit_error: str | None
