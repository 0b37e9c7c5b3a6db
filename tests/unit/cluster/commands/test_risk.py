"""Check `heliostat risk`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.clients.test_risk import BACKTEST, EXPLAINED, RISK, STRESSED

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

PATH = "/v1/books/desk/risk"
FUTURE = {"kind": "future", "instrument": "CL-202403", "contracts": -2.0}


def body(api: "FakeApi", number: int = -1) -> Any:
    return json.loads(api.requests[number].content)


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    file = tmp_path / "trades.csv"
    file.write_text("kind,instrument,contracts,price\nfuture,CL-202403,-2,71.25\n")
    return file


def test_var_is_told_with_intervals_parts_and_doubts(api: "FakeApi") -> None:
    api.on("POST", PATH, 200, RISK)
    result = api.run(
        "risk", "var", "desk", "--level", "0.99", "--level", "0.95", "--by", "products"
    )
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    title = "desk, version 2: historical, one day, settlements of 2023-12-29 from import:mine"
    assert lines[0] == title
    assert "0.99 10.00 8.00 to 12.00 10.00 8.00 to 12.00" in lines
    assert "CL 10.00 12.00 120.0%" in lines
    assert "500 days, 2022-01-03 to 2023-12-29" in lines
    assert "valued as nothing, because expired: CL-202401 (2023-12-19)" in lines
    assert "CL did not settle on 2023-12-27" in lines
    assert "short-window: 99 days" in lines
    asked = body(api)
    assert (asked["levels"], asked["method"]) == ([0.95, 0.99], "historical")
    assert (asked["window_days"], asked["strict"]) == (500, False)
    as_json = api.run("risk", "var", "desk", "--json")
    assert json.loads(as_json.stdout)["levels"][0]["products"][0]["product"] == "CL"
    assert "levels" not in body(api)


def test_var_of_a_file_with_additions(api: "FakeApi", trades: Path) -> None:
    added = {**RISK["levels"][0], "added": {"value_at_risk": -3.5, "expected_shortfall": 4.0}}
    api.on("POST", "/v1/risk", 200, RISK | {"levels": [added]})
    words = ("--file", str(trades), "--add", str(trades), "--dollars", "eur=1.1", "--rate", "0.04")
    result = api.run("risk", "var", *words)
    assert result.exit_code == 0, result.output
    line = "with the additions, value at risk 0.95 -3.50, expected shortfall +4.00"
    assert line in result.stdout
    priced = FUTURE | {"price": "71.25"}
    asked = body(api)
    assert (asked["positions"], asked["add"]) == ([priced], [priced])
    assert (asked["dollars"], asked["rate"]) == ({"EUR": 1.1}, 0.04)


def test_stresses_of_the_library_and_of_ones_own(api: "FakeApi") -> None:
    api.on("POST", f"{PATH}/stress", 200, STRESSED)
    words = ("--stress", "uri-2021", "--shift", "CL=-10%", "--shift", "ng=2/1")
    result = api.run("risk", "stress", "desk", *words, "--shift-volatility", "CL=50%")
    assert result.exit_code == 0, result.output
    assert "crude: 2,000" in result.stdout
    asked = body(api)
    assert asked["stresses"] == ["uri-2021"]
    (custom,) = asked["custom"]
    assert custom["curves"] == [
        {"product": "CL", "unit": "percent", "positions": [1], "values": [-10.0]},
        {"product": "NG", "unit": "points", "positions": [1, 2], "values": [2.0, 1.0]},
    ]
    assert custom["volatilities"] == [{"product": "CL", "unit": "percent", "value": 50.0}]
    api.run("risk", "stress", "desk")
    assert "stresses" not in body(api)
    assert body(api)["custom"] == []


def test_a_profit_is_told_by_cause(api: "FakeApi", trades: Path) -> None:
    api.on("POST", f"{PATH}/explain", 200, EXPLAINED)
    result = api.run("risk", "explain", "desk", "--since", "2023-12-28", "--deals", str(trades))
    assert result.exit_code == 0, result.output
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "crude 5.00 1.00 0.00 -1.00 0.00 0.50 5.50" in rows
    assert body(api)["deals"] == [{"position": FUTURE, "price": 71.25}]


def test_what_rounds_to_nothing_has_no_sign(api: "FakeApi") -> None:
    total = EXPLAINED["total"] | {"gamma": -0.001, "theta": -0.0}
    api.on("POST", f"{PATH}/explain", 200, EXPLAINED | {"total": total})
    added = {**RISK["levels"][0], "added": {"value_at_risk": -0.001, "expected_shortfall": -0.0}}
    api.on("POST", PATH, 200, RISK | {"levels": [added]})
    explained = api.run("risk", "explain", "desk", "--since", "2023-12-28").stdout
    measured = api.run("risk", "var", "desk").stdout
    assert "-0.00" not in explained + measured
    assert "value at risk 0.95 +0.00, expected shortfall +0.00" in measured


def test_a_backtest_is_told_with_its_tests(api: "FakeApi") -> None:
    api.on("POST", f"{PATH}/backtest", 200, BACKTEST)
    result = api.run("risk", "backtest", "desk", "--method", "filtered", "--days", "1")
    assert result.exit_code == 0, result.output
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "1 exceptions in 1 days, 0.0 expected" in rows
    assert "Christoffersen, both 0.800 3.840 0.400 passes" in rows
    assert "traffic light green" in rows
    assert (body(api)["method"], body(api)["days"]) == ("filtered", 1)


@pytest.mark.parametrize(
    ("words", "path", "answer"),
    [
        (("var", "desk"), PATH, RISK),
        (("stress", "desk"), f"{PATH}/stress", STRESSED),
        (("explain", "desk", "--since", "2023-12-28"), f"{PATH}/explain", EXPLAINED),
        (("backtest", "desk"), f"{PATH}/backtest", BACKTEST),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_is_drawn(
    api: "FakeApi", tmp_path: Path, words: tuple[str, ...], path: str, answer: Any
) -> None:
    pytest.importorskip("matplotlib")
    api.on("POST", path, 200, answer)
    for suffix, magic in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        file = tmp_path / f"risk{suffix}"
        result = api.run("risk", *words, "--plot", str(file))
        assert result.exit_code == 0, result.output
        assert file.read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("var",), "BOOK: give the name of a stored book, or --file FILE"),
        (("stress", "desk", "--shift", "CL"), "--shift: expected one such as CL=-10%"),
        (("stress", "desk", "--shift-volatility", "CL=x"), "--shift-volatility: expected one"),
        (("var", "desk", "--dollars", "EUR"), "--dollars: expected one such as EUR=1.08"),
        (("var", "desk", "--plot", "risk.pdf"), "--plot: expected a .png or .svg file"),
    ],
)
def test_bad_words_are_exit_2_before_anything_is_asked(
    api: "FakeApi", words: tuple[str, ...], reason: str
) -> None:
    result = api.run("risk", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr
    assert api.requests == []


def test_a_parametric_risk_has_no_scenarios_to_draw(api: "FakeApi", tmp_path: Path) -> None:
    api.on("POST", PATH, 200, RISK | {"method": "parametric", "distribution": None})
    file = tmp_path / "risk.png"
    result = api.run("risk", "var", "desk", "--method", "parametric", "--plot", str(file))
    assert result.exit_code == 2
    assert "draws no scenarios" in result.stderr
    assert not file.exists()


def test_an_unknown_instrument_is_exit_2(api: "FakeApi") -> None:
    detail = "CL-203001: there is no price of the five business days to 2023-12-29"
    api.on_problem("POST", PATH, 422, "unknown-instrument", detail)
    result = api.run("risk", "var", "desk", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"heliostat: {detail}\n"
