"""Ask for paths drawn from a model that was estimated, published and forgotten by its actor."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from core.forecasts import Forecast
from quant.product_model.following import Following
from quant.product_model.forecasting import Issue, forecast_product
from quant.product_model.scenarios import draw_scenarios
from serve.routes import scenarios
from storage import models
from tests.on_postgres.conftest import execute
from tests.published_forecasts import a_card, a_status
from tests.settled_products import FIT_ID, estimated

if TYPE_CHECKING:
    from storage.pool import Pools
    from tests.on_postgres.serve.conftest import ToldModels

pytestmark = pytest.mark.postgres

PATH = "/v1/products/CL/scenarios"


def crude() -> tuple[Following, Forecast]:
    found = estimated()
    following = Following.of(found.fit, found.days)
    issued = datetime(2026, 11, 13, 20, tzinfo=UTC)
    issue = Issue(source="sandbox", version=4, issued_at=issued)
    return following, forecast_product(following, issue)


@pytest.fixture
async def published(pools: "Pools") -> tuple[Following, Forecast]:
    """Store a model as its actor does."""
    following, forecast = crude()
    assert following.today is not None
    card = a_card(source="sandbox", fit_id=FIT_ID)
    async with pools.system() as connection:
        fit = models.StoredFit(parameters=following.fit.to_json(), card=card)
        await models.store_fit(connection, fit)
        publication = models.Publication(
            forecast=forecast,
            settlements=following.today.to_json(),
            checkpoint=following.checkpoint(),
        )
        await models.publish(connection, publication)
    return following, forecast


async def refused(client: httpx.AsyncClient, path: str) -> tuple[int, Any]:
    answer = await client.get(path)
    document = answer.json()
    return answer.status_code, document.get("field", document["type"].rpartition("/")[2])


async def test_paths_are_those_of_the_model_that_published(
    client: httpx.AsyncClient, published: tuple[Following, Forecast]
) -> None:
    following, forecast = published
    answer = await client.get(f"{PATH}?horizon=5&paths=40&seed=3")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["version"], found["source"], found["seed"]) == (4, "sandbox", 3)
    expected = draw_scenarios(following, forecast, 5, paths=40, seed=3)
    assert found["dates"] == [str(day) for day in expected.days]
    prices = np.array(found["paths"], dtype=np.float64)
    np.testing.assert_allclose(prices, expected.prices, atol=5e-9)
    assert [one["contract"] for one in found["contracts"]] == [
        str(one.contract_month) for one in forecast.contracts
    ]


async def test_a_table_has_a_row_a_day_and_a_column_a_contract(
    client: httpx.AsyncClient, published: tuple[Following, Forecast]
) -> None:
    asked = f"{PATH}?horizon=5&paths=2"
    whole = (await client.get(asked)).json()
    table = pa.ipc.open_stream((await client.get(f"{asked}&format=arrow")).content).read_all()
    symbols = [one["symbol"] for one in whole["contracts"]]
    assert table.column_names == ["path", "date", *symbols]
    assert table["path"].to_pylist() == [1] * 5 + [2] * 5
    rows = [day for path in whole["paths"] for day in path]
    assert [[row[symbol] for symbol in symbols] for row in table.to_pylist()] == rows
    front = whole["contracts"][0]["contract"]
    lines = (await client.get(f"{asked}&contract={front}&format=csv")).text.splitlines()
    assert lines[0] == f"path,date,{symbols[0]}"
    assert lines[1] == f"1,{whole['dates'][0]},{rows[0][0]}"


async def test_what_is_too_much_or_absent_is_refused(
    client: httpx.AsyncClient,
    published: tuple[Following, Forecast],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for query, field in (
        ("horizon=61", "horizon"),
        ("horizon=0", "horizon"),
        ("paths=1001", "paths"),
        ("seed=-1", "seed"),
        ("contract=203001", "unknown-instrument"),
    ):
        assert await refused(client, f"{PATH}?{query}") == (422, field)
    assert await refused(client, f"{PATH}?source=cme") == (404, "not-found")
    monkeypatch.setattr(scenarios, "MAX_PRICES", 10)
    assert await refused(client, f"{PATH}?horizon=5&paths=2") == (422, "paths")
    front = published[1].contracts[0].contract_month
    answer = await client.get(f"{PATH}?horizon=5&paths=2&contract={front}")
    assert answer.status_code == 200


async def test_a_model_that_waits_says_so(
    client: httpx.AsyncClient, models_told: "ToldModels"
) -> None:
    models_told.statuses = {"CL": a_status(source="sandbox", waiting="it is starting")}
    assert await refused(client, PATH) == (409, "model-not-ready")


async def test_what_other_code_stored_is_not_drawn_from(
    client: httpx.AsyncClient, published: tuple[Following, Forecast], database: Any
) -> None:
    del published
    await execute(database.superuser_url, "UPDATE model_checkpoints SET state = '{\"days\": []}'")
    assert await refused(client, PATH) == (409, "model-not-ready")
