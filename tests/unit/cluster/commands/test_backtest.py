"""Check `heliostat backtest`: what is asked, the table, the rows of a long one, the picture."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

ROW: dict[str, Any] = {
    "product": "CL",
    "position": 1,
    "horizon": 5,
    "first": "2023-01-03",
    "last": "2023-12-29",
    "model": "density",
    "window": None,
    "metric": "crps",
    "level": None,
    "days": 245,
    "value": 1.25,
    "low": 1.1,
    "high": 1.4,
    "naive_difference": -0.05,
    "naive_low": -0.08,
    "naive_high": -0.02,
    "random_walk_difference": -0.01,
    "random_walk_low": -0.03,
    "random_walk_high": 0.01,
    "reason": None,
}
NOTHING = dict.fromkeys([name for name in ROW if name.endswith(("_difference", "_low", "_high"))])
SKIPPED = ROW | NOTHING | {"metric": "skipped", "model": "garch", "window": 250, "reason": "why"}
SKIPPED |= {"value": None, "low": None, "high": None, "days": 0}
ROWS = [
    ROW,
    ROW | NOTHING | {"metric": "exceptions", "level": 0.99, "value": 0.0125},
    ROW | {"model": "historical", "window": 250, "naive_difference": None},
    SKIPPED,
]
RESULT: dict[str, Any] = {
    "source": "import:test",
    "first": "2023-01-03",
    "last": "2023-12-29",
    "units": {"CL": "USD/bbl"},
    "row_count": 4,
    "skipped": [{"product": "CL", "model": "garch", "reason": "why", "rows": 1}],
    "rows": ROWS,
    "seed": 7,
    "backend": "classical",
}
DONE = {"run_id": "r1", "kind": "backtest", "status": "succeeded", "specification": {}}


def answer(api: "FakeApi", **changes: Any) -> None:
    api.on("POST", "/v1/runs", 200, DONE | {"result": RESULT | changes})


def test_what_is_asked(api: "FakeApi") -> None:
    answer(api)
    words = ("backtest", "cl, ng", "--positions", "1,6", "--models", "ewma,har", "--windows", "250")
    found = api.run(*words, "--from", "2023-01-03", "--period-months", "6", "--fresh", "--json")
    assert found.exit_code == 0, found.output
    body = json.loads(api.requests[0].content)
    assert (body["kind"], body["fresh"]) == ("backtest", True)
    assert body["specification"] == {
        "products": ["CL", "NG"],
        "positions": [1, 6],
        "models": ["ewma", "har"],
        "windows": [250],
        "first": "2023-01-03",
        "period_months": 6,
    }
    assert json.loads(found.stdout) == {"run_id": "r1", "status": "succeeded", **RESULT}


def test_a_row_for_each_model_and_what_was_skipped(api: "FakeApi") -> None:
    answer(api)
    lines = api.run("backtest", "CL").stdout.splitlines()
    assert "beyond VaR 99 %" in lines[0]
    density = next(line for line in lines if " density " in line)
    assert "1.1 to 1.4" in density
    assert "-0.05*" in density  # its interval leaves out 0
    assert "-0.01 " in density
    assert "1.2 %" in density
    assert any("historical 250" in line for line in lines)
    assert "skipped: garch of CL, 1 cells: why" in lines
    assert any("USD/bbl" in line for line in lines)
    assert lines[-1] == "run r1"


def test_the_rows_of_a_long_one_are_fetched(api: "FakeApi") -> None:
    answer(api, rows=None)
    names = list(ROW)
    cells = [
        ",".join("" if row[name] is None else str(row[name]) for name in names) for row in ROWS
    ]
    text = "\n".join([",".join(names), *cells]) + "\n"
    api.on_text("GET", "/v1/runs/r1/result", "text/csv", text)
    found = api.run("backtest", "CL")
    assert found.exit_code == 0, found.output
    answer(api)
    assert found.stdout == api.run("backtest", "CL").stdout


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_picture_of_scores(api: "FakeApi", tmp_path: Path, ending: str) -> None:
    answer(api)
    path = tmp_path / f"scores.{ending}"
    found = api.run("backtest", "CL", "--plot", str(path))
    assert found.exit_code == 0, found.output
    content = path.read_bytes()
    assert content[:4] == b"\x89PNG" if ending == "png" else b"<svg" in content
    assert b"density" in content or ending == "png"


def test_the_models_of_a_cell_are_drawn_around_its_name(api: "FakeApi", tmp_path: Path) -> None:
    path = tmp_path / "scores.svg"
    answer(api, rows=[ROW, ROW | {"model": "ewma", "value": 1.3}])
    api.run("backtest", "CL", "--plot", str(path))
    content = path.read_text()
    width_pt = float(content.partition('viewBox="0 0 ')[2].split()[0])
    tick_pt = float(content.partition('id="xtick_1"')[2].partition(' x="')[2].partition('"')[0])
    assert 0.45 < tick_pt / width_pt < 0.65


@pytest.mark.parametrize("words", [("--windows", "short"), ("--plot", "scores.txt")])
def test_what_is_no_value_is_refused_before_anything_is_asked(
    api: "FakeApi", words: tuple[str, str]
) -> None:
    found = api.run("backtest", "CL", *words)
    assert found.exit_code == 2
    assert words[0] in found.output
    assert not api.requests
