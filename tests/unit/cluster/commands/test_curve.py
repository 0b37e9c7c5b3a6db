"""Check `heliostat curve`."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

PATH = "/v1/products/CL/curve"


def curve(**changes: Any) -> dict[str, Any]:
    points = [
        {
            "position": position,
            "contract": f"20261{position}",
            "symbol": symbol,
            "last_trade_date": "2026-11-20",
            "price": price,
            "basis": "settlement",
            "settlement": price,
        }
        for position, symbol, price in ((1, "CLV26", "71.42"), (2, "CLX26", "-0.10"))
    ]
    body = {
        "product": "CL",
        "source": "sandbox",
        "as_of": "2026-09-14",
        "as_of_time": "2026-09-14T15:00:00Z",
        "version": 9,
        "live": True,
        "gap": False,
        "currency": "USD",
        "price_unit": "bbl",
        "points": points,
    }
    return body | changes


def test_a_live_curve_is_a_table_with_a_chart_and_names_its_source(api: "FakeApi") -> None:
    api.on("GET", PATH, 200, curve())
    result = api.run("curve", "cl")
    assert result.exit_code == 0, result.output
    title, *rest = result.stdout.splitlines()
    assert title == "CL  live, 2026-09-14 15:00:00 UTC  source sandbox  USD/bbl"
    assert any("CLX26" in line and "-0.10" in line for line in rest)
    assert sum(line.count("●") for line in rest) == 2


def test_an_interrupted_stream_is_said(api: "FakeApi") -> None:
    api.on("GET", PATH, 200, curve(gap=True))
    assert "the stream is interrupted" in api.run("curve", "CL").stdout


def test_json_is_the_curve_with_decimal_strings(api: "FakeApi") -> None:
    api.on("GET", PATH, 200, curve(live=False))
    result = api.run("curve", "CL", "--as-of", "2026-09-14", "--source", "sandbox", "--json")
    assert json.loads(result.stdout)["points"][0]["price"] == "71.42"
    assert dict(api.requests[0].url.params) == {"as_of": "2026-09-14", "source": "sandbox"}
    assert result.stderr == ""
