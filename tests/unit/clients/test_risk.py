"""Check how both clients ask for the risk of books, and what they make of the answers."""

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat
from tests.unit.clients.test_client import Script, problem

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

MARKET: dict[str, Any] = {
    "book": "desk",
    "version": 2,
    "as_of": "2023-12-29",
    "sources": {"CL": "import:mine"},
    "recorded_until": "2024-01-02T12:00:00Z",
    "expired": [
        {
            "position": 2,
            "contract": "CL-202401",
            "is_option": False,
            "last_traded": "2023-12-19",
        }
    ],
    "stale": [],
    "volatilities": [],
    "absent": {"CL": ["2023-12-27"]},
    "ignored_rows": {},
    "notes": [{"code": "short-window", "detail": "99 days"}],
}
PART = {"value_at_risk": 10.0, "expected_shortfall": 12.0}
ESTIMATE = {"estimate": 10.0, "error": 1.0, "low": 8.0, "high": 12.0}
RISK: dict[str, Any] = {
    "market": MARKET,
    "method": "historical",
    "horizon_days": 1,
    "window": {
        "first": "2022-01-03",
        "last": "2023-12-29",
        "days": 500,
        "asked": 500,
        "left_out": 0,
        "missing": {},
        "uncommon_days": 0,
        "uncommon": [],
    },
    "scenarios": 500,
    "floored_scenarios": 0,
    "seed": None,
    "levels": [
        {
            "level": level,
            "value_at_risk": ESTIMATE,
            "expected_shortfall": ESTIMATE,
            "positions": [{"position": 1, "label": "crude", **PART}],
            "contracts": [
                {
                    "contract": "CL-202403",
                    "price": 71.5,
                    "delta": 1000.0,
                    "marginal_value_at_risk": 0.01,
                    "marginal_expected_shortfall": 0.012,
                    **PART,
                }
            ],
            "products": [{"product": "CL", **PART}],
            "added": None,
        }
        for level in (0.95, 0.99)
    ],
    "distribution": {"edges": [-10.0, 0.0, 10.0], "counts": [200, 300]},
}
CAUSES = {
    "delta": 5.0,
    "gamma": 1.0,
    "vega": 0.0,
    "theta": -1.0,
    "deals": 0.0,
    "unexplained": 0.5,
    "total": 5.5,
}
RATIO = {
    "statistic": 0.8,
    "degrees_of_freedom": 1,
    "limit": 3.84,
    "p_value": 0.4,
    "is_rejected": False,
}
OUTCOME = {
    "name": "up",
    "title": "Up",
    "profit": 2000.0,
    "positions": [{"position": 1, "label": "crude", "profit": 2000.0}],
    "contracts": [{"contract": "CL-202403", "price": 71.5, "change": 2.0}],
    "untouched": [],
    "floored": [],
}
STRESSED = {"market": MARKET, "outcomes": [OUTCOME]}
EXPLAINED = {
    "market": MARKET,
    "since": "2023-12-28",
    "until": "2023-12-29",
    "total": CAUSES,
    "positions": [{**CAUSES, "position": 1, "label": "crude", "ended": None}],
    "deals": [{**CAUSES, "deal": 1, "label": "deal 1"}],
}
BACKTEST = {
    "market": MARKET,
    "method": "filtered",
    "level": 0.99,
    "window_days": 500,
    "observations": 1,
    "exceptions": 1,
    "expected_exceptions": 0.01,
    "kupiec": RATIO,
    "independence": RATIO,
    "christoffersen": RATIO | {"degrees_of_freedom": 2},
    "traffic_light": {"zone": "green", "cumulative_probability": 0.5, "factor": None},
    "acerbi_szekely": {
        "conditional": 0.1,
        "conditional_p_value": 0.5,
        "unconditional": 0.2,
        "unconditional_p_value": 0.6,
        "degrees_of_freedom": 5.0,
    },
    "days": [
        {
            "date": "2023-12-29",
            "profit": -11.0,
            "value_at_risk": 10.0,
            "expected_shortfall": 12.0,
            "is_exception": True,
        }
    ],
}
HELD = heliostat.FuturePosition(instrument="CL-202403", contracts=1)
PLAIN = {"kind": "future", "instrument": "CL-202403", "contracts": 1.0}


def sent(script: Script) -> tuple[str, Any]:
    (request,) = script.requests
    assert request.method == "POST"
    return request.url.path, json.loads(request.content)


def test_risk_of_a_stored_book_is_typed(ask: "Ask") -> None:
    script = Script(httpx.Response(200, json=RISK))
    found = ask(script, "risk", "desk", levels=[0.95, 0.99], version=2, source=None, add=[HELD])
    assert sent(script) == (
        "/v1/books/desk/risk",
        {"levels": [0.95, 0.99], "version": 2, "add": [PLAIN]},
    )
    assert isinstance(found, heliostat.BookRisk)
    assert found.levels[1].value_at_risk.low == 8.0
    (expired,) = found.market.expired
    assert (expired.contract, expired.last_traded) == ("CL-202401", date(2023, 12, 19))
    assert found.market.notes[0].code == "short-window"


def test_risk_of_positions(ask: "Ask") -> None:
    script = Script(httpx.Response(200, json=RISK))
    ask(script, "risk", [HELD, PLAIN], method="monte_carlo", paths=5000)
    assert sent(script) == (
        "/v1/risk",
        {"method": "monte_carlo", "paths": 5000, "add": [], "positions": [PLAIN, PLAIN]},
    )


def test_a_listed_stress_can_be_asked_for_as_ones_own(ask: "Ask") -> None:
    listed = {
        "name": "up",
        "title": "Up",
        "first": "2020-01-01",
        "last": "2020-01-02",
        "origin": "Settlements.",
        "curves": [{"product": "CL", "unit": "points", "positions": [1], "values": [2.0]}],
        "volatilities": [],
    }
    (stress,) = ask(Script(httpx.Response(200, json={"items": [listed]})), "stresses")
    script = Script(httpx.Response(200, json=STRESSED))
    found = ask(script, "stress", [HELD], custom=[stress], rate=0.03)
    path, body = sent(script)
    assert path == "/v1/risk/stress"
    kept = ("name", "title", "curves", "volatilities")
    assert body["custom"] == [{name: listed[name] for name in kept}]
    assert (body["rate"], "stresses" in body) == (0.03, False)
    assert found.to_frame()["profit"].tolist() == [2000.0]


def test_profits_are_explained_with_deals(ask: "Ask") -> None:
    script = Script(httpx.Response(200, json=EXPLAINED))
    found = ask(script, "explain", "desk", date(2023, 12, 28), deals=[(HELD, 71.2)])
    assert sent(script) == (
        "/v1/books/desk/risk/explain",
        {"since": "2023-12-28", "deals": [{"position": PLAIN, "price": 71.2}]},
    )
    frame = found.to_frame()
    assert frame["total"].tolist() == [5.5, 5.5]
    assert frame.attrs["since"] == "2023-12-28"


def test_a_backtest_is_a_frame_by_date(ask: "Ask") -> None:
    script = Script(httpx.Response(200, json=BACKTEST))
    found = ask(script, "backtest_risk", "desk", method="filtered", days=1)
    assert sent(script) == ("/v1/books/desk/risk/backtest", {"method": "filtered", "days": 1})
    frame = found.to_frame()
    assert frame.loc[date(2023, 12, 29), "is_exception"]
    assert frame.attrs["level"] == 0.99


@pytest.mark.parametrize(
    ("by", "columns"),
    [
        ("positions", {"position", "label"}),
        ("contracts", {"contract", "delta", "marginal_value_at_risk"}),
        ("products", {"product"}),
    ],
)
def test_parts_of_all_levels_are_a_frame(ask: "Ask", by: str, columns: set[str]) -> None:
    found = ask(Script(httpx.Response(200, json=RISK)), "risk", "desk")
    frame = found.to_frame(by)
    assert {"level", "value_at_risk", "expected_shortfall"} | columns <= set(frame.columns)
    assert frame["level"].tolist() == [0.95, 0.99]
    assert (frame.attrs["book"], frame.attrs["as_of"]) == ("desk", "2023-12-29")


def test_what_cannot_be_measured_is_a_named_error(ask: "Ask") -> None:
    script = Script(problem("unknown-instrument", 422, detail="CL-203001: there is no price"))
    with pytest.raises(heliostat.UnknownInstrument, match="CL-203001"):
        ask(script, "risk", [HELD])
