"""Own the estimate of a product's model as a task: a history in, a fit and its card out."""

from typing import Any

import msgspec

from quant.product_model.vintage import FitRequest


def fit(request: FitRequest) -> dict[str, Any]:
    """Estimate a product's model and score it over its last year.

    Returns `fit`, `days` after its beginning, and `card`, all JSON-ready.

    Raises:
        HistoryTooShort: there are too few days.
        ModelNotApplicable: the prices of a position never moved.
    """
    # Late, so that workers which only carry runs out are not made warm with what estimates need.
    from quant.product_model.cards import model_card
    from quant.product_model.fitting import fit_product

    estimate = fit_product(request.history, request.fit_id)
    return {
        "fit": estimate.fit.to_json(),
        "days": [day.to_json() for day in estimate.days],
        "card": msgspec.to_builtins(model_card(estimate, request.vintage)),
    }
