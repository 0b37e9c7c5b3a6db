"""Check what the routes of books decide before they ask a store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.books import MAX_POSITIONS
from quant.calendars import last_trade_date, listed_contracts
from storage.book_files import COLUMNS
from tests.unit.serve.test_routes import refused

TODAY = datetime.now(UTC).date()
CONTRACT = listed_contracts("CL", TODAY, 3)[-1]
FUTURE: dict[str, Any] = {"kind": "future", "instrument": str(CONTRACT), "contracts": 1}
OPTION: dict[str, Any] = {**FUTURE, "kind": "option", "right": "call", "strike": "75"}
LEGS = [{"instrument": code, "ratio": 1} for code in (str(CONTRACT), "HO-202001")]
SPREAD: dict[str, Any] = {"kind": "spread", "legs": LEGS, "contracts": 1}
IF_MATCH = {"If-Match": '"1"'}
HEADER = ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Desk"}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": None}, "name"),
        ({"title": ""}, "title"),
        ({"colour": "red"}, "colour"),
        ({"positions": None}, "positions"),
        ({"positions": [FUTURE] * (MAX_POSITIONS + 1)}, "positions"),
        ({"positions": [FUTURE, {**FUTURE, "contracts": 0}]}, "positions.1.future.contracts"),
        ({"positions": [{**FUTURE, "kind": "swap"}]}, "positions.0"),
        ({"positions": [{**OPTION, "expiry": "2020-01-02"}]}, "positions.0.option.expiry"),
    ],
    ids=["upper", "long", "none", "title", "unknown", "null", "many", "zero", "kind", "expired"],
)
async def test_a_book_that_breaks_a_rule(edge: Any, changes: dict[str, Any], field: str) -> None:
    body = {"name": "desk", "positions": [], **changes}
    assert (await refused(edge, "POST", "/v1/books", json=body))["field"] == field
    if "name" not in changes:
        body.pop("name")
        path = "/v1/books/desk"
        document = await refused(edge, "PUT", path, json=body, headers=IF_MATCH)
        assert document["field"] == field


async def test_an_option_after_the_end_of_its_future(edge: Any) -> None:
    expiry = last_trade_date(CONTRACT) + timedelta(days=1)
    body = {"name": "desk", "positions": [{**OPTION, "expiry": expiry.isoformat()}]}
    document = await refused(edge, "POST", "/v1/books", json=body)
    assert document["field"] == "positions.0.option.expiry"
    assert f"to {last_trade_date(CONTRACT)}, when {CONTRACT} last trades" in document["reason"]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "1e999"])
async def test_numbers_that_are_none(edge: Any, word: str) -> None:
    body = f'{{"name": "d", "positions": [{{"kind": "future", "instrument": "{CONTRACT}", '
    body += f'"contracts": {word}}}]}}'
    headers = {"content-type": "application/json"}
    document = await refused(edge, "POST", "/v1/books", content=body, headers=headers)
    assert document["field"] == "positions.0.future.contracts"


@pytest.mark.parametrize(
    ("position", "instrument", "place"),
    [
        ({**FUTURE, "instrument": "XX-202612"}, "XX-202612", "future.instrument: product XX"),
        ({**OPTION, "instrument": "CL-202005"}, "CL-202005", "option.instrument: it last traded"),
        (SPREAD, "HO-202001", "spread.legs: it last traded on 2019-12-31"),
        ({**FUTURE, "instrument": "CL-215012"}, "CL-215012", "future.instrument: it is not listed"),
    ],
)
async def test_an_unknown_instrument_is_named_with_its_position(
    edge: Any, position: dict[str, Any], instrument: str, place: str
) -> None:
    body = {"name": "desk", "positions": [FUTURE, position]}
    async with edge.client() as client:
        answer = await client.post("/v1/books", json=body)
    assert answer.status_code == 422, answer.text
    document = answer.json()
    assert document["type"].endswith("/unknown-instrument")
    assert document["instrument"] == instrument
    assert document["reason"].startswith(f"positions.1.{place}")


@pytest.mark.parametrize("given", ["", "one", '"0"', '"1', "'1'", '1"', '"1", "2"', "-1"])
async def test_a_version_that_is_none(edge: Any, given: str) -> None:
    document = await refused(
        edge, "PUT", "/v1/books/desk", json={"positions": []}, headers={"If-Match": given}
    )
    assert document["field"] == "if-match"


async def test_who_replaces_names_the_version(edge: Any) -> None:
    document = await refused(edge, "PUT", "/v1/books/desk", json={"positions": []})
    assert document["field"] == "if-match"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/books?limit=0", "limit"),
        ("/v1/books?limit=201", "limit"),
        ("/v1/books?before=x", "before"),
        ("/v1/books/A_B", "name"),
        ("/v1/books/desk?version=0", "version"),
        ("/v1/books/desk?version=2147483648", "version"),
        ("/v1/books/desk?format=parquet", "format"),
        ("/v1/books/desk/versions?before=0", "before"),
    ],
)
async def test_a_question_that_breaks_a_rule(edge: Any, path: str, field: str) -> None:
    assert (await refused(edge, "GET", path))["field"] == field


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("", "row 0, column all"),
        ("kind,prise\n", "row 0, column prise"),
        (f"kind,instrument,contracts\nfuture,{CONTRACT},1\nfuture,{CONTRACT},x\n", "row 2, "),
        (f"kind,instrument,contracts\nfuture,{CONTRACT},nan\n", "row 1, column contracts"),
        (
            "kind,instrument,contracts,right,strike,expiry\n"
            f"\noption,{CONTRACT},1,put,-5,2020-01-02\n",
            "row 2, column expiry",
        ),
    ],
)
async def test_a_bad_cell_is_named(edge: Any, content: str, field: str) -> None:
    path = "/v1/books/desk/import"
    document = await refused(edge, "POST", path, content=content.encode())
    assert document["field"].startswith(field)


async def test_a_contract_in_a_file_that_does_not_trade(edge: Any) -> None:
    content = b"kind,contracts,legs\n\nspread,1,HO-202001:1;CL-202001:-0.5\n"
    async with edge.client() as client:
        answer = await client.post("/v1/books/desk/import", content=content)
    document = answer.json()
    assert (answer.status_code, document["instrument"]) == (422, "HO-202001")
    assert document["reason"] == "row 2, column legs: it last traded on 2019-12-31"


@pytest.mark.parametrize(
    ("query", "field"),
    [("mode=merge", "mode"), ("create=perhaps", "create"), ("title=", "title")],
)
async def test_an_import_that_breaks_a_rule(edge: Any, query: str, field: str) -> None:
    document = await refused(edge, "POST", f"/v1/books/desk/import?{query}", content=HEADER)
    assert document["field"] == field


async def test_more_positions_than_a_book_holds(edge: Any) -> None:
    row = f"future,{CONTRACT},1\n"
    content = "kind,instrument,contracts\n" + row * (MAX_POSITIONS + 1)
    document = await refused(edge, "POST", "/v1/books/desk/import", content=content)
    assert document["field"] == "positions"


async def test_a_file_that_is_longer_than_any_body(edge: Any) -> None:
    async with edge.client() as client:
        answer = await client.post("/v1/books/desk/import", content=b"x" * (1024**2 + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_positions_are_described_by_their_kind(edge: Any) -> None:
    schemas = edge.api.openapi()["components"]["schemas"]
    positions = schemas["NewBook"]["properties"]["positions"]
    assert set(positions["items"]["discriminator"]["mapping"]) == {"future", "option", "spread"}
    paths = edge.api.openapi()["paths"]
    replaced = {one["name"]: one for one in paths["/v1/books/{name}"]["put"]["parameters"]}
    assert replaced["if-match"]["required"]
