"""Submit simulations of stored books over HTTP, carry them out, and read what they leave."""

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from core.books import BookDraft
from core.runs import DEFAULT_ORG, RunStatus
from storage import books
from tests.april_2020 import NOW, rows_of, store, trading_days
from tests.on_postgres.serve.driven import drive
from tests.risk_books import future, option, spread

if TYPE_CHECKING:
    import httpx

    from core.books import Position
    from serve.services import Services

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

SOURCE = "import:test"
DAYS = trading_days(date(2023, 3, 1), date(2023, 12, 29))
ASKED: dict[str, Any] = {
    "book": "desk",
    "source": SOURCE,
    "paths": 6_000,
    "window_days": 150,
    "levels": [0.95, 0.99],
    "seed": 5,
}


def held() -> "list[Position]":
    return [
        future("CL-202403", 10, "crude"),
        spread(-4, B_202403=1, B_202405=-1),
        option("CL-202404", "call", 33, -30, volatility=0.4),
    ]


def as_json(positions: "list[Position]") -> list[dict[str, Any]]:
    return [one.model_dump(mode="json", exclude_none=True) for one in positions]


@pytest.fixture
async def desk(client: "httpx.AsyncClient", services: "Services") -> "httpx.AsyncClient":
    """Store prices and a book."""
    await store(services.pools, [*rows_of("CL", DAYS), *rows_of("B", DAYS)], SOURCE)
    async with services.pools.write(DEFAULT_ORG) as connection:
        draft = BookDraft(positions=tuple(held()))
        await books.create(connection, DEFAULT_ORG, "desk", draft, NOW)
    return client


async def submit(client: "httpx.AsyncClient", **changes: Any) -> "httpx.Response":
    asked = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    return await client.post("/v1/runs", json={"kind": "risk", "specification": asked})


async def test_a_simulation_is_what_a_request_answers_from_as_many_paths(
    desk: "httpx.AsyncClient", services: "Services"
) -> None:
    answer = await submit(desk)
    assert answer.status_code == 202, answer.text
    submitted = answer.json()
    assert submitted["specification"]["version"] == 1
    assert submitted["specification"]["as_of"] == "2023-12-29"
    run = await drive(services, submitted["run_id"])
    assert run.status is RunStatus.SUCCEEDED, run.error
    path = f"/v1/runs/{submitted['run_id']}/result"
    result = (await desk.get(path)).json()
    body = {name: value for name, value in ASKED.items() if name != "book"}
    waited = await desk.post("/v1/books/desk/risk", json={**body, "method": "monte_carlo"})
    assert waited.status_code == 200, waited.text
    for level, expected in zip(result["levels"], waited.json()["levels"], strict=True):
        for measure in ("value_at_risk", "expected_shortfall"):
            assert level[measure]["estimate"] == expected[measure]["estimate"]
            assert level[measure]["error"] == expected[measure]["error"]
            parts = sum(part[measure] for part in level["positions"])
            assert parts == pytest.approx(level[measure]["estimate"], rel=1e-9)

    rows = (await desk.get(path, params={"form": "csv"})).text.splitlines()
    assert rows[0].startswith("level,part,name,value_at_risk,")
    async with services.pools.read(DEFAULT_ORG) as connection:
        found = await connection.fetch(
            "SELECT * FROM risk_measures WHERE run_id = $1 AND level = 0.99", run.run_id
        )
    assert len(found) == (len(rows) - 1) / 2
    parts = {name: [row for row in found if row["part"] == name] for name in ("book", "contract")}
    (whole,) = parts["book"]
    assert whole["value_at_risk"] == result["levels"][1]["value_at_risk"]["estimate"]
    total = sum(row["expected_shortfall"] for row in parts["contract"])
    assert total == pytest.approx(whole["expected_shortfall"], rel=1e-9)


async def test_what_might_be_added_is_told(desk: "httpx.AsyncClient", services: "Services") -> None:
    added = as_json([future("CL-202403", 20)])
    submitted = (await submit(desk, book=None, positions=as_json(held()), add=added)).json()
    run = await drive(services, submitted["run_id"])
    assert run.result is not None
    assert run.result["book"] is None
    assert run.result["levels"][0]["added"]["expected_shortfall"] != 0.0
    async with services.pools.read(DEFAULT_ORG) as connection:
        count = await connection.fetchval(
            "SELECT count(*) FROM risk_measures WHERE run_id = $1 AND part = 'added'", run.run_id
        )
    assert count == 2


async def test_a_changed_book_is_another_question(
    desk: "httpx.AsyncClient", services: "Services"
) -> None:
    first = (await submit(desk)).json()
    await drive(services, first["run_id"])
    again = await submit(desk)
    assert (again.status_code, again.json()["run_id"]) == (200, first["run_id"])
    async with services.pools.write(DEFAULT_ORG) as connection:
        draft = BookDraft(positions=tuple(held()[:1]))
        await books.replace(connection, DEFAULT_ORG, "desk", draft, 1, NOW)
    other = await submit(desk)
    assert (other.status_code, other.json()["specification"]["version"]) == (202, 2)
    before = await submit(desk, version=1)
    assert before.json()["run_id"] == first["run_id"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"book": "nothing"}, 404, "book-not-found"),
        ({"version": 9}, 404, "not-found"),
        ({"version": 2**40}, 422, "invalid-input"),
        ({"source": "import:other"}, 404, "curve-not-found"),
        ({"as_of": "2022-01-03"}, 404, "curve-not-found"),
        ({"paths": 2_000_000}, 422, "plan-limit-exceeded"),
        ({"method": "historical"}, 422, "invalid-input"),
        (
            {"book": None, "positions": as_json([future("CL-203012", 1)])},
            422,
            "unknown-instrument",
        ),
    ],
    ids=str,
)
async def test_what_is_refused_says_why_and_stores_nothing(
    desk: "httpx.AsyncClient", changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await submit(desk, **changes)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"].rpartition("/")[2] == code
    if code == "plan-limit-exceeded":
        assert answer.json()["field"] == "paths"
    assert (await desk.get("/v1/runs")).json()["items"] == []
