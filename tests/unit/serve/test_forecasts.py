"""Ask for forecasts in ways that are refused before a store is asked, and how models stand."""

from typing import Any

import pytest

from tests.published_forecasts import a_status

FORECAST = "/v1/products/CL/forecast"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{FORECAST}?horizon=3", "horizon"),
        (f"{FORECAST}?horizon=x", "horizon"),
        (f"{FORECAST}?contract=2027-01", "contract"),
        (f"{FORECAST}?contract=202713", "contract"),
        (f"{FORECAST}?as_of=tomorrow", "as_of"),
        (f"{FORECAST}?as_of=20261116", "as_of"),
        (f"{FORECAST}?source=Nowhere", "source"),
        (f"{FORECAST}?format=xml", "format"),
        ("/v1/products/CL/volatility?contract=1", "contract"),
        ("/v1/products/CL/model?source=%20", "source"),
    ],
)
async def test_bad_input_is_named(edge: Any, path: str, field: str) -> None:
    async with edge.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field


async def test_a_horizon_that_is_not_published_is_told_which_are(edge: Any) -> None:
    async with edge.client() as client:
        answer = await client.get(f"{FORECAST}?horizon=3")
    assert answer.json()["reason"] == "published are 1, 5, 10, 20, 40, 60 business days, was 3"


@pytest.mark.parametrize("noun", ["forecast", "volatility", "model"])
async def test_an_unknown_product(edge: Any, noun: str) -> None:
    async with edge.client() as client:
        answer = await client.get(f"/v1/products/XX/{noun}")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
        404,
        "unknown-product",
    )


async def test_models_say_how_they_stand(edge: Any) -> None:
    edge.models.statuses = {
        "CL": a_status(),
        "NG": a_status(product="NG", as_of=None, version=0, waiting="it has seen 40 days of 100"),
        "TTF": None,
    }
    async with edge.client() as client:
        crude, gas, away = (await client.get("/v1/models")).json()["items"]
    assert (crude["as_of"], crude["waiting"]) == ("2026-11-16", None)
    assert (gas["version"], gas["waiting"]) == (0, "it has seen 40 days of 100")
    assert (away["product"], away["source"]) == ("TTF", None)
    assert away["waiting"] == "model-TTF cannot answer now: it is restarting"


async def test_a_model_that_is_busy_is_not_waited_for_long(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.routes.forecasts.ANSWER_WITHIN_S", 0.01)
    edge.models.statuses, edge.models.is_busy = {"CL": a_status()}, True
    async with edge.client() as client:
        (crude,) = (await client.get("/v1/models")).json()["items"]
    assert "did not answer within" in crude["waiting"]
