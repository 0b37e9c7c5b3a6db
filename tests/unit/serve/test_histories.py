"""Ask for histories, spreads and seasons in ways that are refused before a store is asked."""

from typing import Any

import pytest

from core.errors import InvalidInput, NotFound, UnknownProduct
from serve.named_spreads import named_spread
from serve.settled import price_text, price_text_or_none

HISTORY = "/v1/products/CL/history"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{HISTORY}?symbol=x.0", "symbol"),
        (f"{HISTORY}?symbol=c.180", "symbol"),
        (f"{HISTORY}?symbol=NG.c.0", "symbol"),
        (f"{HISTORY}?symbol=c.0&contract=202612", "symbol"),
        (f"{HISTORY}?contract=2026-12", "contract"),
        (f"{HISTORY}?contract=202612&adjust=ratio", "adjust"),
        (f"{HISTORY}?contract=202612&days_early=1", "days_early"),
        (f"{HISTORY}?position=0", "position"),
        (f"{HISTORY}?days_early=61", "days_early"),
        (f"{HISTORY}?adjust=panama", "adjust"),
        (f"{HISTORY}?from=2020-01-02&to=2020-01-01", "from"),
        (f"{HISTORY}?source=Nowhere", "source"),
        ("/v1/products/CL/seasonality?coverage=1", "coverage"),
        ("/v1/products/CL/seasonality?by=week", "by"),
        ("/v1/products/CL/curve/prices", "on"),
        ("/v1/products/CL/curve/prices?on=tomorrow", "on.0"),
        ("/v1/products/CL/curve/prices?on=2027-01-01&interpolation=cubic", "interpolation"),
        ("/v1/spreads/calendar?positions=2-1", "positions"),
        ("/v1/spreads/calendar?positions=1", "positions"),
        ("/v1/spreads/crack-3-2-1?positions=0", "positions"),
        ("/v1/spreads/crack-3-2-1?product=NG", "product"),
        ("/v1/spreads/crack-3-2-2", "name"),
        ("/v1/spreads/calendar?years=11", "years"),
    ],
)
async def test_bad_input_is_named(edge: Any, path: str, field: str) -> None:
    async with edge.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field


@pytest.mark.parametrize("text", ["20200101", "1577836800", "2020-01-01T00:00:00", "2020-02-30"])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{HISTORY}?from=", "from"),
        ("/v1/spreads/calendar?to=", "to"),
        ("/v1/products/CL/seasonality?from=", "from"),
        ("/v1/products/CL/curve?as_of=", "as_of"),
        ("/v1/products/CL/curve/prices?on=2027-01-01&as_of=", "as_of"),
        ("/v1/products/CL/curve/prices?on=", "on.0"),
        ("/v1/products/CL/instruments?on=", "on"),
        ("/v1/weather/KORD/degree-days?from=", "from"),
        ("/v1/weather/KORD/degree-days?to=", "to"),
    ],
)
async def test_a_date_is_a_year_a_month_and_a_day(
    edge: Any, path: str, field: str, text: str
) -> None:
    async with edge.client() as client:
        answer = await client.get(path + text)
    assert answer.status_code == 422, answer.text
    reason = f"expected a date YYYY-MM-DD, was '{text}'"
    assert (answer.json()["field"], answer.json()["reason"]) == (field, reason)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/products/XX/history", 404, "unknown-product"),
        ("/v1/products/NG/history", 404, "curve-not-found"),
        ("/v1/products/XX/seasonality", 404, "unknown-product"),
        ("/v1/products/XX/curve/prices?on=2027-01-01", 404, "unknown-product"),
        ("/v1/spreads/frac", 404, "not-found"),
        ("/v1/spreads/calendar?product=XX", 404, "unknown-product"),
        ("/v1/spreads/spark", 422, "invalid-input"),
        ("/v1/spreads/dark", 404, "not-found"),
    ],
)
async def test_what_there_is_not(edge: Any, path: str, status: int, code: str) -> None:
    async with edge.client() as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"https://heliostat.dev/problems/{code}"


async def test_live_sources_are_not_mixed(edge: Any) -> None:
    edge.market.live = {"CL": "cme", "RB": "cme", "HO": "sandbox"}
    async with edge.client() as client:
        answer = await client.get("/v1/spreads/crack-3-2-1")
    assert answer.status_code == 422
    expected = "source: CL, RB, HO are live from cme and sandbox; name the one to read"
    assert answer.json()["detail"] == expected


def test_a_crack_takes_its_weights_from_its_name() -> None:
    found = named_spread("crack-3-2-1", "BZ", "2")
    assert [(leg.product, leg.position, leg.weight) for leg in found.legs] == [
        ("BZ", 2, -1.0),
        ("RB", 2, pytest.approx(2 / 3)),
        ("HO", 2, pytest.approx(1 / 3)),
    ]
    assert found.products == ("BZ", "RB", "HO")
    single = named_spread("crack-distillate", None, None)
    assert [(leg.product, leg.weight) for leg in single.legs] == [("CL", -1.0), ("HO", 1.0)]


def test_a_calendar_spread_reads_as_far_as_its_back_leg() -> None:
    found = named_spread("calendar", "NG", "1-12")
    assert [(leg.position, leg.weight) for leg in found.legs] == [(1, 1.0), (12, -1.0)]
    assert (found.products, found.positions_of("NG")) == (("NG",), 12)


def test_names_that_are_none() -> None:
    with pytest.raises(NotFound, match="crack-3-2-1"):
        named_spread("crack", None, None)
    with pytest.raises(InvalidInput, match="positions"):
        named_spread("calendar", "CL", "1-999")
    with pytest.raises(UnknownProduct):
        named_spread("crack-3-2-1", "WTI", None)


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (58.06 + 20.43 - 20.43, "58.06"),
        (-37.63, "-37.63"),
        (-0.0, "0"),
        (100.0, "100"),
        (1e-9, "0"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.33333333"),
    ],
)
def test_prices_are_decimal_text_without_noise(price: float, text: str) -> None:
    assert price_text(price) == text


def test_a_missing_price_is_null() -> None:
    assert price_text_or_none(None) is None
    assert price_text_or_none(float("nan")) is None
    assert price_text_or_none(1.5) == "1.5"
