"""Own how models are told over HTTP: how they stand, and their cards."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from core.forecasts import ModelCard, ModelStatus
from serve.routes.forecast_views import NoteView, note_views


class StatusView(BaseModel):
    """Tell how a model stands after so many `observations`, the days that it has seen.

    `waiting` says what it lacks, null while it forecasts; `fit_error` why the last estimate
    failed, null if it did not. Of a model that does not answer only `waiting` is known.
    """

    product: str
    source: str | None
    as_of: date | None
    version: int
    fit_id: UUID | None
    observations: int
    is_fitting: bool
    waiting: str | None
    fit_error: str | None


class StatusList(BaseModel):
    """List the models of a stack."""

    items: list[StatusView]


class ScoreView(BaseModel):
    """Hold a walk-forward score beside a baseline's; lower is better.

    `low` to `high` holds the difference, ours less the baseline's, with 95 % confidence.
    """

    metric: str
    horizon: int
    ours: float
    baseline: float
    baseline_name: str
    low: float | None
    high: float | None


class CardView(BaseModel):
    """Hold what a model was made from and how well it did.

    `recorded_until` is the vintage: no settlement stored later has been seen. A standard error
    that could not be computed is not there. `scores` are of the days from `scored_from` on.
    """

    product: str
    source: str
    fit_id: UUID
    code_version: str
    fitted_at: datetime
    history_sources: list[str]
    first_day: date
    last_day: date
    observations: int
    recorded_until: datetime
    log_likelihood: float | None
    parameters: dict[str, float | None]
    standard_errors: dict[str, float | None]
    details: dict[str, Any]
    scored_from: date | None
    scores: list[ScoreView]
    notes: list[NoteView]


class ModelView(BaseModel):
    """Hold how a model stands, and its card; that is null before the first fit."""

    status: StatusView
    card: CardView | None


def status_view(status: ModelStatus) -> StatusView:
    """Return how a model stands."""
    return StatusView.model_validate(status, from_attributes=True)


def card_view(card: ModelCard) -> CardView:
    """Return a card; what is no number there is null."""
    return CardView(
        product=card.product,
        source=card.source,
        fit_id=card.fit_id,
        code_version=card.code_version,
        fitted_at=card.fitted_at,
        history_sources=list(card.history_sources),
        first_day=card.first_day,
        last_day=card.last_day,
        observations=card.observations,
        recorded_until=card.recorded_until,
        log_likelihood=_finite(card.log_likelihood),
        parameters=_all_finite(card.parameters),
        standard_errors=_all_finite(card.standard_errors),
        details=card.details,
        scored_from=card.scored_from,
        scores=[
            ScoreView(
                metric=score.metric,
                horizon=score.horizon,
                ours=score.ours,
                baseline=score.baseline,
                baseline_name=score.baseline_name,
                low=_finite(score.low),
                high=_finite(score.high),
            )
            for score in card.scores
        ],
        notes=note_views(card.notes),
    )


def _all_finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
