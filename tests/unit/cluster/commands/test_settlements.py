"""Check `heliostat import settlements` and `heliostat export settlements`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

DONE = {
    "event": "done",
    "source": "import:rtl",
    "rows": 1000,
    "stored": 900,
    "revised": 0,
    "unchanged": 100,
    "elapsed_s": 0.01,
}
PATH = "/v1/settlements/imports"


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    file = tmp_path / "prices.csv"
    file.write_text("date,product,position,settlement\n")
    return file


def test_import_tells_what_was_stored_and_how_fast(api: "FakeApi", prices: Path) -> None:
    progress = {"event": "progress", "phase": "copying", "rows": 10, "total": 1000}
    lines = f"{json.dumps(progress)}\n{json.dumps(DONE)}\n"
    api.on_text("POST", PATH, "application/x-ndjson", lines)
    result = api.run("import", "settlements", str(prices), "--name", "rtl")
    assert result.exit_code == 0, result.output
    assert "900 stored" in result.stdout
    assert "100,000 rows/s" in result.stdout
    as_json = api.run("import", "settlements", str(prices), "--name", "rtl", "--revise", "--json")
    answer = json.loads(as_json.stdout)
    assert (answer["stored"], answer["rows_per_s"]) == (900, 100_000)
    assert api.requests[1].url.params["revise"] == "true"


def test_a_missing_file_is_exit_2_and_one_line(api: "FakeApi", tmp_path: Path) -> None:
    missing = tmp_path / "nothing.csv"
    result = api.run("import", "settlements", str(missing), "--name", "rtl")
    assert result.exit_code == 2
    assert result.stderr == f"heliostat: {missing}: No such file or directory\n"
    assert api.requests == []


def test_a_bad_cell_is_exit_2_and_names_file_row_and_column(api: "FakeApi", prices: Path) -> None:
    problem = {
        "type": "https://heliostat.dev/problems/settlement-file-rejected",
        "status": 422,
        "detail": "prices.csv, row 3, column settlement: expected a number, was 'n/a'",
    }
    line = json.dumps({"event": "failed", "problem": problem})
    api.on_text("POST", PATH, "application/x-ndjson", line)
    result = api.run("import", "settlements", str(prices), "--name", "rtl", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"heliostat: {problem['detail']}\n"


def test_changed_prices_are_exit_2(api: "FakeApi", prices: Path) -> None:
    api.on_problem("POST", PATH, 409, "settlements-changed", "repeat with --revise")
    result = api.run("import", "settlements", str(prices), "--name", "rtl")
    assert (result.exit_code, result.stderr) == (2, "heliostat: repeat with --revise\n")


def test_export_to_stdout_is_csv_and_nothing_else(api: "FakeApi") -> None:
    api.on_text("GET", "/v1/settlements", "text/csv", "date,product\n2023-12-29,CL\n")
    result = api.run("export", "settlements", "--source", "import:rtl", "--product", "cl")
    assert result.exit_code == 0, result.output
    assert result.stdout == "date,product\n2023-12-29,CL\n"
    assert dict(api.requests[0].url.params) == {"source": "import:rtl", "product": "CL"}


def test_export_takes_the_form_from_the_name(api: "FakeApi", tmp_path: Path) -> None:
    api.on_text("GET", "/v1/settlements", "application/vnd.apache.arrow.stream", "arrow")
    target = tmp_path / "all.arrow"
    result = api.run("export", "settlements", "--source", "cme", "--out", str(target), "--json")
    assert json.loads(result.stdout) == {"path": str(target), "bytes_written": 5}
    assert api.requests[0].headers["accept"] == "application/vnd.apache.arrow.stream"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "x.parquet"), "expected a .csv or .arrow file"),
        (("--out", "no/such/folder/x.csv"), "the folder no/such/folder does not exist"),
        (("--json",), "name a file with --out"),
    ],
)
def test_a_bad_target_is_exit_2_before_anything_is_asked(
    api: "FakeApi", words: tuple[str, ...], said: str
) -> None:
    result = api.run("export", "settlements", "--source", "cme", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert api.requests == []
