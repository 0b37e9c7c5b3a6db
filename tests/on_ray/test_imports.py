"""Import and export settlement histories through the command line."""

import json
from pathlib import Path

import pytest

from tests.on_ray.conftest import Stack

pytestmark = pytest.mark.ray

HEADER = "date,product,position,settlement\n"
GOOD = HEADER + "2020-04-20,CL,1,-37.63\n2020-04-20,CL,2,20.43\n"


def write(stack: Stack, name: str, text: str) -> Path:
    path = stack.data / name
    path.write_text(text)
    return path


def stored(stack: Stack, source: str) -> list[str]:
    done = stack.run("export", "settlements", "--source", source, "--out", "-")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[1:]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("date,product,settlement\n2020-01-02,CL,1\n", "row 0, column position"),
        (HEADER + "2020-01-02,CL,1,60\n2020-01-02,XX,1,60\n", "row 2, column product"),
        (HEADER + "2020-01-02,CL,1,60\n2020-01-03,CL,1,nan\n", "row 2, column settlement"),
        (HEADER + "2020-01-02,CL,1,sixty\n", "row 1, column settlement"),
        (HEADER + "2020-01-02,CL,1,60\n2020-01-02,CL,1,61\n", "row 2, column settlement"),
    ],
    ids=["missing column", "unknown product", "nan", "text price", "two prices"],
)
def test_a_bad_cell_is_named_and_nothing_is_stored(stack: Stack, text: str, where: str) -> None:
    path = write(stack, "bad.csv", text)
    done = stack.run("import", "settlements", str(path), "--name", "bad")
    assert done.returncode == 2
    assert f"bad.csv, {where}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert stored(stack, "import:bad") == []


def test_a_second_import_stores_nothing_and_negative_prices_are_data(stack: Stack) -> None:
    path = write(stack, "good.csv", GOOD)
    words = ("import", "settlements", str(path), "--name", "good", "--json")
    first, second = (json.loads(stack.run(*words).stdout) for _ in range(2))
    assert (first["stored"], second["stored"], second["unchanged"]) == (2, 0, 2)
    assert stored(stack, "import:good")[0] == "2020-04-20,CL,,1,-37.63,0,,"
    asked = ("curve", "CL", "--source", "import:good", "--as-of", "2020-04-21", "--json")
    curve = json.loads(stack.run(*asked).stdout)
    assert curve["as_of"] == "2020-04-20"
    assert curve["points"][0]["price"] == "-37.63"


def test_a_changed_price_needs_revise_and_keeps_the_earlier_one(stack: Stack) -> None:
    stack.run("import", "settlements", str(write(stack, "r.csv", GOOD)), "--name", "revised")
    path = write(stack, "r.csv", GOOD.replace("20.43", "20.44"))
    words = ("import", "settlements", str(path), "--name", "revised")
    refused = stack.run(*words)
    assert refused.returncode == 2
    assert "r.csv, row 2, column settlement" in refused.stderr
    assert "--revise" in refused.stderr
    done = json.loads(stack.run(*words, "--revise", "--json").stdout)
    assert done["revised"] == 1
    assert stored(stack, "import:revised")[1] == "2020-04-20,CL,,2,20.44,1,,"


def test_a_book_of_imported_contracts_is_stressed(stack: Stack) -> None:
    stack.run("import", "settlements", str(write(stack, "s.csv", GOOD)), "--name", "stressed")
    book = write(stack, "book.csv", "kind,instrument,contracts\nfuture,CL-202005,1\n")
    asked = ("--file", str(book), "--source", "import:stressed", "--as-of", "2020-04-20")
    done = stack.run("risk", "stress", *asked, "--stress", "negative-wti-2020", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcomes"][0]["profit"] == pytest.approx(-55_900.0)
