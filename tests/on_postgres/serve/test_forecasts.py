"""Ask for forecasts, volatilities and cards that a model has published."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from core.forecasts import HORIZONS, LEVELS, Forecast, ModelCard
from storage import models
from tests.published_forecasts import AS_OF, FIT_ID, a_card, a_forecast, a_status

if TYPE_CHECKING:
    from storage.pool import Pools
    from tests.on_postgres.serve.conftest import ToldModels

pytestmark = pytest.mark.postgres

FORECAST = "/v1/products/CL/forecast"
EARLIER = date(2026, 11, 13)


@pytest.fixture(autouse=True)
def crude(models_told: "ToldModels") -> None:
    models_told.statuses = {"CL": a_status(source="sandbox")}


async def publish(pools: "Pools", *forecasts: Forecast, card: ModelCard | None = None) -> None:
    async with pools.system() as connection:
        if card is not None:
            await models.store_fit(connection, models.StoredFit(parameters={}, card=card))
        for forecast in forecasts:
            published = models.Publication(forecast=forecast, settlements={}, checkpoint=None)
            await models.publish(connection, published)


def of_sandbox(**changes: Any) -> Forecast:
    return a_forecast(source="sandbox", **changes)


async def got(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str) -> tuple[int, str, str]:
    answer = await client.get(path)
    document = answer.json()
    return answer.status_code, document["type"].rpartition("/")[2], document["detail"]


async def test_the_latest_publication_is_answered(
    client: httpx.AsyncClient, pools: "Pools"
) -> None:
    await publish(pools, of_sandbox(version=7), of_sandbox(version=8))
    found = await got(client, FORECAST)
    assert (found["version"], found["as_of"], found["source"]) == (8, str(AS_OF), "sandbox")
    assert (found["levels"], found["horizons"]) == (list(LEVELS), list(HORIZONS))
    assert found["fit_id"] == str(FIT_ID)
    for contract in found["contracts"]:
        for ahead in contract["forecasts"]:
            prices = [Decimal(price) for price in ahead["quantiles"]]
            assert all(low < high for low, high in pairwise(prices))


async def test_one_horizon_of_one_contract(client: httpx.AsyncClient, pools: "Pools") -> None:
    await publish(pools, of_sandbox())
    found = await got(client, f"{FORECAST}?horizon=20&contract=202701")
    (contract,) = found["contracts"]
    (ahead,) = contract["forecasts"]
    assert (contract["symbol"], ahead["horizon"], ahead["date"]) == ("CLF27", 20, "2026-12-15")
    assert ahead["quantiles"][LEVELS.index(0.5)] == "62"
    assert await refused(client, f"{FORECAST}?contract=203001") == (
        422,
        "unknown-instrument",
        "CL-203001: the forecast as of 2026-11-16 has no such contract",
    )


async def test_a_past_day_is_answered_with_what_was_known_then(
    client: httpx.AsyncClient, pools: "Pools"
) -> None:
    early = of_sandbox(as_of=EARLIER, version=1, is_final=False)
    await publish(pools, early, replace(early, version=2, is_final=True), of_sandbox(version=3))
    found = await got(client, f"{FORECAST}?as_of=2026-11-15")
    assert (found["as_of"], found["version"], found["is_final"]) == (str(EARLIER), 2, True)
    status, code, detail = await refused(client, f"{FORECAST}?as_of=2026-11-12")
    assert (status, code) == (404, "forecast-not-found")
    assert "as of 2026-11-12" in detail


async def test_tables_hold_the_same_numbers(client: httpx.AsyncClient, pools: "Pools") -> None:
    await publish(pools, of_sandbox())
    whole = await got(client, f"{FORECAST}?horizon=5")
    asked = f"{FORECAST}?horizon=5&format="
    told = pa_csv.read_csv(pa.BufferReader((await client.get(f"{asked}csv")).content))
    arrow = pa.ipc.open_stream((await client.get(f"{asked}arrow")).content).read_all()
    parquet = pq.read_table(pa.BufferReader((await client.get(f"{asked}parquet")).content))
    assert arrow.equals(parquet)
    assert told.column_names == arrow.column_names
    assert told["q99"].to_pylist() == [float(price) for price in arrow["q99"].to_pylist()]
    for row, contract in zip(arrow.to_pylist(), whole["contracts"], strict=True):
        (ahead,) = contract["forecasts"]
        assert (row["contract"], row["settlement"]) == (
            contract["contract"],
            contract["settlement"],
        )
        assert (row["q01"], row["q50"]) == (ahead["quantiles"][0], ahead["quantiles"][5])
    answer = await client.get(f"{FORECAST}?horizon=5", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["vary"] == "Accept"


async def test_a_volatility_belongs_to_the_same_publication(
    client: httpx.AsyncClient, pools: "Pools"
) -> None:
    await publish(pools, of_sandbox())
    found = await got(client, "/v1/products/CL/volatility")
    assert found["version"] == (await got(client, FORECAST))["version"]
    front = found["contracts"][0]
    assert (front["daily"], front["annual"], front["samuelson"]) == ("1.25", 0.3125, 0.3)
    assert [part["name"] for part in front["parts"]] == ["garch", "ewma"]
    answer = await client.get("/v1/products/CL/volatility?contract=202702&format=csv")
    assert answer.text.splitlines()[1].startswith("202702,CLG27,3,0.25,1.25,0.3125,0.3")


async def test_a_card_stands_beside_the_status(client: httpx.AsyncClient, pools: "Pools") -> None:
    assert (await got(client, "/v1/products/CL/model"))["card"] is None
    await publish(pools, card=a_card(source="sandbox"))
    found = await got(client, "/v1/products/CL/model")
    assert (found["status"]["source"], found["card"]["fit_id"]) == ("sandbox", str(FIT_ID))
    assert found["card"]["parameters"]["kappa"] == 1.49
    assert found["card"]["scores"][0]["metric"] == "crps"
    assert (await got(client, "/v1/products/CL/model?source=cme"))["card"] is None


async def test_a_card_is_told_although_the_model_is_away(
    client: httpx.AsyncClient, pools: "Pools", models_told: "ToldModels"
) -> None:
    await publish(pools, of_sandbox(), card=a_card(source="sandbox"))
    models_told.statuses = {"CL": None}
    found = await got(client, "/v1/products/CL/model")
    assert (found["status"]["version"], found["card"]["observations"]) == (0, 2_512)
    assert "cannot answer now" in found["status"]["waiting"]
    assert (await got(client, FORECAST))["version"] == 7
    models_told.statuses = {}
    found = await got(client, "/v1/products/CL/model")
    assert found["status"]["waiting"] == "model CL does not exist."


async def test_a_product_without_a_forecast_says_why(
    client: httpx.AsyncClient, pools: "Pools", models_told: "ToldModels"
) -> None:
    waiting = a_status(source="sandbox", version=0, waiting="it has seen 40 days of 100")
    models_told.statuses = {"CL": waiting, "HO": None}
    assert await refused(client, FORECAST) == (
        409,
        "model-not-ready",
        "The model of CL has no forecast yet: it has seen 40 days of 100.",
    )
    assert (await refused(client, f"{FORECAST}?source=cme"))[:2] == (404, "forecast-not-found")
    assert (await refused(client, "/v1/products/HO/volatility"))[:2] == (503, "source-unavailable")
    assert (await refused(client, "/v1/products/B/forecast"))[:2] == (404, "not-found")
    await publish(pools, of_sandbox())
    assert (await got(client, FORECAST))["version"] == 7


async def test_two_sources_are_never_mixed(client: httpx.AsyncClient, pools: "Pools") -> None:
    later = a_forecast(source="cme", version=1, as_of=EARLIER)
    issued = later.issued_at.replace(hour=23)
    await publish(pools, of_sandbox(), replace(later, issued_at=issued))
    assert (await got(client, FORECAST))["source"] == "cme"
    assert (await got(client, f"{FORECAST}?source=sandbox"))["as_of"] == str(AS_OF)
    assert (await got(client, f"{FORECAST}?source=cme"))["as_of"] == str(EARLIER)
