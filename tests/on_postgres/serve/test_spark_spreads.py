"""Ask for spark spreads of imported power, with gas and carbon of other sources."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from core.products import PRODUCTS
from core.runs import DEFAULT_ORG
from quant.calendars import business_days, front_month
from quant.holidays import Calendar
from storage import settlements
from storage.pool import Pools
from storage.settlement_files import read_table

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAYS = business_days(date(2025, 10, 20), date(2025, 11, 7), Calendar.NYMEX)
PJM, GAS = "power_source=import:power", "gas_source=import:gas"


async def store(pools: Pools, name: str, rows: Sequence[str]) -> None:
    body = "\n".join(["date,product,contract,settlement", *rows]).encode()
    table = read_table("file.csv", body, PRODUCTS)
    async with pools.write(DEFAULT_ORG) as connection:
        source = f"import:{name}"
        await settlements.import_table(connection, DEFAULT_ORG, source, table, False, NOW)


def chain(code: str, price: float, step: float) -> list[str]:
    """Write five months of each day: a price by delivery month that rises a little every day."""
    return [
        f"{day},{code},{month},{price + step * (month.month + 12 * (month.year - 2025)) + n:.3f}"
        for n, day in enumerate(DAYS)
        for month in (front_month(code, day).plus(ahead) for ahead in range(5))
    ]


async def got(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(f"/v1/spreads/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def problem(client: httpx.AsyncClient, path: str) -> tuple[int, str, str | None]:
    answer = await client.get(f"/v1/spreads/{path}")
    document = answer.json()
    return answer.status_code, document["type"].rpartition("/")[2], document.get("field")


async def test_power_and_gas_of_two_sources_are_of_one_month(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store(pools, "power", chain("PJM", 40.0, 1.0))
    await store(pools, "gas", chain("NG", 3.0, 0.1))
    found = await got(client, f"spark?{PJM}&{GAS}&heat_rate=8")
    assert (found["name"], found["unit"]) == ("spark", "USD/MWh")
    assert found["sources"] == {"PJM": "import:power", "NG": "import:gas"}
    # On 29 October November gas trades for the last time, while power of October still does.
    by_day = {point["date"]: float(point["value"]) for point in found["points"]}
    first, last = DAYS.index(date(2025, 10, 29)), DAYS.index(date(2025, 10, 30))
    assert by_day["2025-10-29"] == pytest.approx((40 + 11 + first) - 8 * (3 + 1.1 + first))
    assert by_day["2025-10-30"] == pytest.approx((40 + 12 + last) - 8 * (3 + 1.2 + last))
    power, gas = found["legs"]
    assert (power["contract"], gas["contract"]) == ("202512", "202512")
    assert (power["position"], gas["position"]) == (2, 1)
    assert (power["weight"], gas["weight"], gas["unit"]) == (1.0, -8.0, "USD/MMBtu")
    further = await got(client, f"spark?{PJM}&{GAS}&positions=2")
    assert further["legs"][1]["contract"] == "202601"
    answer = await client.get(f"/v1/spreads/spark?{PJM}&{GAS}&format=csv")
    assert answer.text.startswith("date,value,years,low,mean,high\n2025-10-20,")


async def test_gas_may_be_live_and_in_another_unit(client: httpx.AsyncClient, pools: Pools) -> None:
    await store(pools, "power", chain("PJM", 40.0, 1.0))
    await store(pools, "dutch", chain("TTF", 30.0, 0.0))
    path = f"spark?{PJM}&gas=TTF&gas_source=import:dutch"
    assert await problem(client, path) == (422, "model-not-applicable", None)
    found = await got(client, f"{path}&exchange_rate=1.1&heat_rate=7")
    latest = found["latest"]
    assert latest["date"] == "2025-11-07"
    n = len(DAYS) - 1
    gas_per_mmbtu = (30.0 + n) / 3.412141633127942
    assert float(latest["value"]) == pytest.approx((52.0 + n) - 7 * gas_per_mmbtu * 1.1, abs=1e-6)
    assert found["legs"][1]["weight"] == pytest.approx(-7 / 3.412141633127942)


async def test_clean_it_is_less_the_carbon_of_december(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    rows = [*chain("DEB", 80.0, 0.0), *chain("TTF", 30.0, 0.0)]
    carbon = [f"{day},EUA,202512,{70 + n}" for n, day in enumerate(DAYS)]
    await store(pools, "europe", [*rows, *carbon])
    asked = "product=DEB&source=import:europe&heat_rate=6.8&to=2025-11-07"
    plain, clean = [await got(client, f"{name}?{asked}") for name in ("spark", "clean-spark")]
    for one, other in zip(plain["points"], clean["points"], strict=True):
        n = DAYS.index(date.fromisoformat(one["date"]))
        taken = 6.8 * 0.05306 * (70 + n)
        assert float(one["value"]) - float(other["value"]) == pytest.approx(taken, abs=1e-6)
    assert [leg["contract"] for leg in clean["legs"]] == ["202512"] * 3
    assert clean["emission"] == pytest.approx(0.360808)
    assert (plain["emission"], clean["unit"]) == (None, "EUR/MWh")


async def test_what_makes_no_spark_is_refused(client: httpx.AsyncClient, pools: Pools) -> None:
    await store(pools, "power", chain("PJM", 40.0, 1.0))
    assert await problem(client, "spark") == (422, "invalid-input", "power_source")
    asked = f"clean-spark?{PJM}&{GAS}"
    assert await problem(client, asked) == (422, "invalid-input", "carbon_source")
    assert await problem(client, f"spark?{PJM}&{GAS}") == (422, "history-too-short", None)
    assert await problem(client, f"spark?{PJM}") == (404, "curve-not-found", None)
    assert await problem(client, "spark?source=import:none") == (404, "curve-not-found", None)
    for query, field in (
        ("heat_rate=0", "heat_rate"),
        ("heat_rate=-7", "heat_rate"),
        ("product=CL", "product"),
        ("gas=CL", "gas"),
        ("positions=0", "positions"),
        ("exchange_rate=0", "exchange_rate"),
        ("power_source=nothing%20known", "source"),
    ):
        assert await problem(client, f"spark?{query}") == (422, "invalid-input", field), query


async def test_routes_of_power_answer_plainly(client: httpx.AsyncClient, pools: Pools) -> None:
    await store(pools, "power", chain("PJM", 40.0, 1.0))
    products = {one["code"]: one for one in (await client.get("/v1/products")).json()["items"]}
    assert (products["PJM"]["live_source"], products["PJM"]["contract_size"]) == (None, None)
    assert products["PJM"]["sources"][0]["source"] == "import:power"
    listed = await client.get("/v1/products/PJM/instruments?on=2025-11-03&limit=1")
    (november,) = listed.json()["items"]
    # 19 weekdays less Thanksgiving, sixteen hours each
    assert (november["contract"], november["contract_size"]) == ("202511", "304")
    assert november["last_trade_date"] == "2025-11-28"
    history = await client.get("/v1/products/PJM/history?source=import:power")
    assert history.json()["unit"] == "USD/MWh"
    curve = await client.get("/v1/products/PJM/curve?source=import:power&as_of=2025-11-03")
    assert curve.json()["points"][0]["contract"] == "202511"
    for path in ("history", "seasonality"):
        answer = await client.get(f"/v1/products/PJM/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (
            404,
            "application/problem+json",
        )
