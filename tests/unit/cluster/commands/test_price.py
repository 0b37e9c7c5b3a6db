"""Check `heliostat price`: published values, one object as JSON, one line for bad input."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cluster.main import app

MODELS = ("black76", "bachelier", "kirk", "asian", "american")
# Haug's first spread; the options are those of the field.
KIRK = (
    *("kirk", "--f1", "28", "--f2", "20", "--strike", "7", "--vol1", ".29", "--vol2", ".36"),
    *("--rho", ".42", "--rate", ".05", "--expiry", ".25"),
)
BLACK = (
    *("black76", "--forward", "19", "--strike", "19", "--vol", ".28", "--rate", ".10"),
    *("--expiry", ".75"),
)
BACHELIER = (
    *("bachelier", "--forward", "-5", "--strike", "-3", "--vol", "20", "--rate", "0"),
    *("--expiry", ".25"),
)
ASIAN = (
    *("asian", "--spot", "6.80", "--strike", "6.90", "--vol", ".14", "--rate", ".07"),
    *("--yield", ".09", "--expiry", ".5"),
)
AMERICAN = (
    *("american", "--spot", "36", "--strike", "40", "--vol", ".2", "--rate", ".06"),
    *("--expiry", "1", "--put"),
)
PLAIN_GREEKS = ["price", "delta", "gamma", "vega", "theta", "rho"]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["price", *words])


def answer(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(
    ("words", "price", "digits"),
    [
        (KIRK, 2.1670, 4),
        (BLACK, 1.7011, 4),
        ((*BLACK, "--put"), 1.7011, 4),
        (ASIAN, 0.0944, 4),
        ((*ASIAN, "--put"), 0.2237, 4),
        ((*AMERICAN, "--exercise-dates", "50"), 4.478, 3),
        (AMERICAN, 4.4867, 4),
        (BACHELIER, 3.0689, 4),
    ],
)
def test_json_is_one_object_with_the_published_price(
    words: tuple[str, ...], price: float, digits: int
) -> None:
    assert round(answer(*words)["price"], digits) == price


@pytest.mark.parametrize("words", [BLACK, BACHELIER, ASIAN, AMERICAN])
def test_json_holds_the_price_and_its_greeks(words: tuple[str, ...]) -> None:
    found = answer(*words)
    assert list(found) == PLAIN_GREEKS
    assert all(isinstance(number, float) for number in found.values())


def test_json_of_a_spread_holds_the_greeks_of_both_legs() -> None:
    assert list(answer(*KIRK)) == [
        "price",
        *("delta1", "delta2", "gamma1", "gamma2", "cross_gamma", "vega1", "vega2"),
        *("correlation_sensitivity", "theta", "rho"),
    ]


def test_people_see_a_table_with_units() -> None:
    result = run(*KIRK)
    assert result.exit_code == 0
    title, price, delta, *_ = result.stdout.splitlines()
    assert title == "Kirk call on F1 - F2, strike 7, 0.25 years"
    assert price.split() == ["price", "2.167048"]
    assert delta.rstrip().endswith("per 1.00 of F1")


def test_expiry_is_used_as_given_and_not_in_days() -> None:
    words = [*AMERICAN[:-3], "--expiry"]
    prices = [answer(*words, years, "--put")["price"] for years in ("1.0", "1.0001", "1.0002")]
    assert prices[0] < prices[1] < prices[2]


def test_a_fixed_part_of_an_average_counts() -> None:
    # Of 21 fixings from 0.04 years ago to 0.04 years ahead, ten are past.
    words = (
        *("asian", "--forward", "72", "--strike", "70", "--vol", ".35", "--rate", "0"),
        *("--expiry", ".04", "--fixings", "21", "--averaging-from", "-.04"),
    )
    low, high = (answer(*words, "--average-so-far", so_far) for so_far in ("60", "80"))
    assert low["price"] < high["price"]
    assert high["delta"] == pytest.approx(11 / 21, abs=1e-3)
    refused = run(*words)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("heliostat: --average-so-far: is needed")


def test_an_american_option_on_a_future_has_no_drift() -> None:
    words = ("--strike", "20", "--vol", ".25", "--rate", ".09", "--expiry", ".3333")
    future = answer("american", "--forward", "20", *words)
    as_spot = answer("american", "--spot", "20", "--yield", ".09", *words)
    assert future["price"] == pytest.approx(as_spot["price"], rel=1e-12)
    assert future["rho"] != pytest.approx(as_spot["rho"], rel=0.1)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((*BLACK, "--expiry", "0"), "--expiry: expected above 0, was 0"),
        ((*BLACK, "--expiry", "-1"), "--expiry: expected above 0, was -1"),
        ((*BLACK, "--vol", "-.2"), "--vol: expected above 0, was -0.2"),
        ((*BLACK, "--forward", "nan"), "--forward: expected a finite number"),
        ((*BLACK, "--rate", "inf"), "--rate: expected a finite number"),
        ((*BLACK, "--strike", "nan"), "--strike: expected a finite number"),
        ((*BLACK, "--forward", "-37.63"), "black76: needs price above 0"),
        ((*KIRK, "--rho", "1.01"), "--rho: expected -1 to 1, was 1.01"),
        ((*KIRK, "--rho", "nan"), "--rho: expected -1 to 1, was nan"),
        ((*KIRK, "--vol2", "0"), "--vol2: expected above 0, was 0"),
        ((*KIRK, "--f2", "-8"), "kirk: needs F2 above 0, was -8; price F1 - F2 with bachelier"),
        ((*KIRK, "--strike", "-20"), "kirk: needs F2 + strike above 0, was 0"),
        ((*ASIAN, "--forward", "7"), "--forward: give the price as --forward or as --spot"),
        ((*ASIAN, "--fixings", "0"), "--fixings: expected 1 to 100000, was 0"),
        ((*ASIAN, "--averaging-from", ".1"), "--fixings: is needed if averaging begins later"),
        ((*ASIAN, "--averaging-from", "-.1"), "--average-so-far: is needed"),
        (
            (*ASIAN, "--averaging-from", ".5", "--fixings", "3"),
            "--averaging-from: expected before the end, 0.5",
        ),
        ((*AMERICAN, "--exercise-dates", "0"), "--exercise-dates: expected 1 to 500, was 0"),
        ((*AMERICAN, "--spot", "inf"), "--forward or --spot: expected a finite number"),
        ((*AMERICAN, "--yield", "nan"), "--yield: expected a finite number"),
        ((*BLACK, "--plot", "price.pdf"), "--plot: expected a .png or .svg file"),
        ((*BLACK, "--plot", "no/such/folder/price.png"), "--plot: the folder no/such/folder"),
    ],
)
def test_bad_input_is_exit_2_and_one_line(words: tuple[str, ...], line: str) -> None:
    result = run(*words, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"heliostat: {line}")


def test_a_future_has_no_yield() -> None:
    words = ("--strike", "20", "--vol", ".25", "--rate", ".09", "--expiry", ".3333")
    result = run("american", "--forward", "20", "--yield", ".02", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("heliostat: --yield: goes with --spot")


def test_a_missing_or_wordy_number_is_exit_2() -> None:
    assert run("kirk", "--f1", "28").exit_code == 2
    assert run(*BLACK, "--expiry", "soon").exit_code == 2


@pytest.mark.parametrize(
    ("words", "suffix"),
    [
        (BLACK, "png"),
        (BLACK, "svg"),
        (BACHELIER, "svg"),
        (KIRK, "png"),
        (ASIAN, "png"),
        ((*AMERICAN, "--exercise-dates", "3"), "svg"),
    ],
)
def test_a_picture_is_drawn_beside_the_answer(
    words: tuple[str, ...], suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"price.{suffix}"
    result = run(*words, "--json", "--plot", str(path))
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["price"] > 0.0
    assert result.stderr == f"drawn into {path}\n"
    start = path.read_bytes()[:200]
    assert start.startswith(b"\x89PNG") if suffix == "png" else b"<?xml" in start


def test_without_matplotlib_a_picture_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = run(*BLACK, "--plot", str(tmp_path / "price.png"))
    assert result.exit_code == 2
    assert result.stderr.startswith("heliostat: --plot: it needs matplotlib")


@pytest.mark.parametrize("model", MODELS)
def test_help_teaches(model: str) -> None:
    result = run(model, "--help")
    examples = result.stdout.partition("Examples:")[2]
    assert f"heliostat price {model}" in examples
    assert "Exit codes:" in result.stdout
    assert "--json" in result.stdout


@pytest.mark.parametrize("model", MODELS)
def test_the_examples_of_the_help_work(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = run(model, "--help").stdout.partition("Examples:")[2].partition("Exit codes:")[0]
    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    assert lines
    for line in lines:
        result = CliRunner().invoke(app, line.split()[1:])
        assert result.exit_code == 0, (line, result.output)


def test_the_models_are_listed() -> None:
    shown = run("--help").stdout
    assert all(f"  {model}" in shown for model in MODELS)


def test_the_command_line_imports_neither_quantlib_nor_matplotlib() -> None:
    heavy = ("QuantLib", "matplotlib", "numpy", "scipy")
    code = f"import sys, cluster.main; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"
