"""Ask for the contracts of a product: as its venue lists them, else by its rule."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from core.market import ContractMonth, Instrument
from integrations.venue import ListedContract
from quant.calendars import last_trade_date, listed_contracts
from storage import instruments
from storage.pool import Pools

pytestmark = pytest.mark.postgres

RECORDED = datetime(2026, 1, 5, 12, tzinfo=UTC)
PATH = "/v1/products/CL/instruments"


def contract(month: int, days: int = 0) -> ListedContract:
    instrument = Instrument("CL", ContractMonth(2026, month))
    return ListedContract(
        instrument=instrument,
        symbol=f"CL-{month}",
        last_trade_date=last_trade_date(instrument) + timedelta(days=days),
        first_notice_date=date(2026, month, 2),
    )


async def record(pools: Pools, source: str, at: datetime, *listed: ListedContract) -> None:
    async with pools.system() as connection:
        await instruments.record(connection, "cme", source, listed, at)


async def test_without_a_listing_the_rule_tells(client: httpx.AsyncClient) -> None:
    found = (await client.get(f"{PATH}?on=2026-01-05&limit=3")).json()
    assert found["on"] == "2026-01-05"
    expected = listed_contracts("CL", date(2026, 1, 5), 3)
    assert [item["instrument"] for item in found["items"]] == [str(one) for one in expected]
    for item, one in zip(found["items"], expected, strict=True):
        assert item["last_trade_date"] == last_trade_date(one).isoformat()
        assert (item["basis"], item["source"], item["contract_size"]) == ("rule", None, "1000")


async def test_a_listing_goes_before_the_rule(client: httpx.AsyncClient, pools: Pools) -> None:
    await record(pools, "sandbox", RECORDED, contract(3), contract(2, days=-1), contract(1))
    found = (await client.get(f"{PATH}?on=2026-01-21&limit=5")).json()["items"]
    assert [item["symbol"] for item in found] == ["CLH26"]
    (item,) = found
    assert (item["basis"], item["source"], item["venue_symbol"]) == ("venue", "sandbox", "CL-3")
    assert item["first_notice_date"] == "2026-03-02"
    assert item["recorded_at"] == "2026-01-05T12:00:00Z"


async def test_two_listings_are_never_mixed(client: httpx.AsyncClient, pools: Pools) -> None:
    await record(pools, "sandbox", RECORDED, contract(2), contract(3))
    await record(pools, "cme", RECORDED + timedelta(days=1), contract(4))

    async def sources(query: str) -> list[tuple[str, str]]:
        items = (await client.get(f"{PATH}?on=2026-01-05{query}")).json()["items"]
        return [(item["source"], item["symbol"]) for item in items]

    assert await sources("") == [("cme", "CLJ26")]
    assert await sources("&source=sandbox") == [("sandbox", "CLG26"), ("sandbox", "CLH26")]
    assert await sources("&source=ice") == []


async def test_a_size_may_depend_on_the_month(client: httpx.AsyncClient) -> None:
    url = "/v1/products/NBP/instruments?on=2026-01-05&limit=2"
    first, second = (await client.get(url)).json()["items"]
    assert (first["contract"], second["contract"]) == ("202602", "202603")
    assert [Decimal(item["contract_size"]) for item in (first, second)] == [28_000, 31_000]
    assert (first["currency"], first["minor_per_major"], first["price_unit"]) == (
        "GBP",
        100,
        "therm",
    )


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_day_out_of_reach_is_refused(client: httpx.AsyncClient, day: str) -> None:
    assert (await client.get(f"{PATH}?on={day}")).status_code == 422
