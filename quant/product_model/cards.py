"""Own what a model card says of an estimate."""

from dataclasses import asdict
from typing import Any

from core.forecasts import ModelCard
from quant.product_model.fitting import Estimate
from quant.product_model.vintage import Vintage
from quant.schwartz_smith.fitting import FittedModel


def model_card(estimate: Estimate, vintage: Vintage) -> ModelCard:
    """Return the card of an estimate; without a curve model its log-likelihood is 0."""
    fit = estimate.fit
    scored = [one for one in (estimate.density_scores, estimate.curve_scores) if one is not None]
    found = None if estimate.trained is None else estimate.trained.estimate
    return ModelCard(
        product=fit.product,
        source=vintage.source,
        fit_id=fit.fit_id,
        code_version=vintage.code_version,
        fitted_at=vintage.fitted_at,
        history_sources=vintage.sources,
        first_day=vintage.first_day,
        last_day=fit.fitted_through,
        observations=estimate.observations,
        recorded_until=vintage.recorded_until,
        log_likelihood=0.0 if found is None else found.log_likelihood,
        parameters={} if found is None else _parameters(found),
        standard_errors={} if found is None else dict(found.standard_errors),
        details=_details(estimate, found),
        scored_from=min((one.scored_from for one in scored), default=None),
        scores=tuple(score for one in scored for score in one.scores),
        notes=fit.notes,
    )


def _parameters(found: FittedModel) -> dict[str, float]:
    noises = {f"noise_{group}": noise for group, noise in enumerate(found.model.noises)}
    return {**asdict(found.model.parameters), **noises}


def _details(estimate: Estimate, found: FittedModel | None) -> dict[str, Any]:
    density = estimate.fit.density
    details: dict[str, Any] = {
        "positions": estimate.fit.positions,
        "density": {
            "garch": [asdict(one) for one in density.garch],
            "har": [one.to_json() for one in density.har],
            "settings": density.settings.to_json(),
            "fallbacks": list(density.fallbacks),
        },
    }
    if found is not None and estimate.fit.curve is not None:
        details["curve"] = {
            "rows": found.rows,
            "cells": found.cells,
            "first_day": estimate.chain.dates[0].isoformat(),
            "left_out": estimate.chain.left_out.cells,
            "at_bound": list(found.at_bound),
            "aic": found.aic,
            "bic": found.bic,
            "season": list(estimate.fit.curve.season),
            "drift": asdict(estimate.fit.curve.rule),
        }
    return details
