"""Check `heliostat forecast`, `volatility`, `model` and `models`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cluster.commands.exit_codes import BAD_INPUT, NOT_FOUND
from tests.unit.clients.test_forecasts import FORECAST, MODEL, MODELS, VOLATILITY

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

FORECAST_PATH = "/v1/products/CL/forecast"
VOLATILITY_PATH = "/v1/products/CL/volatility"
MODEL_PATH = "/v1/products/CL/model"


def one_contract(place: int) -> dict[str, Any]:
    return FORECAST | {"contracts": FORECAST["contracts"][place : place + 1]}


def test_a_forecast_is_every_contract_at_twenty_days(api: "FakeApi") -> None:
    api.on("GET", FORECAST_PATH, 200, FORECAST)
    result = api.run("forecast", "cl")
    assert result.exit_code == 0, result.output
    title, head, front, *rest = result.stdout.splitlines()
    assert title == "CL  forecast as of 2026-11-16  source import:test  USD/bbl  version 7"
    assert head.split()[4:] == ["1%", "5%", "25%", "50%", "75%", "95%", "99%", "std.", "dev."]
    # A normal distribution of 61 and √20.
    assert front.split() == [
        *("CLZ26*", "61.0000", "20", "2026-12-15", "50.5963", "53.6440", "57.9836"),
        *("61.0000", "64.0164", "68.3560", "71.4037", "4.4721"),
    ]
    assert [line.split()[0] for line in rest[:2]] == ["CLF27", "CLG27"]
    assert rest[2:] == [
        "* trades no more by then",
        "note: The tenth contract did not settle on ten days. (volatility-floor)",
    ]
    assert dict(api.requests[0].url.params) == {}


def test_a_contract_alone_is_shown_at_every_horizon(api: "FakeApi") -> None:
    api.on("GET", FORECAST_PATH, 200, one_contract(1) | {"is_final": False, "notes": []})
    result = api.run("forecast", "CL", "--contract", "202701", "--as-of", "2026-11-16")
    title, _, *rows = result.stdout.splitlines()
    assert title.endswith("not every settlement of the day is final")
    assert [row.split()[2] for row in rows[:-1]] == ["1", "5", "10", "20", "40", "60"]
    assert dict(api.requests[0].url.params) == {"contract": "202701", "as_of": "2026-11-16"}


def test_json_holds_the_whole(api: "FakeApi") -> None:
    api.on("GET", FORECAST_PATH, 200, FORECAST)
    api.on("GET", VOLATILITY_PATH, 200, VOLATILITY)
    api.on("GET", MODEL_PATH, 200, MODEL)
    api.on("GET", "/v1/models", 200, MODELS)
    for words, body in (
        (("forecast", "CL"), FORECAST),
        (("volatility", "CL"), VOLATILITY),
        (("model", "CL"), MODEL),
        (("models",), MODELS),
    ):
        assert json.loads(api.run(*words, "--json").stdout) == body


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (("forecast", "CL", "--horizon", "5"), FORECAST),
        (("forecast", "CL", "--contract", "202701"), one_contract(1)),
        (("forecast", "CL", "--contract", "202612", "--horizon", "60"), one_contract(0)),
        (("volatility", "CL"), VOLATILITY),
    ],
    ids=["contracts", "horizons", "ended", "volatility"],
)
def test_a_picture(
    api: "FakeApi", tmp_path: Path, words: tuple[str, ...], body: dict[str, Any]
) -> None:
    api.on("GET", f"/v1/products/CL/{words[0]}", 200, body)
    for name, start in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml")):
        result = api.run(*words, "--plot", str(tmp_path / name))
        assert result.exit_code == 0, result.output
        assert (tmp_path / name).read_bytes().startswith(start)
        assert result.stderr == f"drawn into {tmp_path / name}\n"
    assert api.run(*words, "--plot", str(tmp_path / "a.pdf")).exit_code == BAD_INPUT
    assert len(api.requests) == 2


def test_a_volatility_names_its_parts(api: "FakeApi") -> None:
    below = VOLATILITY["contracts"][1] | {"annual": None, "samuelson": None}
    body = VOLATILITY | {"contracts": [VOLATILITY["contracts"][0], below]}
    api.on("GET", VOLATILITY_PATH, 200, body)
    _, head, front, second, note = api.run("volatility", "CL").stdout.splitlines()
    assert head.split() == [
        *("#", "contract", "years", "left", "daily", "annual", "Samuelson", "garch", "ewma")
    ]
    assert front.split() == [
        *("1", "CLZ26", "0.08", "1.2500", "31.2%", "30.0%"),
        *("1.2000", "(75%)", "1.4000", "(25%)"),
    ]
    assert "%" not in second.replace("(75%)", "").replace("(25%)", "")
    assert note.startswith("note: ")


def test_a_card_tells_data_parameters_and_scores(api: "FakeApi") -> None:
    api.on("GET", MODEL_PATH, 200, MODEL)
    lines = api.run("model", "CL").stdout.splitlines()
    assert lines[0] == "CL  source import:test  as of 2026-11-16, version 7  forecasts"
    assert "2,512 days from 2016-11-14 to 2026-11-13 of import:test" in lines[2]
    assert "log-likelihood 52,340.50" in lines[3]
    rows = [line.split() for line in lines]
    assert ["kappa", "1.49", "0.03"] in rows
    (score,) = [row for row in rows if row[:1] == ["crps"]]
    assert score[1:4] == ["5", "1.21", "1.3"]
    assert score[-3:] == ["-0.15", "to", "-0.03"]
    assert lines[-1].startswith("note: ")


def test_a_model_before_its_first_estimate(api: "FakeApi") -> None:
    waiting = MODELS["items"][1] | {"as_of": None, "is_fitting": True, "fit_error": "it broke"}
    api.on("GET", MODEL_PATH, 200, {"status": waiting, "card": None})
    first, second = api.run("model", "CL").stdout.splitlines()
    assert first.endswith(
        "waits: it has seen 40 days of 100; is being estimated; the last estimate failed: it broke"
    )
    assert second == "It has not been estimated yet."


def test_models_say_what_they_wait_for(api: "FakeApi") -> None:
    api.on("GET", "/v1/models", 200, MODELS)
    _, crude, gas = api.run("models").stdout.splitlines()
    assert crude.split() == ["CL", "import:test", "2026-11-16", "7", "2,513", "forecasts"]
    assert gas.endswith("waits: it has seen 40 days of 100")
    api.on("GET", "/v1/models", 200, {"items": []})
    assert api.run("models").stdout == "No models run here.\n"


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [(409, "model-not-ready", BAD_INPUT), (404, "forecast-not-found", NOT_FOUND)],
)
def test_a_refusal_is_one_line(api: "FakeApi", status: int, code: str, exit_code: int) -> None:
    api.on_problem("GET", FORECAST_PATH, status, code, "It waits.")
    result = api.run("forecast", "CL")
    assert (result.exit_code, result.stderr) == (exit_code, "heliostat: It waits.\n")


@pytest.mark.parametrize("command", ["forecast", "volatility", "model", "models"])
def test_help_has_examples(api: "FakeApi", command: str) -> None:
    shown = api.run(command, "--help").stdout
    assert f"  heliostat {command}" in shown.partition("Examples:")[2]
