"""Ask for the Greeks of books over HTTP, of settlements in a real database."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx
import pytest

from core.books import Position, Style
from quant.options import black76
from quant.options.terms import FuturesMarket, Option, OptionKind
from storage.pool import Pools
from tests.april_2020 import rows_of, store, trading_days
from tests.risk_books import future, option, spread

pytestmark = pytest.mark.postgres

SOURCE = "import:test"
YEAR = trading_days(date(2023, 8, 1), date(2023, 12, 29))


def body(positions: Sequence[Position], **asked: Any) -> dict[str, Any]:
    held = [one.model_dump(mode="json", exclude_none=True) for one in positions]
    return {"positions": held, "source": SOURCE, **asked}


async def settled(pools: Pools) -> None:
    await store(pools, [*rows_of("CL", YEAR), *rows_of("B", YEAR)], SOURCE)


async def got(client: httpx.AsyncClient, path: str, sent: dict[str, Any]) -> Any:
    answer = await client.post(f"/v1{path}", json=sent)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, sent: dict[str, Any]) -> tuple[int, str]:
    answer = await client.post(f"/v1{path}", json=sent)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, str(answer.json()["type"]).rpartition("/")[2]


async def test_an_option_has_blacks_greeks_at_the_settlement(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await settled(pools)
    held = option("CL-202404", "put", 28, 20, volatility=0.4)
    found = await got(client, "/greeks", body([held, future("CL-202404", 3)], rate=0.05))
    (row,) = found["contracts"]
    years = (held.expires - date(2023, 12, 29)).days / 365.0
    terms = Option(kind=OptionKind.PUT, strike=28.0, expiry_years=years)
    one = black76.value(terms, FuturesMarket(price=row["price"], volatility=0.4, rate=0.05))
    assert row["delta"] == pytest.approx(20_000 * one.delta + 3_000)
    assert row["gamma"] == pytest.approx(20_000 * one.gamma)
    assert row["vega"] == pytest.approx(20_000 * one.vega)
    assert row["theta"] == pytest.approx(20_000 * one.theta)
    assert row["option_value"] == pytest.approx(20_000 * one.price)
    assert (row["contract"], row["unit"], row["normal_vega"]) == ("CL-202404", "USD/bbl", 0.0)
    assert found["market"]["as_of"] == "2023-12-29"
    assert found["market"]["sources"] == {"CL": SOURCE}


async def test_a_stored_book_stands_by_contract_and_tells_what_is_simplified(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await settled(pools)
    positions = [
        spread(-4, B_202405=1, CL_202405=-1),
        option("CL-202404", "call", 33, -30, style=Style.AMERICAN),
        option("CL-202404", "put", 28, 20, volatility=None),
        future("CL-202311", 7),
    ]
    # a book is stored while its contracts trade; here they have ceased to
    sent = body(positions)
    found = await got(client, "/greeks", sent)
    rows = {row["contract"]: row for row in found["contracts"]}
    assert list(rows) == ["B-202405", "CL-202404", "CL-202405"]
    assert rows["B-202405"]["delta"] == -4000.0
    assert rows["CL-202405"]["delta"] == 4000.0
    assert rows["CL-202404"]["vega"] < 0 < rows["CL-202404"]["normal_vega"]
    assert [one["position"] for one in found["market"]["expired"]] == [4]
    assert [one["position"] for one in found["market"]["volatilities"]] == [3]
    assert [one["position"] for one in found["approximations"]] == [2]
    for name, total in found["total"].items():
        assert total == pytest.approx(math.fsum(row[name] for row in rows.values()))
    assert await refused(client, "/greeks", sent | {"strict": True}) == (422, "unknown-instrument")
    early = await got(client, "/greeks", body(positions[3:], as_of="2023-10-10"))
    assert early["market"]["expired"] == []
    assert early["contracts"][0]["delta"] == 7000.0


async def test_what_has_no_greeks_is_refused(client: httpx.AsyncClient, pools: Pools) -> None:
    await settled(pools)
    assert await refused(client, "/books/none/greeks", {}) == (404, "book-not-found")
    assert await refused(client, "/greeks", {"positions": []}) == (422, "invalid-input")
    far = body([future("CL-203012", 1)])
    assert await refused(client, "/greeks", far) == (422, "unknown-instrument")
    gas = body([future("NG-202404", 1)])
    assert await refused(client, "/greeks", gas) == (404, "curve-not-found")
    extreme = body([future("CL-202404", 1)], rate=50)
    assert await refused(client, "/greeks", extreme) == (422, "invalid-input")
