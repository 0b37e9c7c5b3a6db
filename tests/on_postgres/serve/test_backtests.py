"""Submit backtests over HTTP of imported prices, carry them out, and read what they leave."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from core.runs import DEFAULT_ORG, RunStatus
from jobs.results.backtest_rows import COLUMNS
from tests.on_postgres.serve.driven import drive

if TYPE_CHECKING:
    import httpx

    from serve.services import Services

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

ASKED: dict[str, Any] = {
    "products": ["CL"],
    "positions": [1, 2],
    "models": ["ewma", "historical", "density"],
    "windows": [100],
    "horizons": [1, 5],
    "first": "2023-08-01",
    "period_months": 3,
    "source": "import:test",
}


def prices(last_settlement: float = 0.0) -> str:
    """Return a settlement file of three positions of crude over the days of 2023."""
    random = np.random.default_rng(5)
    days = np.arange(np.datetime64("2023-01-03"), np.datetime64("2023-12-30"))
    days = days[np.is_busday(days)]
    walk = np.round(80 + random.normal(0, 1, (len(days), 3)).cumsum(axis=0), 2)
    walk[-1] += last_settlement
    rows = [
        f"{day},CL,{position + 1},{walk[row, position]:.2f}"
        for row, day in enumerate(days)
        for position in range(3)
    ]
    return "date,product,position,settlement\n" + "\n".join(rows) + "\n"


@pytest.fixture
async def priced(client: "httpx.AsyncClient") -> "httpx.AsyncClient":
    answer = await client.post("/v1/settlements/imports", params={"name": "test"}, content=prices())
    assert '"event":"done"' in answer.text, answer.text
    return client


async def submit(client: "httpx.AsyncClient", **changes: Any) -> "httpx.Response":
    asked = {**ASKED, **changes}
    return await client.post("/v1/runs", json={"kind": "backtest", "specification": asked})


async def test_a_backtest_from_its_submission_to_rows(
    priced: "httpx.AsyncClient", services: "Services"
) -> None:
    answer = await submit(priced)
    assert answer.status_code == 202, answer.text
    submitted = answer.json()
    assert submitted["vintage"].startswith("import:test@")
    assert submitted["specification"]["as_of"] == "2023-12-29"
    run = await drive(services, submitted["run_id"])
    assert run.status is RunStatus.SUCCEEDED, run.error
    assert run.backend == "classical"
    assert run.plan is not None
    assert run.plan["chunks"] == 6

    path = f"/v1/runs/{submitted['run_id']}/result"
    result = (await priced.get(path)).json()
    assert [period["first"] for period in result["periods"]] == [
        "2023-08-01",
        "2023-11-01",
    ]
    assert {one["model"] for one in result["skipped"]} == {"density"}
    rows = csv.read_csv(io.BytesIO((await priced.get(path, params={"form": "csv"})).content))
    assert tuple(rows.column_names) == COLUMNS
    parquet = await priced.get(path, params={"form": "parquet"})
    table = pq.read_table(io.BytesIO(parquet.content))
    assert table.num_rows == rows.num_rows == len(result["rows"]) == result["row_count"]
    assert table.column("value").to_pylist() == [row["value"] for row in result["rows"]]
    no_circuits = await priced.get(path, params={"form": "qpy"})
    assert no_circuits.status_code == 409

    async with services.pools.read(DEFAULT_ORG) as connection:
        found = await connection.fetch(
            "SELECT * FROM backtest_scores WHERE run_id = $1 AND metric = 'crps' "
            "AND model = 'ewma' ORDER BY position, horizon, first",
            run.run_id,
        )
    crps = [row for row in result["rows"] if (row["metric"], row["model"]) == ("crps", "ewma")]
    crps.sort(key=lambda row: (row["position"], row["horizon"], row["first"]))
    assert [row["value"] for row in found] == [row["value"] for row in crps]
    assert [row["naive_high"] for row in found] == [row["naive_high"] for row in crps]
    assert [row["first"].isoformat() for row in found] == [row["first"] for row in crps]


async def test_the_same_question_is_answered_at_once_until_prices_change(
    priced: "httpx.AsyncClient", services: "Services"
) -> None:
    asked = {"models": ["ewma"], "period_months": None, "positions": [1], "horizons": [1]}
    first = (await submit(priced, **asked)).json()
    await drive(services, first["run_id"])
    again = await submit(priced, **asked)
    assert (again.status_code, again.json()["run_id"]) == (200, first["run_id"])
    revised = await priced.post(
        "/v1/settlements/imports",
        params={"name": "test", "revise": "true"},
        content=prices(last_settlement=1.0),
    )
    assert '"event":"done"' in revised.text, revised.text
    other = await submit(priced, **asked)
    assert other.status_code == 202
    assert other.json()["vintage"] != first["vintage"]


async def test_without_a_source_the_live_one_is_meant(priced: "httpx.AsyncClient") -> None:
    answer = await submit(priced, source=None)
    assert answer.json()["specification"]["source"] == "import:test"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"products": ["XX"]}, "products"),
        ({"models": ["oracle"]}, "models"),
        ({"windows": [250]}, "windows"),
        ({"positions": [1, 9]}, "positions"),
        ({"source": "import:nothing"}, "source"),
        ({"first": "2024-02-01"}, "first"),
        ({"first": "1990-01-02", "as_of": "2023-12-29"}, "first"),
    ],
    ids=str,
)
async def test_what_is_refused_names_its_field(
    priced: "httpx.AsyncClient", changes: dict[str, Any], field: str
) -> None:
    answer = await submit(priced, **changes)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"].startswith(field)
    assert (await priced.get("/v1/runs")).json()["items"] == []


async def test_a_plan_bounds_the_days_forecast(
    priced: "httpx.AsyncClient", services: "Services"
) -> None:
    async with services.pools.system() as connection:
        await connection.execute("UPDATE organisations SET plan = 'free'")
    asked = {"windows": list(range(100, 108)), "models": ["historical", "garch", "har"]}
    answer = await submit(priced, **asked)
    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["limit"]) == ("first", 2_000)
