"""Check `heliostat greeks`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.clients.test_options import GREEKS, ROW

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

PATH = "/v1/books/desk/greeks"


def test_greeks_stand_under_their_contracts(api: "FakeApi") -> None:
    api.on("POST", PATH, 200, GREEKS)
    result = api.run("greeks", "desk", "--as-of", "2026-11-16", "--rate", ".04", "--strict")
    assert result.exit_code == 0, result.output
    title, header, row, *rest = result.stdout.splitlines()
    assert title == "desk  2026-11-16  source sandbox  options worth 4,200, theta -3,650 a year"
    assert header.split() == ["contract", "price", "unit", "delta", "gamma", "vega", "theta"]
    assert row.split() == ["CLZ26", "72.5", "USD/bbl", "-12,000", "40", "900", "-3,650"]
    assert rest == [
        "1 expired: CL-202611",
        "volatilities of past changes, in price units, for positions 2",
        "hedge: an American option, valued",
    ]
    assert json.loads(api.requests[0].content) == {
        "as_of": "2026-11-16",
        "rate": 0.04,
        "dollars": {},
        "strict": True,
    }


def test_normal_vegas_have_a_column_where_there_are_any(api: "FakeApi") -> None:
    api.on("POST", PATH, 200, GREEKS | {"contracts": [ROW | {"normal_vega": 15.0}]})
    shown = api.run("greeks", "desk", "--dollars", "gbp=1.27").stdout
    assert "normal vega" in shown
    assert json.loads(api.requests[0].content)["dollars"] == {"GBP": 1.27}


def test_what_rounds_to_nothing_has_no_sign(api: "FakeApi") -> None:
    api.on("POST", PATH, 200, GREEKS | {"contracts": [ROW | {"vega": -0.4, "theta": -0.0}]})
    row = api.run("greeks", "desk").stdout.splitlines()[2]
    assert row.split() == ["CLZ26", "72.5", "USD/bbl", "-12,000", "40", "0", "0"]


def test_greeks_of_a_file(api: "FakeApi", tmp_path: Path) -> None:
    file = tmp_path / "positions.csv"
    file.write_text("kind,instrument,contracts\nfuture,CL-202612,-2\n")
    api.on("POST", "/v1/greeks", 200, GREEKS)
    result = api.run("greeks", "--file", str(file))
    assert result.exit_code == 0, result.output
    (position,) = json.loads(api.requests[0].content)["positions"]
    assert position == {"kind": "future", "instrument": "CL-202612", "contracts": -2.0}


def test_json_is_the_whole_answer(api: "FakeApi") -> None:
    api.on("POST", PATH, 200, GREEKS)
    found = json.loads(api.run("greeks", "desk", "--json").stdout)
    assert found["contracts"] == [ROW]
    assert found["market"]["book"] == "desk"


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_deltas_are_drawn(api: "FakeApi", tmp_path: Path, suffix: str) -> None:
    api.on("POST", PATH, 200, GREEKS)
    picture = tmp_path / f"greeks.{suffix}"
    result = api.run("greeks", "desk", "--plot", str(picture))
    assert (result.exit_code, result.stderr) == (0, f"drawn into {picture}\n")
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--dollars", "GBP"), "--dollars: expected one such as EUR=1.08, was 'GBP'"),
        (("--plot", "greeks.pdf"), "--plot: expected a .png or .svg file, was 'greeks.pdf'"),
    ],
)
def test_bad_words_are_refused_before_anything_is_asked(
    api: "FakeApi", words: tuple[str, ...], line: str
) -> None:
    result = api.run("greeks", "desk", *words)
    assert (result.exit_code, result.stderr) == (2, f"heliostat: {line}\n")
    assert api.requests == []


@pytest.mark.parametrize("words", [(), ("desk", "--file", "positions.csv")])
def test_a_book_or_a_file_is_needed(api: "FakeApi", words: tuple[str, ...]) -> None:
    result = api.run("greeks", *words)
    assert (result.exit_code, api.requests) == (2, [])
    assert "give the name of a stored book, or --file FILE" in result.stderr


def test_a_book_that_is_not_there_is_exit_5(api: "FakeApi") -> None:
    api.on_problem("POST", PATH, 404, "book-not-found", "Book desk does not exist.")
    assert api.run("greeks", "desk").exit_code == 5
