"""Check how both clients ask about options, with answers of the shape that the API makes."""

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat
from tests.unit.clients.test_client import Script, problem

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

VALUE = {
    **{"model": "black76", "price": 1.7011, "delta": 0.5, "gamma": 0.08, "vega": 6.2},
    **{"theta": -1.0, "rho": -1.28},
}
SPREAD = {
    **{"model": "kirk", "price": 2.167, "delta1": 0.5, "delta2": -0.4, "gamma1": 0.1},
    **{"gamma2": 0.1, "cross_gamma": -0.1, "vega1": 3.0, "vega2": 2.0},
    **{"correlation_sensitivity": -1.0, "theta": -2.0, "rho": -0.5},
}
ROW = {
    **{"contract": "CL-202612", "symbol": "CLZ26", "product": "CL", "contract_month": "202612"},
    **{"price": 72.5, "unit": "USD/bbl", "delta": -12000.0, "gamma": 40.0, "vega": 900.0},
    **{"normal_vega": 0.0, "theta": -3650.0, "rho": -10.0, "option_value": 4200.0},
}
MARKET = {
    **{"book": "desk", "version": 2, "as_of": "2026-11-16", "sources": {"CL": "sandbox"}},
    **{"recorded_until": "2026-11-16T20:00:00Z", "stale": [], "absent": {}, "notes": []},
    "expired": [{"position": 3, "contract": "CL-202611", "last_traded": "2026-10-20"}],
    "volatilities": [{"position": 2, "volatility": 20.0}],
    "ignored_rows": {},
}
TOTAL = {"vega": 900.0, "normal_vega": 0.0, "theta": -3650.0, "rho": -10.0, "option_value": 4200.0}
GREEKS: dict[str, Any] = {
    "market": MARKET,
    "contracts": [ROW],
    "total": TOTAL,
    "approximations": [{"position": 2, "label": "hedge", "reason": "an American option, valued"}],
}
SMILE = {
    **{"expiry": 0.25, "forward": 70.0, "interpolation": "natural cubic"},
    "wings": {"left": "linear", "right": "flat"},
    "quotes": [{"strike": 70.0, "volatility": 0.35, "is_extrapolated": False}],
    "values": [{"strike": 90.0, "volatility": 0.37, "is_extrapolated": True}],
    "butterflies": {
        **{"is_free": True, "least_probability": 0.0, "at_strike": 20.0},
        **{"lowest_strike": 20.0, "highest_strike": 200.0},
    },
}


def answered(body: Any) -> Script:
    return Script(httpx.Response(200, json=body))


def test_an_option_is_priced(ask: "Ask") -> None:
    script = answered(VALUE)
    inputs = {"forward": 19, "strike": 19, "vol": 0.28, "rate": 0.1, "expiry": 0.75}
    found = ask(script, "price_option", "black76", **inputs)
    (request,) = script.requests
    assert (request.method, request.url.path) == ("POST", "/v1/options/price")
    assert json.loads(request.content) == {"model": "black76", **inputs}
    assert isinstance(found, heliostat.OptionValue)
    assert (found.price, found.vega) == (1.7011, 6.2)


def test_a_spread_has_greeks_by_leg_and_a_yield_its_name(ask: "Ask") -> None:
    found = ask(answered(SPREAD), "price_option", "kirk", f1=28, f2=20)
    assert isinstance(found, heliostat.SpreadOptionValue)
    assert found.correlation_sensitivity == -1.0
    script = answered(VALUE)
    ask(script, "price_option", "american", spot=36, dividend_yield=0.02)
    assert json.loads(script.requests[0].content)["yield"] == 0.02


def test_a_price_that_a_model_cannot_take(ask: "Ask") -> None:
    script = Script(problem("model-not-applicable", 422, field="forward"))
    with pytest.raises(heliostat.ModelNotApplicable, match="sentence of model-not-applicable"):
        ask(script, "price_option", "black76", forward=-1)


def test_a_volatility_is_one_number(ask: "Ask") -> None:
    script = answered({"model": "bachelier", "volatility": 20.5})
    asked = {"forward": -5, "strike": 0, "rate": 0, "expiry": 0.1, "price": 1.2}
    assert ask(script, "implied_volatility", model="bachelier", **asked) == 20.5
    assert json.loads(script.requests[0].content) == {
        "model": "bachelier",
        "put": False,
        **asked,
    }


def test_smiles_are_typed(ask: "Ask") -> None:
    script = answered({"model": "lognormal", "smiles": [SMILE]})
    expiry = {"forward": 70, "expiry": 0.25, "quotes": [{"strike": 70, "vol": 0.35}]}
    (smile,) = ask(script, "smiles", [expiry], strikes=[90])
    assert json.loads(script.requests[0].content)["expiries"] == [expiry]
    assert smile.butterflies.is_free
    assert smile.values[0].is_extrapolated


def test_greeks_of_a_stored_book(ask: "Ask") -> None:
    script = answered(GREEKS)
    found = ask(script, "greeks", "desk", as_of=date(2026, 11, 16), rate=0.04, version=2)
    (request,) = script.requests
    assert request.url.path == "/v1/books/desk/greeks"
    assert json.loads(request.content) == {"as_of": "2026-11-16", "rate": 0.04, "version": 2}
    assert found.contracts[0].delta == -12000.0
    assert found.market.expired[0]["contract"] == "CL-202611"
    assert found.approximations[0].label == "hedge"


def test_greeks_of_positions(ask: "Ask") -> None:
    script = answered(GREEKS)
    future = heliostat.FuturePosition(instrument="CL-202612", contracts=1)
    ask(script, "greeks", [future], source="import:mine", as_of=None)
    (request,) = script.requests
    assert request.url.path == "/v1/greeks"
    assert json.loads(request.content) == {
        "source": "import:mine",
        "positions": [{"kind": "future", "instrument": "CL-202612", "contracts": 1.0}],
    }
