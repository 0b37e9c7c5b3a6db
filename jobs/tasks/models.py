"""Own the estimate of a product's model as a task: a history in, a fit and its card out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from quant.contract_history import ContractHistory
from quant.product_model.cards import Vintage, model_card
from quant.product_model.fitting import fit_product


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitRequest:
    """Hold what a product's model is estimated on, and what its card is to tell of that."""

    fit_id: UUID
    history: ContractHistory
    vintage: Vintage


def fit(request: FitRequest) -> dict[str, Any]:
    """Estimate a product's model and score it over its last year.

    Returns `fit`, `days` after its beginning, and `card`, all JSON-ready.

    Raises:
        HistoryTooShort: there are too few days.
        ModelNotApplicable: the prices of a position never moved.
    """
    estimate = fit_product(request.history, request.fit_id)
    return {
        "fit": estimate.fit.to_json(),
        "days": [day.to_json() for day in estimate.days],
        "card": msgspec.to_builtins(model_card(estimate, request.vintage)),
    }
