"""Ask for curves, histories, spreads and seasons of imported settlements."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from statsmodels.tsa.stattools import coint

from core.products import PRODUCTS
from core.runs import DEFAULT_ORG
from quant.calendars import business_days, calendar_of
from storage import settlements
from storage.pool import Pools
from storage.settlement_files import read_table

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
SOURCE = "import:test"
# May was the front month until the 21st, its last trade date.
ROLL = [
    "2020-04-20,CL,1,-37.63",
    "2020-04-20,CL,2,20.43",
    "2020-04-21,CL,1,10.01",
    "2020-04-21,CL,2,11.57",
    "2020-04-22,CL,1,13.78",
    "2020-04-22,CL,2,20.69",
]


async def store(pools: Pools, body: bytes) -> None:
    table = read_table("file.csv", body, PRODUCTS)
    async with pools.write(DEFAULT_ORG) as connection:
        await settlements.import_table(connection, DEFAULT_ORG, SOURCE, table, False, NOW)


async def store_rows(pools: Pools, rows: Sequence[str]) -> None:
    await store(pools, "\n".join(["date,product,position,settlement", *rows]).encode())


async def got(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str) -> tuple[int, str]:
    answer = await client.get(path)
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_a_history_holds_the_contract_of_each_date_and_its_rolls(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store_rows(pools, ["2020-04-16,CL,1,19.87", *ROLL])
    found = await got(client, "/v1/products/CL/history")
    assert [(p["date"], p["contract"], p["symbol"], p["price"]) for p in found["points"]] == [
        ("2020-04-16", "202005", "CLK20", "19.87"),
        ("2020-04-20", "202005", "CLK20", "-37.63"),
        ("2020-04-21", "202005", "CLK20", "10.01"),
        ("2020-04-22", "202006", "CLM20", "13.78"),
    ]
    assert found["rolls"] == [
        {
            "on": "2020-04-21",
            "sold": "202005",
            "bought": "202006",
            "measured_on": "2020-04-21",
            "sold_price": "10.01",
            "bought_price": "11.57",
            "gap": "1.56",
        }
    ]
    assert found["missing"] == ["2020-04-17"]
    names = ("source", "symbol", "adjust", "unit", "currency", "price_unit")
    assert [found[name] for name in names] == [
        SOURCE,
        "CL.c.0",
        "none",
        "USD/bbl",
        "USD",
        "bbl",
    ]


async def test_adjusted_by_difference_a_roll_moves_nothing(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store_rows(pools, ROLL)
    path = "/v1/products/CL/history?adjust=difference"

    async def prices(query: str) -> list[str]:
        return [point["price"] for point in (await got(client, path + query))["points"]]

    assert await prices("") == ["-36.07", "11.57", "13.78"]
    assert await prices("&anchor=forward") == ["-37.63", "10.01", "12.22"]
    early = await got(client, f"{path}&days_early=1")
    assert [roll["gap"] for roll in early["rolls"]] == ["58.06"]
    assert [point["price"] for point in early["points"]] == ["20.43", "11.57", "13.78"]
    assert await refused(client, "/v1/products/CL/history?adjust=ratio") == (
        422,
        "model-not-applicable",
    )


async def test_a_position_a_contract_and_dates(client: httpx.AsyncClient, pools: Pools) -> None:
    await store_rows(pools, ROLL)
    path = "/v1/products/CL/history"
    second = await got(client, f"{path}?position=2&to=2020-04-21")
    assert second == await got(client, f"{path}?symbol=CL.c.1&to=2020-04-21")
    assert [point["price"] for point in second["points"]] == ["20.43", "11.57"]
    june = await got(client, f"{path}?contract=202006&from=2020-04-01")
    assert [point["price"] for point in june["points"]] == ["20.43", "11.57", "13.78"]
    assert (june["symbol"], june["rolls"]) == ("CL-202006", [])
    may = await got(client, f"{path}?contract=202005")
    assert [point["price"] for point in may["points"]] == ["-37.63", "10.01"]
    assert await refused(client, f"{path}?contract=202012") == (422, "unknown-instrument")
    assert await refused(client, f"{path}?contract=209912") == (422, "unknown-instrument")
    assert await refused(client, f"{path}?contract=202005&from=2020-05-01") == (
        422,
        "invalid-input",
    )


async def test_a_table_holds_the_rows_of_a_history(client: httpx.AsyncClient, pools: Pools) -> None:
    await store_rows(pools, ROLL)
    path = "/v1/products/CL/history?from=2020-04-22"
    answer = await client.get(path, headers={"Accept": "text/csv"})
    assert answer.text == "date,contract,symbol,price\n2020-04-22,202006,CLM20,13.78\n"
    assert answer.headers["vary"] == "Accept"
    table = pa.ipc.open_stream((await client.get(f"{path}&format=arrow")).content).read_all()
    assert table.to_pylist()[0]["date"] == date(2020, 4, 22)


async def test_what_stored_settlements_cannot_answer(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store_rows(pools, ROLL)
    path = "/v1/products/CL/history"
    for symbol, name in (("n.0", "open interest"), ("v.0", "volume")):
        answer = await client.get(f"{path}?symbol={symbol}")
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("/model-not-applicable")
        assert f"has no {name}" in answer.json()["detail"]
    assert await refused(client, f"{path}?from=2021-01-01") == (422, "invalid-input")
    assert await refused(client, f"{path}?from=1999-01-01") == (422, "invalid-input")
    assert await refused(client, f"{path}?to=2019-01-01") == (404, "curve-not-found")
    assert await refused(client, f"{path}?source=import:other") == (404, "curve-not-found")


async def test_a_curve_tells_what_is_stale_absent_and_ignored(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    rows = [f"2020-04-21,CL,{position},{position}0.50" for position in (1, 2, 3)]
    await store_rows(pools, [*rows, "2020-04-22,CL,1,21", "2020-04-22,CL,4,24"])
    await store_rows(pools, ["2020-04-25,CL,1,99"])
    found = await got(client, "/v1/products/CL/curve?as_of=2020-04-26")
    assert (found["as_of"], found["live"]) == ("2020-04-22", False)
    assert [
        (p["position"], p["contract"], p["price"], p["is_stale"], p["settled_on"])
        for p in found["points"]
    ] == [
        (1, "202006", "21", False, "2020-04-22"),
        (2, "202007", "30.5", True, "2020-04-21"),
        (4, "202009", "24", False, "2020-04-22"),
    ]
    assert found["absent"] == ["202008"]
    assert (found["ignored_rows"], found["ignored"][0]["date"]) == (1, "2020-04-25")
    earlier = await got(client, "/v1/products/CL/curve?as_of=2020-04-21")
    assert [point["price"] for point in earlier["points"]] == ["10.50", "20.50", "30.50"]
    assert await refused(client, "/v1/products/CL/curve?as_of=2020-04-20") == (
        404,
        "curve-not-found",
    )


async def test_prices_between_contracts_are_interpolated(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store_rows(pools, ROLL)
    # June and July stopped trading on 19 May and 22 June, 34 days apart.
    path = "/v1/products/CL/curve/prices?as_of=2020-04-22"
    days = "&on=2020-05-19&on=2020-06-05&on=2020-06-22&on=2021-01-04"
    found = await got(client, path + days)
    assert [(p["price"], p["is_extrapolated"]) for p in found["prices"]] == [
        ("13.78", False),
        ("17.235", False),
        ("20.69", False),
        ("20.69", True),
    ]
    assert (found["unit"], found["interpolation"], found["as_of"]) == (
        "USD/bbl",
        "linear",
        "2020-04-22",
    )
    assert await refused(client, f"{path}&on=2020-04-21") == (422, "invalid-input")
    negative = "/v1/products/CL/curve/prices?as_of=2020-04-20&on=2020-06-05"
    assert await refused(client, f"{negative}&interpolation=log-linear") == (
        422,
        "model-not-applicable",
    )


async def test_a_calendar_spread_and_its_band(client: httpx.AsyncClient, pools: Pools) -> None:
    earlier = [
        f"{year}-04-21,CL,{position},{price}"
        for year, front in ((2017, 50), (2016, 43))
        for position, price in ((1, front), (2, 40))
    ]
    await store_rows(pools, [*earlier, *ROLL, "2020-04-23,CL,1,16.5"])
    path = "/v1/spreads/calendar?from=2020-04-20"
    found = await got(client, path)
    assert [(p["date"], p["value"]) for p in found["points"]] == [
        ("2020-04-20", "-58.06"),
        ("2020-04-21", "-1.56"),
        ("2020-04-22", "-6.91"),
    ]
    assert found["points"][1] == {
        "date": "2020-04-21",
        "value": "-1.56",
        "years": 2,
        "low": "3",
        "mean": "6.5",
        "high": "10",
    }
    assert found["points"][0] | {"years": 0, "low": None} == found["points"][0]
    assert found["latest"] == found["points"][-1]
    assert found["missing"] == ["2020-04-23"]
    assert (found["unit"], found["title"], found["source"]) == ("USD/bbl", "CL 1 − CL 2", SOURCE)
    near, far = found["legs"]
    assert (near["symbol"], near["price"], near["weight"]) == ("CLM20", "13.78", 1.0)
    assert (far["symbol"], far["price"], far["weight"]) == ("CLN20", "20.69", -1.0)
    answer = await client.get(f"{path}&format=csv")
    assert answer.text.splitlines()[:3] == [
        "date,value,years,low,mean,high",
        "2020-04-20,-58.06,0,,,",
        "2020-04-21,-1.56,2,3,6.5,10",
    ]
    assert await refused(client, f"{path}&positions=1-3") == (422, "history-too-short")
    assert await refused(client, "/v1/spreads/calendar?from=2020-04-23") == (
        422,
        "history-too-short",
    )


async def test_a_spread_tells_whether_its_legs_keep_together(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    rng = np.random.default_rng(3)
    days = business_days(date(2023, 1, 3), date(2023, 6, 30), calendar_of("CL"))
    far = 60.0 + np.round(rng.normal(size=len(days)).cumsum(), 2)
    near = np.round(1.0 + far + rng.normal(size=len(days)), 2)
    rows = [
        f"{day},CL,{position},{price}"
        for day, prices in zip(days, zip(near, far, strict=True), strict=True)
        for position, price in enumerate(prices, start=1)
    ]
    await store_rows(pools, rows)
    path = f"/v1/spreads/calendar?source={SOURCE}&from=2023-01-03"
    assert (await got(client, path))["cointegration"] is None
    found = (await got(client, f"{path}&cointegration=true"))["cointegration"]
    statistic, _, _ = coint(near, far, trend="c", autolag="aic")
    assert found["statistic"] == pytest.approx(statistic)
    assert found["observations"] == len(days)
    assert found["is_cointegrated"] is True
    assert found["ratio"] == pytest.approx(1.0, abs=0.2)
    short = f"{path}&to=2023-02-03&cointegration=true"
    assert await refused(client, short) == (422, "history-too-short")
    three = f"/v1/spreads/crack-3-2-1?source={SOURCE}&cointegration=true"
    assert await refused(client, three) == (422, "invalid-input")


async def test_a_crack_carries_gallons_into_barrels(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store_rows(pools, ["2023-12-29,CL,1,71.65", "2023-12-29,RB,1,2.1", "2023-12-29,HO,1,2.5"])
    path = f"/v1/spreads/crack-3-2-1?source={SOURCE}"
    found = await got(client, path)
    # (2 x 42 x 2.1 + 42 x 2.5 - 3 x 71.65) / 3
    assert (found["latest"]["value"], found["unit"]) == ("22.15", "USD/bbl")
    assert [(leg["product"], leg["unit"]) for leg in found["legs"]] == [
        ("CL", "USD/bbl"),
        ("RB", "USD/gal"),
        ("HO", "USD/gal"),
    ]
    single = await got(client, f"/v1/spreads/crack-gasoline?source={SOURCE}")
    assert (single["latest"]["value"], single["title"]) == ("16.55", "1:1:0 crack of CL 1")
    assert await refused(client, f"{path}&product=BZ") == (404, "curve-not-found")


async def test_a_season_is_told_with_its_uncertainty(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    days = business_days(date(2020, 1, 1), date(2023, 6, 30), calendar_of("NG"))
    # December is 11 above the mean of the other months, in every year.
    await store_rows(pools, [f"{day},NG,1,{15 if day.month == 12 else 4}" for day in days])
    path = f"/v1/products/NG/seasonality?source={SOURCE}"
    found = await got(client, path)
    assert found["years"] == [2020, 2021, 2022]
    assert [season["season"] for season in found["seasons"]] == [f"{n:02d}" for n in range(1, 13)]
    assert float(found["seasons"][-1]["mean"]) == pytest.approx(11 * 11 / 12)
    assert (found["unit"], found["position"], found["by"]) == ("USD/MMBtu", 1, "month")
    daily = await got(client, f"{path}&by=day&deviation=ratio&from=2021-01-01")
    assert (len(daily["seasons"]), daily["years"], daily["unit"]) == (366, [2021, 2022], None)
    assert (daily["seasons"][59]["season"], daily["seasons"][-1]["season"]) == ("02-29", "12-31")
    csv = (await client.get(f"{path}&format=csv")).text.splitlines()
    assert (csv[0], len(csv)) == ("season,mean,standard_error,low,high", 13)
    assert await refused(client, f"{path}&from=2022-01-01") == (422, "history-too-short")


def real_settlements(first: date, last: date) -> bytes:
    for folder in Path(__file__).resolve().parents:
        path = folder.parent / "shared" / "data" / "futures_settlements.parquet"
        if path.is_file():
            break
    else:
        pytest.skip("shared/data/futures_settlements.parquet is not beside the repository")
    table = pq.read_table(path)
    days = table["date"].cast(pa.date32())
    within = pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last))
    kept = table.set_column(table.schema.get_field_index("date"), "date", days).filter(within)
    near = kept.filter(pc.less_equal(kept["position"], 3))
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(near.select(["date", "product", "position", "settlement"]), sink)
    return sink.getvalue().to_pybytes()


async def test_the_roll_of_may_2020_and_a_sunday_as_they_were(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store(pools, real_settlements(date(2017, 4, 1), date(2020, 12, 31)))
    query = "adjust=difference&from=2020-04-01&to=2020-05-29"
    for days_early, gap in ((0, "1.56"), (1, "58.06")):
        path = f"/v1/products/CL/history?{query}&days_early={days_early}"
        rolls = (await got(client, path))["rolls"]
        assert (rolls[0]["sold"], rolls[0]["gap"]) == ("202005", gap)
    gasoline = await got(
        client, f"/v1/products/RB/history?position=2&source={SOURCE}&to=2018-01-31"
    )
    assert [(row["date"], row["position"], row["price"]) for row in gasoline["ignored"]] == [
        ("2017-08-27", 2, "0")
    ]
    assert "2017-08-27" not in [point["date"] for point in gasoline["points"]]
    crack = await got(client, f"/v1/spreads/crack-3-2-1?source={SOURCE}&from=2020-01-02")
    (on,) = (point for point in crack["points"] if point["date"] == "2020-04-20")
    # (2 x 42 x 0.6683 + 42 x 0.8878 + 3 x 37.63) / 3
    assert on["value"] == "68.7716"
    assert {point["years"] for point in crack["points"]} == {2, 3}


ACTIVE = [
    # contract, volume, open interest: trading moves to June on the 15th, what is open on the 16th
    ("2020-04-14", "202005", "20.11", "600", "500"),
    ("2020-04-14", "202006", "28.00", "400", "450"),
    ("2020-04-15", "202005", "19.87", "300", "480"),
    ("2020-04-15", "202006", "27.00", "700", "470"),
    ("2020-04-16", "202005", "19.86", "200", "300"),
    ("2020-04-16", "202006", "25.53", "800", "600"),
    ("2020-04-17", "202005", "18.27", "100", "100"),
    ("2020-04-17", "202006", "25.03", "900", "700"),
]


async def test_a_history_follows_volume_and_open_interest(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    header = "date,product,contract,settlement,volume,open_interest"
    rows = [f"{day},CL,{','.join(cells)}" for day, *cells in ACTIVE]
    await store(pools, "\n".join([header, *rows]).encode())

    async def contracts(symbol: str) -> list[str]:
        found: dict[str, Any] = await got(client, f"/v1/products/CL/history?symbol={symbol}")
        assert found["symbol"] == f"CL.{symbol}"
        return [point["contract"][-2:] for point in found["points"]]

    # known the day after: on the 16th volume, on the 17th open interest
    assert await contracts("c.0") == ["05"] * 4
    assert await contracts("v.0") == ["05", "05", "06", "06"]
    assert await contracts("n.0") == ["05", "05", "05", "06"]
    adjusted = await got(client, "/v1/products/CL/history?symbol=v.0&adjust=difference")
    assert [roll["gap"] for roll in adjusted["rolls"]] == ["7.13"]
    exported = await client.get("/v1/settlements", params={"source": SOURCE})
    header, first, *_ = exported.text.splitlines()
    assert header.endswith(",revision,volume,open_interest")
    assert first == "2020-04-14,CL,202005,,20.11,0,600,500"
    # what left comes back unchanged
    again = read_table("file.csv", exported.content, PRODUCTS)
    async with pools.write(DEFAULT_ORG) as connection:
        outcome = await settlements.import_table(connection, DEFAULT_ORG, SOURCE, again, False, NOW)
    assert outcome.unchanged == len(ACTIVE)
