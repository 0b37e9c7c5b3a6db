"""Ask the routes of ticks, bars and instruments over a real database."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.market import ContractMonth, Instrument, MarketEvent, Quote, Side, Trade
from storage import market
from storage.pool import Pools

pytestmark = pytest.mark.postgres

FIRST_NS = 1_703_878_200_123_456_789
CRUDE = Instrument("CL", ContractMonth(2024, 2))
LATER = Instrument("CL", ContractMonth(2024, 3))
GAS = Instrument("NG", ContractMonth(2024, 2))


def quote(instrument: Instrument, number: int) -> Quote:
    return Quote(
        instrument=instrument,
        source="sandbox",
        session=1,
        sequence=number,
        frame_index=0,
        event_ns=FIRST_NS + number * 1_000_000_007,
        received_ns=FIRST_NS + number * 1_000_000_007 + 5,
        bid=Decimal("-37.63") + number,
        bid_size=4,
        ask=None,
        ask_size=None,
    )


def trade(instrument: Instrument, number: int) -> Trade:
    return Trade(
        instrument=instrument,
        source="sandbox",
        entry_id=f"{number:03d}",
        event_ns=FIRST_NS + number * 1_000_000_007,
        received_ns=FIRST_NS,
        price=Decimal("71.60") + number,
        size=2,
        aggressor=Side.BUY,
    )


EVENTS: list[MarketEvent] = [
    *(quote(CRUDE, number) for number in range(7)),
    *(quote(LATER, number) for number in range(7, 10)),
    quote(GAS, 10),
    *(trade(CRUDE, number) for number in range(5)),
]


@pytest.fixture(autouse=True)
async def _stored(pools: Pools) -> None:
    async with pools.system() as connection:
        await market.append(connection, EVENTS)


async def pages(client: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        rows += document["items"]
        url = document["next"]
    return rows


async def test_every_page_size_gives_every_quote_once(client: httpx.AsyncClient) -> None:
    whole = await pages(client, "/v1/products/CL/ticks")
    assert [row["sequence"] for row in whole] == list(range(10))
    assert whole[0]["event_time"] == "2023-12-29T19:30:00.123456789Z"
    assert whole[0]["bid"] == "-37.63"
    for limit in (1, 3, 5, 10):
        assert await pages(client, f"/v1/products/CL/ticks?limit={limit}") == whole


async def test_a_range_of_one_contract(client: httpx.AsyncClient) -> None:
    query = "contract=202402&start=2023-12-29T19:30:01&end=2023-12-29T19:30:04Z&source=sandbox"
    rows = await pages(client, f"/v1/products/CL/ticks?{query}&limit=1")
    assert [(row["instrument"], row["sequence"]) for row in rows] == [
        ("CL-202402", 1),
        ("CL-202402", 2),
        ("CL-202402", 3),
    ]
    assert await pages(client, "/v1/products/CL/ticks?source=cme") == []


async def test_columnar_pages_name_the_next(client: httpx.AsyncClient) -> None:
    url: str | None = "/v1/products/CL/ticks?kind=trades&format=parquet&limit=2"
    tables = []
    while url is not None:
        answer = await client.get(url)
        tables.append(pq.read_table(pa.py_buffer(answer.content)))
        url = answer.links["next"]["url"] if "next" in answer.links else None
    found = pa.concat_tables(tables)
    assert found["entry_id"].to_pylist() == [f"{number:03d}" for number in range(5)]
    assert found["price"].to_pylist()[0] == "71.60"


async def test_latest_quotes_are_one_a_contract(client: httpx.AsyncClient) -> None:
    rows = await pages(client, "/v1/products/CL/quotes")
    assert [(row["instrument"], row["sequence"]) for row in rows] == [
        ("CL-202402", 6),
        ("CL-202403", 9),
    ]
    assert (rows[0]["ask"], rows[0]["bid"]) == (None, "-31.63")


async def test_bars_count_each_trade(client: httpx.AsyncClient) -> None:
    (day,) = await pages(client, "/v1/products/CL/bars")
    assert (day["open"], day["high"], day["low"], day["close"]) == (
        "71.60",
        "75.60",
        "71.60",
        "75.60",
    )
    assert datetime.fromisoformat(day["start"]) == datetime(2023, 12, 29, tzinfo=UTC)
    assert (day["volume"], day["trades"]) == (10, 5)
    minutes = await pages(client, "/v1/products/CL/bars?resolution=1m&limit=1")
    assert sum(row["trades"] for row in minutes) == 5


@pytest.mark.parametrize("token", ["nonsense", "WzFd", "é", ""])
async def test_a_page_that_was_never_named_is_refused(
    client: httpx.AsyncClient, token: str
) -> None:
    for path in ("ticks?kind=quotes", "ticks?kind=trades", "bars?resolution=1m"):
        answer = await client.get(f"/v1/products/CL/{path}&after={quote_plus(token)}")
        assert answer.status_code == 422
        assert answer.json()["field"] == "after"
