"""Check how models and their cards are told."""

from serve.routes.model_views import card_view, status_view
from tests.published_forecasts import a_card, a_status


def test_a_card_never_holds_what_is_no_number() -> None:
    card = a_card(standard_errors={"kappa": float("nan")}, log_likelihood=float("-inf"))
    view = card_view(card)
    assert (view.standard_errors, view.log_likelihood) == ({"kappa": None}, None)
    assert view.parameters == {"kappa": 1.49, "sigma_chi": 0.286}
    assert (view.scores[0].baseline_name, view.scores[0].low) == ("historical simulation", -0.15)
    assert "NaN" not in view.model_dump_json()


def test_a_status_is_told_whole() -> None:
    view = status_view(a_status(waiting="it has seen 40 days of 100"))
    assert (view.product, view.version, view.observations) == ("CL", 7, 2_513)
    assert view.waiting == "it has seen 40 days of 100"
