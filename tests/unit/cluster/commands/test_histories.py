"""Check `heliostat history`, `spreads` and `seasonality`, and what `curve` says of a past day."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cluster.commands.settled_text import date_chart, remarks
from tests.unit.clients.test_histories import HISTORY, IGNORED, SEASONALITY, SPREAD
from tests.unit.cluster.commands.test_curve import curve

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

HISTORY_PATH = "/v1/products/CL/history"
SPREAD_PATH = "/v1/spreads/calendar"
SEASON_PATH = "/v1/products/NG/seasonality"


def test_a_history_is_rolls_and_a_chart(api: "FakeApi") -> None:
    api.on("GET", HISTORY_PATH, 200, HISTORY)
    result = api.run("history", "cl", "--adjust", "difference", "--from", "2020-04-01")
    assert result.exit_code == 0, result.output
    title, head, roll, *rest = result.stdout.splitlines()
    assert title == (
        "CL.c.0  2020-04-21 to 2020-04-22  source import:mine  USD/bbl  "
        "adjusted by difference, backward  latest 13.78 (CLM20)"
    )
    assert head.split() == ["roll", "on", "sold", "at", "bought", "at", "gap"]
    assert roll.split() == ["2020-04-21", "202005", "10.01", "202006", "11.57", "1.56"]
    assert sum(line.count("●") for line in rest) == 2
    assert rest[-2] == "1 day without a settlement: 2020-04-20"
    assert rest[-1] == (
        "not used: 1 stored row, such as RB-201710 on 2017-08-27 at 0: "
        "no business day of the product"
    )
    asked = dict(api.requests[0].url.params)
    assert asked == {
        "from": "2020-04-01",
        "adjust": "difference",
        "anchor": "backward",
        "days_early": "0",
    }


def test_many_rolls_are_the_last_ones(api: "FakeApi") -> None:
    rolls = [HISTORY["rolls"][0] | {"gap": str(number)} for number in range(20)]
    unmeasured = rolls[0] | {"measured_on": None, "gap": None, "bought_price": None}
    api.on("GET", HISTORY_PATH, 200, HISTORY | {"rolls": [*rolls, unmeasured], "adjust": "none"})
    lines = api.run("history", "CL").stdout.splitlines()
    assert "adjusted" not in lines[0]
    assert any("the last 12 of 21" in line for line in lines)
    assert sum(line.startswith("2020-04-21") for line in lines) == 12


def test_a_refusal_is_bad_input(api: "FakeApi") -> None:
    detail = "roll by volume: the history of CL has no volume; roll by the calendar"
    api.on_problem("GET", HISTORY_PATH, 422, "model-not-applicable", detail)
    result = api.run("history", "CL", "--symbol", "v.0")
    assert (result.exit_code, detail in result.stderr) == (2, True)


def test_a_spread_names_legs_unit_and_band(api: "FakeApi") -> None:
    latest = SPREAD["points"][0]
    api.on("GET", SPREAD_PATH, 200, SPREAD | {"latest": latest})
    result = api.run("spreads", "calendar", "--product", "cl", "--positions", "1-2")
    assert result.exit_code == 0, result.output
    title, head, leg, *_ = result.stdout.splitlines()
    assert title == (
        "CL 1 − CL 2  2020-04-21  source sandbox  -6.91 USD/bbl  2 earlier years: 3 to 10, mean 6.5"
    )
    assert head.split() == ["leg", "contract", "weight", "price", "unit"]
    assert leg.split() == ["CL", "1", "CLM20", "+1", "13.78", "USD/bbl"]
    assert dict(api.requests[0].url.params) == {"product": "CL", "positions": "1-2", "years": "5"}


def test_a_spark_spread_names_its_sources(api: "FakeApi") -> None:
    sources = {"PJM": "import:power", "NG": "cme"}
    answer = SPREAD | {"source": "import:power", "sources": sources}
    api.on("GET", "/v1/spreads/spark", 200, answer)
    words = ("--gas", "ng", "--heat-rate", "7.5", "--power-source", "import:power")
    result = api.run("spreads", "spark", *words)
    assert "source cme and import:power" in result.stdout
    assert dict(api.requests[0].url.params) == {
        "years": "5",
        "gas": "NG",
        "heat_rate": "7.5",
        "power_source": "import:power",
    }


def test_a_spread_without_earlier_years_says_nothing_of_them(api: "FakeApi") -> None:
    api.on("GET", SPREAD_PATH, 200, SPREAD)
    assert "earlier years" not in api.run("spreads", "calendar").stdout


def test_a_spread_tells_whether_its_legs_keep_together(api: "FakeApi") -> None:
    test = {
        "statistic": -5.54,
        "p_value": 1.4e-5,
        "limit": -3.35,
        "is_cointegrated": True,
        "ratio": 0.907,
        "constant": 0.349,
        "half_life_days": 4.36,
        "observations": 393,
    }
    api.on("GET", SPREAD_PATH, 200, SPREAD | {"cointegration": test})
    shown = api.run("spreads", "calendar", "--cointegration").stdout
    assert "the legs keep together: Engle–Granger -5.54, limit -3.35, p 1.4e-05" in shown
    assert "half of a distance gone in 4.4 days" in " ".join(shown.split())
    assert api.requests[0].url.params["cointegration"] == "true"
    apart = test | {"statistic": -1.0, "is_cointegrated": False}
    api.on("GET", SPREAD_PATH, 200, SPREAD | {"cointegration": apart})
    shown = api.run("spreads", "calendar", "--cointegration").stdout
    assert "the legs are not seen to keep together" in shown
    assert "half of" not in shown


def test_seasons_are_a_table_or_a_chart(api: "FakeApi") -> None:
    api.on("GET", SEASON_PATH, 200, SEASONALITY)
    title, head, january, *_ = api.run("seasonality", "ng").stdout.splitlines()
    assert title == "NG 1  source sandbox  ratio to the mean, 2 years of 2021 to 2022"
    assert head.split() == ["season", "mean", "std.", "error", "low", "high"]
    assert january.split() == ["01", "1.1000", "0.0100", "1.0000", "1.2000"]
    days = [SEASONALITY["seasons"][0] | {"season": f"{n}"} for n in range(366)]
    api.on("GET", SEASON_PATH, 200, SEASONALITY | {"by": "day", "seasons": days})
    lines = api.run("seasonality", "NG", "--by", "day").stdout.splitlines()
    assert "std." not in " ".join(lines)
    assert 20 <= sum(line.count("●") for line in lines) <= 30


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (("history", "CL"), HISTORY_PATH, HISTORY),
        (("spreads", "calendar"), SPREAD_PATH, SPREAD),
        (("seasonality", "NG"), SEASON_PATH, SEASONALITY),
    ],
    ids=["history", "spreads", "seasonality"],
)
def test_json_and_a_picture(
    api: "FakeApi", tmp_path: Path, words: tuple[str, ...], path: str, body: dict[str, object]
) -> None:
    api.on("GET", path, 200, body)
    found = json.loads(api.run(*words, "--json").stdout)
    assert found["source"] == body["source"]
    assert {name: found[name] for name in ("recorded_until",)} == {
        "recorded_until": body["recorded_until"]
    }
    for name, start in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml")):
        result = api.run(*words, "--plot", str(tmp_path / name))
        assert result.exit_code == 0, result.output
        assert (tmp_path / name).read_bytes().startswith(start)
        assert result.stderr == f"drawn into {tmp_path / name}\n"
    refused = api.run(*words, "--plot", str(tmp_path / "a.pdf"))
    assert (refused.exit_code, len(api.requests)) == (2, 3)


def test_a_picture_says_what_its_prices_are(api: "FakeApi", tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    api.on("GET", HISTORY_PATH, 200, HISTORY)
    api.run("history", "CL", "--plot", str(file))
    # The writer of SVG draws letters as paths, and keeps each text as a comment.
    assert "<!-- CL.c.0 adjusted by difference, backward, source import:mine -->" in (
        file.read_text()
    )
    days = [
        SEASONALITY["seasons"][0] | {"season": f"{date.fromordinal(730_120 + day):%m-%d}"}
        for day in range(366)
    ]
    by_day = {"by": "day", "seasons": days, "unit": "USD/MMBtu", "deviation": "difference"}
    for changed in ({}, by_day):
        api.on("GET", SEASON_PATH, 200, SEASONALITY | changed)
        api.run("seasonality", "NG", "--plot", str(file))
        drawn = file.read_text()
        assert "<!-- NG 1, 2021 to 2022, source sandbox -->" in drawn
        assert "<!-- Jan -->" in drawn
    assert "<!-- USD/MMBtu from the mean of the year -->" in drawn
    assert "<!-- Dec -->" in drawn


def test_a_past_curve_says_what_is_doubtful(api: "FakeApi") -> None:
    body = curve(live=False, absent=["202612"], ignored=[IGNORED], ignored_rows=1)
    body["points"][0] |= {"is_stale": True, "settled_on": "2026-09-11"}
    api.on("GET", "/v1/products/CL/curve", 200, body)
    lines = api.run("curve", "CL", "--as-of", "2026-09-14").stdout.splitlines()
    assert lines[-3:-1] == [
        "stale: CLV26 (settled 2026-09-11)",
        "without a settlement: 202612",
    ]
    assert lines[-1].startswith("not used: 1 stored row")


def test_a_silent_contract_of_a_live_curve_is_stale(api: "FakeApi") -> None:
    body = curve()
    body["points"][1] |= {"is_stale": True}
    api.on("GET", "/v1/products/CL/curve", 200, body)
    assert api.run("curve", "CL").stdout.splitlines()[-1] == "stale: CLX26 (silent)"


def test_a_chart_of_many_dates_keeps_the_first_and_the_last() -> None:
    dates = [date.fromordinal(737_000 + n) for n in range(500)]
    lines = date_chart(dates, [Decimal(n) for n in range(500)])
    assert sum(line.count("●") for line in lines) == 24
    assert lines[1].startswith("499.00")
    assert lines[-1].split()[0] == str(dates[0])
    assert lines[-1].split()[-1] == str(dates[-1])
    assert date_chart(dates[:1], [Decimal(1)])[1].count("●") == 1


def test_a_chart_of_many_dates_keeps_the_lowest_and_the_highest() -> None:
    dates = [date.fromordinal(737_000 + n) for n in range(252)]
    prices = [Decimal(50)] * 252
    prices[75], prices[130] = Decimal("-37.63"), Decimal(64)
    lines = date_chart(dates, prices)
    scale = [line for line in lines if "┤" in line]
    assert scale[0].startswith(" 64.00")
    assert scale[-1].startswith("-37.63")
    assert (scale[0].count("●"), scale[-1].count("●")) == (1, 1)


def test_nothing_missing_is_not_mentioned() -> None:
    assert remarks((), (), 0) == []
    many = [date(2020, 1, day) for day in range(1, 8)]
    (line,) = remarks(many, (), 0)
    assert line.startswith("7 days without a settlement: 2020-01-01, ")
    assert line.endswith(", …")
