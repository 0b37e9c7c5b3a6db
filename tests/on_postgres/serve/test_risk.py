"""Ask for the risk of books over HTTP, of settlements in a real database."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx
import pytest

from core.books import BookDraft, Position
from core.clock import utc_from_ns
from core.risk import RiskQuestion
from core.runs import DEFAULT_ORG
from quant.risk.book_risk import BookRisk, book_risk
from serve.services import Services
from storage import books
from storage.book_markets import BookMarketRequest, load_book_market
from storage.pool import Pools
from tests.april_2020 import NEGATIVE, april, rows_of, store, trading_days
from tests.risk_books import future, option, spread

pytestmark = pytest.mark.postgres

SOURCE = "import:test"
YEAR = trading_days(date(2022, 12, 1), date(2023, 12, 29))
LONG = trading_days(date(2021, 12, 1), date(2023, 12, 29))


def body(positions: Sequence[Position], **asked: Any) -> dict[str, Any]:
    held = [one.model_dump(mode="json", exclude_none=True) for one in positions]
    return {"positions": held, "source": SOURCE, **asked}


async def got(client: httpx.AsyncClient, path: str, sent: dict[str, Any]) -> Any:
    answer = await client.post(f"/v1{path}", json=sent)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, sent: dict[str, Any]) -> Any:
    answer = await client.post(f"/v1{path}", json=sent)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    return answer.status_code, problem["type"].rpartition("/")[2], problem["detail"]


async def a_year(pools: Pools, days: Sequence[date] = YEAR) -> None:
    await store(pools, [*rows_of("CL", days), *rows_of("B", days), *rows_of("NG", days)], SOURCE)


def mixed() -> list[Position]:
    return [
        future("CL-202403", 10, "crude"),
        spread(-4, B_202403=1, B_202405=-1),
        option("CL-202404", "call", 33, -30, volatility=0.4),
        option("CL-202404", "put", 28, 20, volatility=None),
        future("NG-202403", -2),
    ]


async def pure(pools: Pools, positions: Sequence[Position], question: RiskQuestion) -> BookRisk:
    request = BookMarketRequest(
        sources=dict.fromkeys(("CL", "B", "NG"), SOURCE),
        as_of=question.as_of,
        window_days=question.window_days,
    )
    async with pools.read(DEFAULT_ORG) as connection:
        loaded = await load_book_market(connection, DEFAULT_ORG, positions, request)
    return book_risk(loaded.book, question)


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "historical", "levels": [0.9, 0.99], "window_days": 250},
        {"method": "filtered", "window_days": 250},
        {"method": "parametric", "window_days": 250, "decay": 0.97, "degrees_of_freedom": 5},
        {"method": "monte_carlo", "window_days": 250, "paths": 5000, "seed": 7},
        {"method": "filtered", "window_days": 250, "horizon_days": 10, "paths": 3000, "seed": 2},
    ],
    ids=lambda asked: f"{asked['method']}-{asked.get('horizon_days', 1)}",
)
async def test_risk_is_that_of_the_pure_function_and_parts_add_up(
    client: httpx.AsyncClient, pools: Pools, asked: dict[str, Any]
) -> None:
    await a_year(pools)
    found = await got(client, "/risk", body(mixed(), **asked))
    expected = await pure(pools, mixed(), RiskQuestion.checked({**asked, "source": SOURCE}))
    assert len(found["levels"]) == 2
    for level, report in zip(found["levels"], expected.reports, strict=True):
        assert level["level"] == report.level
        for measure in ("value_at_risk", "expected_shortfall"):
            estimate = level[measure]["estimate"]
            assert estimate == getattr(report, measure) > 0.0
            for kind in ("positions", "contracts", "products"):
                total = sum(part[measure] for part in level[kind])
                assert total == pytest.approx(estimate, rel=1e-9)
        assert [part["label"] for part in level["positions"]][:2] == ["crude", "position 2"]
        assert [part["product"] for part in level["products"]] == ["B", "CL", "NG"]
        assert level["expected_shortfall"]["estimate"] > level["value_at_risk"]["estimate"]
        assert level["added"] is None


async def test_an_answer_tells_what_it_is_from(client: httpx.AsyncClient, pools: Pools) -> None:
    await a_year(pools)
    found = await got(client, "/risk", body(mixed(), window_days=200))
    market = found["market"]
    assert market["as_of"] == "2023-12-29"
    assert market["sources"] == dict.fromkeys(("B", "CL", "NG"), SOURCE)
    assert (market["book"], market["version"], market["expired"]) == (None, None, [])
    (volatility,) = market["volatilities"]
    assert (volatility["position"], volatility["model"], volatility["days"]) == (4, "bachelier", 63)
    assert {note["code"] for note in market["notes"]} == {"volatilities-stand-still"}
    assert (found["window"]["days"], found["window"]["last"]) == (200, "2023-12-29")
    assert (found["scenarios"], found["seed"]) == (200, None)
    assert sum(found["distribution"]["counts"]) == 200
    value = found["levels"][0]["value_at_risk"]
    assert value["low"] < value["estimate"] < value["high"]
    parametric = await got(client, "/risk", body(mixed(), method="parametric"))
    assert parametric["levels"][0]["value_at_risk"]["low"] is None
    assert parametric["distribution"] is None
    codes = {note["code"] for note in parametric["market"]["notes"]}
    assert codes == {"covariance", "delta-only", "short-window"}


async def test_the_day_crude_was_negative(client: httpx.AsyncClient, pools: Pools) -> None:
    await store(pools, april("CL"), SOURCE)
    held: list[Position] = [
        future("CL-202005", 1),
        option("CL-202005", "put", 5, 1, volatility=1.2, expiry=date(2020, 4, 21)),
        future("CL-202004", 7),
    ]
    asked = body(held, as_of="2020-04-20", window_days=90, levels=[0.95])
    found = await got(client, "/risk", asked)
    (front,) = found["levels"][0]["contracts"]
    assert (front["contract"], front["price"]) == ("CL-202005", -37.63)
    assert found["market"]["expired"] == [
        {
            "position": 3,
            "contract": "CL-202004",
            "is_option": False,
            "last_traded": "2020-03-20",
        }
    ]
    (volatility,) = found["market"]["volatilities"]
    assert volatility["given"] == 1.2
    assert [part["position"] for part in found["levels"][0]["positions"]] == [1, 2]
    strict = await refused(client, "/risk", {**asked, "strict": True})
    assert strict[:2] == (422, "unknown-instrument")
    assert "CL-202004" in strict[2]
    # without the expired one, the put under Black-76 is what strict refuses
    strict = await refused(
        client, "/risk", {**body(held[:2]), "as_of": "2020-04-20", "strict": True}
    )
    assert strict[:2] == (422, "model-not-applicable")


async def test_additions_are_told_beside_the_book(client: httpx.AsyncClient, pools: Pools) -> None:
    await a_year(pools)
    hedge = body([future("CL-202403", -10), future("NG-202405", 3)])["positions"]
    one = await got(client, "/risk", body(mixed(), window_days=250, add=hedge))
    before = await got(client, "/risk", body(mixed(), window_days=250))
    merged = body(mixed())["positions"] + hedge
    after = await got(client, "/risk", {**body(mixed(), window_days=250), "positions": merged})
    for which in (0, 1):
        level = one["levels"][which]
        assert level["value_at_risk"] == pytest.approx(before["levels"][which]["value_at_risk"])
        for measure in ("value_at_risk", "expected_shortfall"):
            risen = (
                after["levels"][which][measure]["estimate"]
                - before["levels"][which][measure]["estimate"]
            )
            assert level["added"][measure] == pytest.approx(risen)
    opposite = body([future("CL-202403", -10)])["positions"]
    flat = await got(client, "/risk", body([future("CL-202403", 10)], add=opposite))
    for level in flat["levels"]:
        assert level["added"]["value_at_risk"] == -level["value_at_risk"]["estimate"] < 0.0


async def test_a_stored_book(client: httpx.AsyncClient, pools: Pools, services: Services) -> None:
    await a_year(pools)
    now = utc_from_ns(services.clock.now_ns())
    for positions in (mixed()[:1], mixed()):
        draft = BookDraft(positions=tuple(positions))
        async with pools.write(DEFAULT_ORG) as connection:
            if len(positions) == 1:
                await books.create(connection, DEFAULT_ORG, "desk", draft, now)
            else:
                await books.replace(connection, DEFAULT_ORG, "desk", draft, None, now)
    for path in ("", "/stress"):
        stored = await got(client, f"/books/desk/risk{path}", {"source": SOURCE})
        assert (stored["market"].pop("book"), stored["market"].pop("version")) == ("desk", 2)
        direct = await got(client, f"/risk{path}", body(mixed()))
        del direct["market"]["book"], direct["market"]["version"]
        assert stored == direct
    # of the first version, crude alone, which is live from this source
    first = await got(client, "/books/desk/risk", {"version": 1})
    assert [part["product"] for part in first["levels"][0]["products"]] == ["CL"]
    assert (await refused(client, "/books/other/risk", {}))[:2] == (404, "book-not-found")
    assert (await refused(client, "/books/desk/risk", {"version": 9}))[:2] == (404, "not-found")


async def test_stresses(client: httpx.AsyncClient, pools: Pools) -> None:
    await a_year(pools)
    listed = (await client.get("/v1/stresses")).json()["items"]
    names = [stress["name"] for stress in listed]
    assert {"gulf-war-1990", "negative-wti-2020", "uri-2021", "ttf-2022"} <= set(names)
    assert all(stress["origin"] for stress in listed)
    found = await got(client, "/risk/stress", body(mixed()))
    assert [outcome["name"] for outcome in found["outcomes"]] == names
    own = {
        "name": "up",
        "curves": [{"product": "CL", "unit": "points", "values": [2.0]}],
        "volatilities": [],
    }
    found = await got(
        client,
        "/risk/stress",
        body([future("CL-202403", 3), future("NG-202403", 5)], custom=[own]),
    )
    (outcome,) = found["outcomes"]
    assert outcome["profit"] == pytest.approx(3 * 1000 * 2.0)
    assert [part["profit"] for part in outcome["positions"]] == pytest.approx([6000.0, 0.0])
    assert outcome["untouched"] == ["NG-202403"]


async def test_a_profit_is_explained_through_an_expiry(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await store(pools, april("CL"), SOURCE)
    held: list[Position] = [
        future("CL-202005", 2),
        spread(1, CL_202005=-1, CL_202006=1),
        option("CL-202006", "put", 20, 10, volatility=0.9),
    ]
    bought = {"position": body([future("CL-202006", 1)])["positions"][0], "price": 15.0}
    asked = body(held, since="2020-04-20", as_of="2020-04-21", deals=[bought])
    found = await got(client, "/risk/explain", asked)
    assert (found["since"], found["until"]) == ("2020-04-20", "2020-04-21")
    first, second, third = found["positions"]
    assert first["delta"] == first["total"] == pytest.approx(2000 * (10.01 + 37.63))
    expected = 1000 * (11.57 - 20.43) - 1000 * (10.01 + 37.63)
    assert second["total"] == pytest.approx(expected)
    assert third["gamma"] > 0.0 > third["theta"]
    (deal,) = found["deals"]
    assert deal["deals"] == deal["total"] == pytest.approx(1000 * (11.57 - 15.0))
    rows = found["positions"] + found["deals"]
    causes = ("delta", "gamma", "vega", "theta", "deals", "unexplained")
    for row in [*rows, found["total"]]:
        assert row["total"] == pytest.approx(sum(row[cause] for cause in causes))
    assert found["total"]["total"] == pytest.approx(sum(row["total"] for row in rows))


async def test_what_expired_between_is_explained_to_its_last_day(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    later = rows_of("CL", trading_days(date(2020, 4, 22), date(2020, 4, 24)))
    await store(pools, april("CL") + later, SOURCE)
    asked = body([future("CL-202005", 2)], since="2020-04-20")
    found = await got(client, "/risk/explain", asked)
    (row,) = found["positions"]
    assert (found["until"], row["ended"]) == ("2020-04-24", "2020-04-21")
    assert row["total"] == pytest.approx(2000 * (10.01 + 37.63))


@pytest.mark.parametrize("method", ["historical", "filtered", "parametric"])
async def test_a_backtest(client: httpx.AsyncClient, pools: Pools, method: str) -> None:
    await a_year(pools, LONG)
    held: list[Position] = [future("CL-202403", 10), spread(-4, B_202403=1, B_202405=-1)]
    asked = {"method": method, "window_days": 250}
    found = await got(client, "/risk/backtest", body(held, **asked, level=0.95, days=200))
    assert found["observations"] == len(found["days"]) == 200
    assert found["days"][-1]["date"] == "2023-12-29"
    exceptions = [day for day in found["days"] if day["profit"] < -day["value_at_risk"]]
    assert exceptions == [day for day in found["days"] if day["is_exception"]]
    assert found["exceptions"] == len(exceptions)
    # the days were drawn and are all alike, so each method should do
    assert 2 <= found["exceptions"] <= 20
    assert not found["christoffersen"]["is_rejected"]
    joint = found["kupiec"]["statistic"] + found["independence"]["statistic"]
    assert found["christoffersen"]["statistic"] == pytest.approx(joint)
    assert found["traffic_light"]["factor"] is None
    freedom = found["acerbi_szekely"]["degrees_of_freedom"]
    assert freedom == (None if method == "parametric" else 5.0)


@pytest.mark.parametrize("method", ["historical", "filtered", "parametric"])
async def test_the_last_forecast_is_the_risk_of_the_day_before(
    client: httpx.AsyncClient, pools: Pools, method: str
) -> None:
    await a_year(pools)
    held: list[Position] = [future("CL-202403", 10), spread(-4, CL_202403=1, CL_202405=-1)]
    asked: dict[str, Any] = {"method": method, "window_days": 150, "decay": 0.97}
    found = await got(client, "/risk/backtest", body(held, **asked, level=0.9, days=20))
    before = body(held, **asked, levels=[0.9], as_of="2023-12-28")
    (level,) = (await got(client, "/risk", before))["levels"]
    for measure in ("value_at_risk", "expected_shortfall"):
        assert found["days"][-1][measure] == pytest.approx(level[measure]["estimate"])


@pytest.mark.parametrize(
    ("path", "changes", "expected"),
    [
        ("", {"positions": []}, (422, "invalid-input", "positions")),
        ("", {"paths": 100_001}, (422, "invalid-input", "run of the kind risk")),
        ("", {"levels": [0.99, 0.95]}, (422, "invalid-input", "levels that rise")),
        ("", {"levels": [1.0]}, (422, "invalid-input", "levels")),
        ("", {"method": "guess"}, (422, "invalid-input", "method")),
        ("", {"horizon_days": 61}, (422, "invalid-input", "horizon_days")),
        ("", {"window_days": 50}, (422, "history-too-short", "0.99 quantile")),
        ("", {"as_of": "2001-01-01"}, (404, "curve-not-found", "CL")),
        ("", {"source": "import:none"}, (404, "curve-not-found", "import:none")),
        ("", {"dollars": {"EUR": 0}}, (422, "invalid-input", "dollars")),
        ("/stress", {"stresses": ["tulips"]}, (422, "invalid-input", "tulips")),
        (
            "/stress",
            {
                "custom": [
                    {
                        "name": "own",
                        "curves": [
                            {
                                "product": "CL",
                                "unit": "points",
                                "positions": [2, 1],
                                "values": [1, 1],
                            }
                        ],
                    }
                ]
            },
            (422, "invalid-input", "positions"),
        ),
        ("/explain", {"since": "2024-05-01"}, (422, "invalid-input", "since")),
        ("/explain", {}, (422, "invalid-input", "since")),
        ("/backtest", {"window_days": 250}, (422, "history-too-short", "A backtest")),
        ("/backtest", {"method": "monte_carlo"}, (422, "invalid-input", "method")),
    ],
)
async def test_bad_questions_are_refused_by_name(
    client: httpx.AsyncClient,
    pools: Pools,
    path: str,
    changes: dict[str, Any],
    expected: tuple[int, str, str],
) -> None:
    await store(pools, rows_of("CL", YEAR[-120:]), SOURCE)
    status, code, detail = await refused(
        client, f"/risk{path}", body([future("CL-202403", 1)]) | changes
    )
    assert (status, code) == expected[:2]
    assert expected[2] in detail


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [
        ("XX-202403", "positions.0.future.instrument: product XX is unknown"),
        ("CL-202603", "CL-202603: there is no price"),
    ],
)
async def test_unknown_instruments_are_named(
    client: httpx.AsyncClient, pools: Pools, instrument: str, expected: str
) -> None:
    await store(pools, rows_of("CL", YEAR[-120:]), SOURCE)
    status, code, detail = await refused(client, "/risk", body([future(instrument, 1)]))
    assert (status, code) == (422, "unknown-instrument")
    assert expected in detail


async def test_a_curve_of_one_point_has_no_past(client: httpx.AsyncClient, pools: Pools) -> None:
    await store(pools, [f"{NEGATIVE},CL,1,-37.63"], SOURCE)
    asked = body([future("CL-202005", 1)])
    assert (await refused(client, "/risk", asked))[:2] == (422, "history-too-short")
    # no past is needed to say what a move of its price does
    found = await got(client, "/risk/stress", {**asked, "stresses": ["negative-wti-2020"]})
    assert found["outcomes"][0]["profit"] == pytest.approx(-55_900.0)
