"""Check how both clients ask for histories, spreads, seasons and prices between contracts."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat
from tests.unit.clients.test_client import Script, problem

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

RECORDED = "2026-01-02T12:00:00Z"
IGNORED = {
    "product": "RB",
    "date": "2017-08-27",
    "contract": "201710",
    "position": 2,
    "price": "0",
    "reason": "no business day of the product",
}
HISTORY = {
    "product": "CL",
    "source": "import:mine",
    "symbol": "CL.c.0",
    "adjust": "difference",
    "anchor": "backward",
    "days_early": 0,
    "currency": "USD",
    "price_unit": "bbl",
    "unit": "USD/bbl",
    "points": [
        {"date": "2020-04-21", "contract": "202005", "symbol": "CLK20", "price": "11.57"},
        {"date": "2020-04-22", "contract": "202006", "symbol": "CLM20", "price": "13.78"},
    ],
    "rolls": [
        {
            "on": "2020-04-21",
            "sold": "202005",
            "bought": "202006",
            "measured_on": "2020-04-21",
            "sold_price": "10.01",
            "bought_price": "11.57",
            "gap": "1.56",
        }
    ],
    "missing": ["2020-04-20"],
    "ignored": [IGNORED],
    "ignored_rows": 1,
    "recorded_until": RECORDED,
}
POINT = {
    "date": "2020-04-22",
    "value": "-6.91",
    "years": 0,
    "low": None,
    "mean": None,
    "high": None,
}
SPREAD = {
    "name": "calendar",
    "title": "CL 1 − CL 2",
    "source": "sandbox",
    "currency": "USD",
    "price_unit": "bbl",
    "unit": "USD/bbl",
    "legs": [
        {
            "product": "CL",
            "position": 1,
            "weight": 1.0,
            "unit": "USD/bbl",
            "contract": "202006",
            "symbol": "CLM20",
            "price": "13.78",
        }
    ],
    "latest": POINT,
    "points": [
        POINT | {"date": "2020-04-21", "years": 2, "low": "3", "mean": "6.5", "high": "10"},
        POINT,
    ],
    "missing": [],
    "ignored": [],
    "ignored_rows": 0,
    "recorded_until": RECORDED,
}
SEASONALITY = {
    "product": "NG",
    "source": "sandbox",
    "position": 1,
    "by": "month",
    "deviation": "ratio",
    "coverage": 0.95,
    "currency": None,
    "price_unit": None,
    "unit": None,
    "years": [2021, 2022],
    "first": "2021-01-04",
    "last": "2023-01-31",
    "seasons": [
        {"season": "01", "mean": "1.1", "standard_error": "0.01", "low": "1", "high": "1.2"}
    ],
    "recorded_until": RECORDED,
}
PRICES = {
    "product": "CL",
    "source": "sandbox",
    "as_of": "2020-04-22",
    "interpolation": "linear",
    "currency": "USD",
    "price_unit": "bbl",
    "unit": "USD/bbl",
    "prices": [{"date": "2020-06-05", "price": "17.235", "is_extrapolated": False}],
}


def answered(body: dict[str, Any]) -> Script:
    return Script(httpx.Response(200, json=body))


def test_a_history_is_typed(ask: "Ask") -> None:
    script = answered(HISTORY)
    found = ask(
        script,
        "history",
        "CL",
        symbol="c.0",
        adjust="difference",
        days_early=0,
        first=date(2020, 4, 1),
        last="2020-04-30",
        source="import:mine",
    )
    assert script.requests[0].url.path == "/v1/products/CL/history"
    assert dict(script.requests[0].url.params) == {
        "from": "2020-04-01",
        "to": "2020-04-30",
        "source": "import:mine",
        "symbol": "c.0",
        "adjust": "difference",
        "days_early": "0",
    }
    assert isinstance(found, heliostat.History)
    assert (found.rolls[0].gap, found.points[1].symbol) == (Decimal("1.56"), "CLM20")
    assert found.missing == (date(2020, 4, 20),)
    assert found.ignored[0] == heliostat.IgnoredSettlement.model_validate(IGNORED)


def test_a_history_becomes_a_frame(ask: "Ask") -> None:
    frame = ask(answered(HISTORY), "history", "CL").to_frame()
    assert frame["price"].tolist() == [11.57, 13.78]
    assert str(frame.index[0].date()) == "2020-04-21"
    assert list(frame.columns) == ["contract", "symbol", "price"]
    assert frame.attrs == {
        "product": "CL",
        "source": "import:mine",
        "symbol": "CL.c.0",
        "adjust": "difference",
        "unit": "USD/bbl",
    }


def test_a_spread_is_typed_and_becomes_a_frame(ask: "Ask") -> None:
    script = answered(SPREAD)
    found = ask(script, "spread", "calendar", product="CL", positions="1-2", years=5)
    assert script.requests[0].url.path == "/v1/spreads/calendar"
    assert dict(script.requests[0].url.params) == {
        "product": "CL",
        "positions": "1-2",
        "years": "5",
    }
    assert isinstance(found, heliostat.Spread)
    assert (found.latest.value, found.latest.low) == (Decimal("-6.91"), None)
    assert found.legs[0].symbol == "CLM20"
    frame = found.to_frame()
    assert frame["mean"].iloc[0] == 6.5
    assert frame["mean"].isna().tolist() == [False, True]
    assert frame.attrs["unit"] == "USD/bbl"


def test_a_spark_spread_names_the_source_of_each_leg(ask: "Ask") -> None:
    script = answered(SPREAD | {"sources": {"PJM": "import:power"}, "heat_rate": 7.5})
    asked = {"heat_rate": 7.5, "gas": "NG", "power_source": "import:power", "gas_source": "cme"}
    found = ask(script, "spread", "spark", **asked)
    assert dict(script.requests[0].url.params) == asked | {"heat_rate": "7.5"}
    assert (found.sources, found.heat_rate) == ({"PJM": "import:power"}, 7.5)


def test_seasons_are_typed_and_become_a_frame(ask: "Ask") -> None:
    script = answered(SEASONALITY)
    found = ask(script, "seasonality", "NG", position=1, by="month", deviation="ratio")
    assert dict(script.requests[0].url.params) == {
        "position": "1",
        "by": "month",
        "deviation": "ratio",
    }
    assert isinstance(found, heliostat.Seasonality)
    assert found.years == (2021, 2022)
    frame = found.to_frame()
    assert frame.loc["01", "mean"] == 1.1
    assert frame.attrs["years"] == [2021, 2022]


def test_prices_of_several_days_are_asked_at_once(ask: "Ask") -> None:
    script = answered(PRICES)
    found = ask(script, "curve_prices", "CL", [date(2020, 6, 5), "2020-06-08"], as_of="2020-04-22")
    assert script.requests[0].url.path == "/v1/products/CL/curve/prices"
    assert script.requests[0].url.params.get_list("on") == ["2020-06-05", "2020-06-08"]
    assert isinstance(found, heliostat.CurvePrices)
    assert found.prices[0].price == Decimal("17.235")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("model-not-applicable", heliostat.ModelNotApplicable),
        ("history-too-short", heliostat.HistoryTooShort),
    ],
)
def test_what_cannot_be_answered_has_a_class(
    ask: "Ask", code: str, kind: type[heliostat.ApiError]
) -> None:
    with pytest.raises(kind):
        ask(Script(problem(code, 422)), "history", "CL", symbol="n.0")
