"""Check `heliostat books`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.unit.clients.test_books import BOOK, SUMMARY, VERSION

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

PATH = "/v1/books/desk"


@pytest.fixture
def positions(tmp_path: Path) -> Path:
    file = tmp_path / "positions.csv"
    file.write_text("kind,instrument,contracts\n")
    return file


def test_import_makes_the_book_and_tells_its_version(api: "FakeApi", positions: Path) -> None:
    api.on("POST", f"{PATH}/import", 201, SUMMARY)
    result = api.run("books", "import", str(positions), "--name", "desk")
    assert (result.exit_code, result.stdout) == (0, "desk: 3 positions in version 2\n")
    assert dict(api.requests[0].url.params) == {"mode": "replace", "create": "true"}
    words = ("--append", "--title", "Crude", "--note", "more", "--json")
    as_json = api.run("books", "import", str(positions), "--name", "desk", *words)
    assert json.loads(as_json.stdout)["position_count"] == 3
    assert dict(api.requests[1].url.params) == {
        "mode": "append",
        "create": "true",
        "title": "Crude",
        "note": "more",
    }


def test_a_bad_cell_is_exit_2_and_one_line(api: "FakeApi", positions: Path) -> None:
    detail = "row 3, column strike: expected a number"
    api.on_problem("POST", f"{PATH}/import", 422, "invalid-input", detail)
    result = api.run("books", "import", str(positions), "--name", "desk", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"heliostat: {detail}\n"


def test_a_missing_file_is_exit_2_before_anything_is_asked(api: "FakeApi", tmp_path: Path) -> None:
    missing = tmp_path / "nothing.csv"
    result = api.run("books", "import", str(missing), "--name", "desk")
    assert result.exit_code == 2
    assert result.stderr == f"heliostat: {missing}: No such file or directory\n"
    assert api.requests == []


def test_books_are_listed(api: "FakeApi") -> None:
    api.on("GET", "/v1/books", 200, {"items": [SUMMARY], "next_before": None})
    shown = api.run("books", "list").stdout
    assert [word in shown for word in ("desk", "Crude", "2026-01-05 12:00:00")] == [True] * 3
    assert json.loads(api.run("books", "list", "--json").stdout)["items"][0]["version"] == 2
    api.on("GET", "/v1/books", 200, {"items": [], "next_before": None})
    assert "books import FILE --name NAME" in api.run("books", "list").stdout


def test_a_book_is_shown_in_the_words_of_a_desk(api: "FakeApi") -> None:
    api.on("GET", PATH, 200, BOOK)
    result = api.run("books", "show", "desk", "--version", "2")
    assert result.exit_code == 0, result.output
    head, _, *rows = (" ".join(line.split()) for line in result.stdout.splitlines())
    assert head == "Crude version 2, 2026-01-05 12:00:00 UTC"
    assert rows == [
        "1 -12 CL-202612 at -37.630",
        "2 3 CL-202612 75 put, average, to 2026-11-16, 0.35 volatility",
        "3 2 spread +1 CL-202612 -0.5 HO-202612 crack",
    ]
    assert dict(api.requests[0].url.params) == {"version": "2"}
    as_json = json.loads(api.run("books", "show", "desk", "--json").stdout)
    assert as_json["positions"][0]["price"] == "-37.630"


def test_contracts_and_ratios_keep_their_digits(api: "FakeApi") -> None:
    future, option, spread = BOOK["positions"]
    leg = spread["legs"][0] | {"ratio": 123456.75}
    many = [
        future | {"contracts": 1_000_000},
        option | {"contracts": -123456.75},
        spread | {"legs": [leg, *spread["legs"][1:]]},
    ]
    api.on("GET", PATH, 200, BOOK | {"positions": many})
    shown = api.run("books", "show", "desk").stdout
    for text in (" 1000000 ", " -123456.75 ", " +123456.75 CL-202612 "):
        assert text in shown


def test_a_book_that_is_not_there_is_exit_5(api: "FakeApi") -> None:
    api.on_problem("GET", PATH, 404, "book-not-found", "Book desk does not exist.")
    result = api.run("books", "show", "desk")
    assert (result.exit_code, result.stderr) == (5, "heliostat: Book desk does not exist.\n")


def test_versions_are_listed(api: "FakeApi") -> None:
    page = {"items": [VERSION | {"note": "morning"}], "next_before": None}
    api.on("GET", f"{PATH}/versions", 200, page)
    assert "morning" in api.run("books", "versions", "desk").stdout
    listed = json.loads(api.run("books", "versions", "desk", "--json").stdout)
    assert listed["items"][0]["note"] == "morning"


def test_export_to_stdout_is_csv_and_nothing_else(api: "FakeApi", tmp_path: Path) -> None:
    api.on_text("GET", PATH, "text/csv", "kind,instrument\n")
    assert api.run("books", "export", "desk").stdout == "kind,instrument\n"
    target = tmp_path / "out.csv"
    told = api.run("books", "export", "desk", "--out", str(target), "--version", "1")
    assert told.stdout == f"{target}: 16 bytes of desk\n"
    assert target.read_text() == "kind,instrument\n"
    as_json = api.run("books", "export", "desk", "--out", str(target), "--json")
    assert json.loads(as_json.stdout) == {"path": str(target), "bytes_written": 16}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "x.parquet"), "expected a .csv file"),
        (("--out", "no/such/folder/x.csv"), "the folder no/such/folder does not exist"),
        (("--json",), "name a file with --out"),
    ],
)
def test_a_bad_target_is_exit_2_before_anything_is_asked(
    api: "FakeApi", words: tuple[str, ...], said: str
) -> None:
    result = api.run("books", "export", "desk", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert api.requests == []


def test_a_book_is_removed(api: "FakeApi") -> None:
    api.answers["DELETE", PATH] = lambda _: httpx.Response(204)
    assert api.run("books", "remove", "desk").stdout == "Book desk is removed.\n"
    as_json = api.run("books", "remove", "desk", "--json").stdout
    assert json.loads(as_json) == {"name": "desk", "removed": True}
