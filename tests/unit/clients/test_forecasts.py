"""Check how both clients ask for forecasts, volatilities and models, as the API tells them."""

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat
from core.forecasts import HORIZONS, LEVELS
from serve.routes.forecast_views import PublishedView, forecast_view, volatility_view
from serve.routes.model_views import ModelView, StatusList, card_view, status_view
from serve.routes.scenarios import ScenarioContractView, ScenariosView
from tests.published_forecasts import MONTHS, a_card, a_forecast, a_status
from tests.unit.clients.test_client import Script, events, problem

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

FORECAST: dict[str, Any] = forecast_view(a_forecast(), None, None).model_dump(mode="json")
VOLATILITY: dict[str, Any] = volatility_view(a_forecast(), None).model_dump(mode="json")
MODEL: dict[str, Any] = ModelView(
    status=status_view(a_status()), card=card_view(a_card())
).model_dump(mode="json")
WAITING = status_view(a_status(product="NG", waiting="it has seen 40 days of 100"))
MODELS: dict[str, Any] = StatusList(items=[status_view(a_status()), WAITING]).model_dump(
    mode="json"
)


SCENARIOS: dict[str, Any] = {
    **{name: FORECAST[name] for name in PublishedView.model_fields},
    "seed": 3,
    "dates": ["2026-11-17", "2026-11-18"],
    "contracts": [
        {name: FORECAST["contracts"][place][name] for name in ScenarioContractView.model_fields}
        for place in (0, 1)
    ],
    "paths": [[["61.5", "62"], ["61", "-1.25"]], [["60", "61"], ["59", "60"]]],
}


def answered(body: dict[str, Any]) -> Script:
    return Script(httpx.Response(200, json=body))


def test_a_forecast_is_typed(ask: "Ask") -> None:
    script = answered(FORECAST)
    found = ask(script, "forecast", "CL", horizon=5, contract="202701", as_of=date(2026, 11, 16))
    assert script.requests[0].url.path == "/v1/products/CL/forecast"
    assert dict(script.requests[0].url.params) == {
        "horizon": "5",
        "contract": "202701",
        "as_of": "2026-11-16",
    }
    assert isinstance(found, heliostat.Forecast)
    assert (found.levels, found.horizons) == (LEVELS, HORIZONS)
    front = found.contracts[0]
    assert (front.settlement, front.fitted) == (Decimal(61), Decimal("61.25"))
    assert front.forecasts[0].quantiles[LEVELS.index(0.5)] == Decimal(61)
    assert front.forecasts[-1].is_after_expiry
    assert found.notes[0].code == "volatility-floor"


def test_a_forecast_becomes_a_frame_by_contract_and_horizon(ask: "Ask") -> None:
    frame = ask(answered(FORECAST), "forecast", "CL").to_frame()
    assert frame.shape == (len(MONTHS) * len(HORIZONS), 3 + len(LEVELS))
    assert frame.loc[("202612", 20), 0.5] == 61.0
    assert frame.loc[("202702", 60), "volatility"] == pytest.approx(60.0**0.5)
    assert (frame[0.05] < frame[0.95]).all()
    assert frame.attrs["unit"] == "USD/bbl"
    nothing = ask(answered(FORECAST | {"contracts": []}), "forecast", "CL").to_frame()
    assert len(nothing) == 0


def published(version: int) -> str:
    data = json.dumps(FORECAST | {"version": version})
    return f"id: sandbox:{version}\nevent: forecast\ndata: {data}\n\n"


def test_forecasts_are_followed_over_lost_connections(ask: "Ask") -> None:
    script = Script(
        events(": heartbeat\n\n", published(7), end="lost"),
        events(published(8), published(9), published(10)),
    )
    found = ask(script, "watch_forecasts", "CL", 3, horizon=20, contract="202701")
    assert [one.version for one in found] == [7, 8, 9]
    first, second = script.requests
    assert first.url.path == "/v1/streams/forecasts/CL"
    assert dict(first.url.params) == {"horizon": "20", "contract": "202701", "max_events": "3"}
    assert "Last-Event-ID" not in first.headers
    assert second.headers["Last-Event-ID"] == "sandbox:7"
    assert second.url.params["max_events"] == "2"


def test_scenarios_become_a_frame_by_path_and_date(ask: "Ask") -> None:
    assert ScenariosView.model_validate(SCENARIOS).model_dump(mode="json") == SCENARIOS
    script = answered(SCENARIOS)
    found = ask(script, "scenarios", "CL", horizon=2, paths=2, seed=3)
    assert script.requests[0].url.path == "/v1/products/CL/scenarios"
    assert dict(script.requests[0].url.params) == {"horizon": "2", "paths": "2", "seed": "3"}
    assert isinstance(found, heliostat.Scenarios)
    assert found.paths[0][1] == (Decimal(61), Decimal("-1.25"))
    frame = found.to_frame()
    assert frame.columns.tolist() == ["CLZ26", "CLF27"]
    assert frame.loc[(1, "2026-11-18"), "CLF27"] == -1.25
    assert frame.groupby("path").size().tolist() == [2, 2]
    assert frame.attrs["seed"] == 3


def test_a_volatility_is_typed_and_becomes_a_frame(ask: "Ask") -> None:
    body = VOLATILITY | {"contracts": [VOLATILITY["contracts"][0] | {"annual": None}]}
    script = answered(body)
    found = ask(script, "volatility", "CL", source="sandbox")
    assert script.requests[0].url.path == "/v1/products/CL/volatility"
    assert dict(script.requests[0].url.params) == {"source": "sandbox"}
    assert isinstance(found, heliostat.Volatility)
    assert [one.name for one in found.contracts[0].parts] == ["garch", "ewma"]
    frame = found.to_frame()
    assert frame["annual"].isna().tolist() == [True]
    assert frame.loc["202612", "daily"] == 1.25


def test_a_model_card_is_typed(ask: "Ask") -> None:
    found = ask(answered(MODEL), "model_card", "CL")
    assert isinstance(found, heliostat.ForecastModel)
    assert found.status.waiting is None
    assert found.card is not None
    assert found.card.parameters["kappa"] == 1.49
    assert found.card.scores[0].baseline_name == "historical simulation"
    assert ask(answered(MODEL | {"card": None}), "model_card", "CL").card is None


def test_models_are_listed(ask: "Ask") -> None:
    script = answered(MODELS)
    found = ask(script, "models")
    assert script.requests[0].url.path == "/v1/models"
    assert [one.waiting for one in found] == [None, "it has seen 40 days of 100"]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("model-not-ready", 409, heliostat.ModelNotReady),
        ("forecast-not-found", 404, heliostat.ForecastNotFound),
        ("unknown-instrument", 422, heliostat.UnknownInstrument),
    ],
)
def test_what_cannot_be_answered_has_a_class(
    ask: "Ask", code: str, status: int, kind: type[heliostat.ApiError]
) -> None:
    with pytest.raises(kind):
        ask(Script(problem(code, status)), "forecast", "CL")
