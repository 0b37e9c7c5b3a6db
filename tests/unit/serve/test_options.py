"""Check option prices over HTTP: published values, inputs by their names, no start-up cost."""

import math
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from core.errors import InvalidInput, ModelNotApplicable, SourceUnavailable
from serve.calculator import Calculator
from serve.option_requests import OptionAsked
from serve.option_valuation import value_option
from tests.unit.serve.test_routes import refused

if TYPE_CHECKING:
    import httpx

BLACK: dict[str, Any] = {
    **{"model": "black76", "forward": 19, "strike": 19, "vol": 0.28, "rate": 0.1, "expiry": 0.75},
}
BACHELIER = BLACK | {"model": "bachelier", "forward": -5, "strike": -3, "vol": 20, "rate": 0}
KIRK: dict[str, Any] = {
    **{"model": "kirk", "f1": 28, "f2": 20, "strike": 7, "vol1": 0.29, "vol2": 0.36},
    **{"rho": 0.42, "rate": 0.05, "expiry": 0.25},
}
ASIAN: dict[str, Any] = {
    **{"model": "asian", "spot": 6.8, "strike": 6.9, "vol": 0.14, "rate": 0.07, "yield": 0.09},
    "expiry": 0.5,
}
AMERICAN: dict[str, Any] = {
    **{"model": "american", "spot": 36, "strike": 40, "vol": 0.2, "rate": 0.06, "expiry": 1},
    "put": True,
}
SMILE: dict[str, Any] = {
    "expiries": [
        {
            "forward": 70,
            "expiry": 0.25,
            "quotes": [{"strike": k, "vol": v} for k, v in ((60, 0.4), (70, 0.35), (80, 0.36))],
        }
    ],
    "strikes": [65, 90],
}


async def answered(edge: Any, path: str, body: Any) -> dict[str, Any]:
    async with edge.client() as client:
        answer: httpx.Response = await client.post(f"/v1/options/{path}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("body", "price", "digits"),
    [
        # Haug; Levy; Longstaff and Schwartz (2001), table 1
        (BLACK, 1.7011, 4),
        (BLACK | {"put": True}, 1.7011, 4),
        (KIRK, 2.1670, 4),
        (ASIAN, 0.0944, 4),
        (AMERICAN | {"exercise_dates": 50}, 4.478, 3),
        (BACHELIER | {"expiry": 0.25}, 3.0689, 4),
    ],
)
async def test_published_values(edge: Any, body: Any, price: float, digits: int) -> None:
    found = await answered(edge, "price", body)
    assert round(found["price"], digits) == price
    assert found["model"] == body["model"]
    assert all(math.isfinite(number) for name, number in found.items() if name != "model")


@pytest.mark.parametrize("name", ["bjerksund_stensland", "bjerksund-stensland"])
async def test_the_other_spread_model_is_close_to_kirks(edge: Any, name: str) -> None:
    kirk, other = [await answered(edge, "price", KIRK | {"model": one}) for one in ("kirk", name)]
    assert other["model"] == "bjerksund_stensland"
    assert other["price"] == pytest.approx(kirk["price"], rel=0.01)
    assert other["price"] != kirk["price"]
    assert other["correlation_sensitivity"] < 0


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (BLACK | {"forward": -1}, "model-not-applicable", "forward"),
        (BLACK | {"strike": 0}, "model-not-applicable", "strike"),
        (BLACK | {"expiry": -0.1}, "invalid-input", "expiry"),
        (BLACK | {"expiry": 0}, "invalid-input", "expiry"),
        (BLACK | {"vol": 0}, "invalid-input", "vol"),
        (BLACK | {"vol": 1e300}, "invalid-input", "vol"),
        (BLACK | {"forward": 1e40}, "invalid-input", "forward"),
        (BLACK | {"vol": None}, "invalid-input", "vol"),
        (BLACK | {"colour": 1}, "invalid-input", "colour"),
        (BLACK | {"model": "heston"}, "invalid-input", "model"),
        ({"forward": 1}, "invalid-input", "model"),
        ([], "invalid-input", "model"),
        (KIRK | {"rho": 1.01}, "invalid-input", "rho"),
        (KIRK | {"f2": -20}, "model-not-applicable", "f2"),
        (KIRK | {"strike": -30}, "model-not-applicable", "strike"),
        (KIRK | {"f1": 0}, "model-not-applicable", "f1"),
        (ASIAN | {"forward": 6.8}, "invalid-input", "forward"),
        (ASIAN | {"spot": -1}, "model-not-applicable", "spot"),
        (ASIAN | {"averaging_from": -0.1}, "invalid-input", "average_so_far"),
        (ASIAN | {"averaging_from": 0.1}, "invalid-input", "fixings"),
        (ASIAN | {"fixings": 10**6}, "invalid-input", "fixings"),
        (ASIAN | {"fixings": 9, "averaging_from": 0.6}, "invalid-input", "averaging_from"),
        (AMERICAN | {"exercise_dates": 0}, "invalid-input", "exercise_dates"),
        (AMERICAN | {"yield": 11}, "invalid-input", "yield"),
        (AMERICAN | {"spot": None, "forward": 36, "yield": 0.1}, "invalid-input", "yield"),
    ],
)
async def test_bad_inputs_are_named(edge: Any, body: Any, code: str, field: str) -> None:
    async with edge.client() as client:
        answer = await client.post("/v1/options/price", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"].endswith(f"/{code}")
    assert document["field"] == field


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_what_is_no_number_is_refused(edge: Any, number: str) -> None:
    words = '{"model":"black76","forward":%s,"strike":1,"vol":1,"rate":0,"expiry":1}'
    headers = {"Content-Type": "application/json"}
    options = {"content": words % number, "headers": headers}
    assert (await refused(edge, "POST", "/v1/options/price", **options))["field"] in {
        "forward",
        "body",
    }


numbers = st.floats(-1e10, 1e10) | st.floats(-100, 100) | st.floats(0.01, 2)


ASKED: TypeAdapter[Any] = TypeAdapter(OptionAsked)


@settings(max_examples=200)
@given(
    model=st.sampled_from(["black76", "bachelier", "kirk", "asian", "american"]),
    drawn=st.dictionaries(
        st.sampled_from(
            [
                *("forward", "spot", "strike", "vol", "rate", "expiry", "f1", "f2", "vol1"),
                *("vol2", "rho", "yield", "averaging_from", "average_so_far"),
            ]
        ),
        numbers,
    ),
)
def test_every_answer_is_finite_or_names_a_reason(model: str, drawn: dict[str, float]) -> None:
    base = {"kirk": KIRK, "asian": ASIAN, "american": AMERICAN}.get(model, BLACK)
    body = {**base, **{name: x for name, x in drawn.items() if name in base}, "model": model}
    with suppress(ValidationError, InvalidInput, ModelNotApplicable):
        found = value_option(ASKED.validate_python(body))
        assert all(math.isfinite(one) for one in asdict(found).values())


@pytest.mark.parametrize(
    "body",
    [
        BLACK | {"vol": 0.4},
        BACHELIER | {"vol": 15},
        BLACK | {"model": "american", "put": True, "vol": 0.3, "strike": 21},
    ],
)
async def test_a_volatility_comes_back_from_its_price(edge: Any, body: dict[str, Any]) -> None:
    priced = await answered(edge, "price", body)
    asked = {name: x for name, x in body.items() if name != "vol"} | {"price": priced["price"]}
    found = await answered(edge, "implied-volatility", asked)
    assert found == {"model": body["model"], "volatility": pytest.approx(body["vol"], rel=1e-6)}


async def test_a_price_below_intrinsic_has_no_volatility(edge: Any) -> None:
    asked = {"forward": 19, "strike": 10, "rate": 0, "expiry": 1, "price": 8}
    document = await refused(edge, "POST", "/v1/options/implied-volatility", json=asked)
    assert document["field"] == "price"


async def test_a_smile_meets_its_quotes_and_tells_where_it_reaches_further(edge: Any) -> None:
    found = (await answered(edge, "smile", SMILE))["smiles"][0]
    assert [one["volatility"] for one in found["quotes"]] == pytest.approx([0.4, 0.35, 0.36])
    inside, outside = found["values"]
    assert 0.35 < inside["volatility"] < 0.4
    assert (inside["is_extrapolated"], outside["is_extrapolated"]) == (False, True)
    assert found["butterflies"]["is_free"] is True
    assert found["interpolation"] == "natural cubic"


async def test_a_smile_is_the_same_from_prices(edge: Any) -> None:
    expiry = SMILE["expiries"][0]
    quotes = [
        {
            "strike": one["strike"],
            "put": one["strike"] < 70,
            "price": (
                await answered(
                    edge,
                    "price",
                    BLACK
                    | {"forward": 70, "rate": 0.03, "expiry": 0.25}
                    | one
                    | {"put": one["strike"] < 70},
                )
            )["price"],
        }
        for one in expiry["quotes"]
    ]
    asked = SMILE | {"rate": 0.03, "expiries": [expiry | {"quotes": quotes[::-1]}]}
    by_price = (await answered(edge, "smile", asked))["smiles"][0]
    by_vol = (await answered(edge, "smile", SMILE))["smiles"][0]
    for one, other in zip(by_price["values"], by_vol["values"], strict=True):
        assert one["volatility"] == pytest.approx(other["volatility"], rel=1e-9)


async def test_a_smile_with_arbitrage_says_so(edge: Any) -> None:
    wild = [{"strike": k, "vol": v} for k, v in ((65, 0.3), (70, 0.9), (75, 0.3))]
    expiries = [SMILE["expiries"][0] | {"quotes": wild}]
    found = (await answered(edge, "smile", {"expiries": expiries}))["smiles"][0]
    assert found["butterflies"]["is_free"] is False
    assert found["butterflies"]["least_probability"] < 0


@pytest.mark.parametrize(
    ("quotes", "field"),
    [
        ([], "expiries.0.quotes"),
        ([{"strike": 70}], "expiries.0.quotes"),
        ([{"strike": 70, "vol": 0.3}, {"strike": 75, "price": 1}], "expiries.0.quotes"),
        ([{"strike": 70, "vol": 0.3}, {"strike": 70, "vol": 0.4}], "expiries.0.strikes"),
        ([{"strike": 70, "vol": 500}], "expiries.0.vol"),
        ([{"strike": 70, "vol": -1}], "expiries.0.quotes.0.vol"),
    ],
)
async def test_quotes_that_make_no_smile(edge: Any, quotes: Any, field: str) -> None:
    body = {"expiries": [SMILE["expiries"][0] | {"quotes": quotes}]}
    assert (await refused(edge, "POST", "/v1/options/smile", json=body))["field"] == field


async def test_a_negative_strike_needs_a_normal_smile(edge: Any) -> None:
    quotes = [{"strike": -5, "vol": 20}, {"strike": 5, "vol": 18}]
    expiry = {"forward": -1, "expiry": 0.1, "quotes": quotes}
    async with edge.client() as client:
        answer = await client.post("/v1/options/smile", json={"expiries": [expiry]})
    assert answer.status_code == 422
    assert answer.json()["field"] == "expiries.0.forward"
    found = await answered(edge, "smile", {"model": "normal", "expiries": [expiry]})
    assert found["smiles"][0]["butterflies"]["is_free"] is True


def test_replicas_start_without_the_library() -> None:
    code = "import sys, serve.api; sys.exit('QuantLib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_calculator_refuses_what_would_wait_too_long() -> None:
    busy = Calculator(most_waiting=0)
    with pytest.raises(SourceUnavailable, match="wait already"):
        await busy.run(value_option, None)  # type: ignore[arg-type]
    busy.close()
    calm = Calculator()
    assert await calm.run(sorted, [2, 1]) == [1, 2]
    calm.close()
