"""Keep a book through the API: made, read, replaced, imported, exported, removed."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from core.books import MAX_POSITIONS
from core.runs import DEFAULT_ORG
from quant.calendars import last_trade_date, listed_contracts
from storage.pool import Pools

pytestmark = pytest.mark.postgres

TODAY = datetime.now(UTC).date()
FRONT, NEXT = listed_contracts("CL", TODAY, 4)[2:]
FUTURE: dict[str, Any] = {
    "kind": "future",
    "instrument": str(FRONT),
    "contracts": -12,
    "price": "-37.630",
}
OPTION: dict[str, Any] = {
    "kind": "option",
    "instrument": str(FRONT),
    "right": "put",
    "strike": "75",
    "contracts": 3,
}
SPREAD: dict[str, Any] = {
    "kind": "spread",
    "legs": [{"instrument": str(FRONT), "ratio": 1}, {"instrument": str(NEXT), "ratio": -1}],
    "contracts": 2.5,
    "label": "calendar, wide",
}
BOOK = {"name": "desk", "title": "Crude", "positions": [FUTURE, OPTION, SPREAD], "note": "first"}
PATH = "/v1/books/desk"
CSV = f"kind,instrument,contracts\nfuture,{NEXT},4\n"


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


async def made(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/books", json={**BOOK, **changes})
    assert answer.status_code == 201, answer.text
    book: dict[str, Any] = answer.json()
    return book


async def test_a_book_is_made_and_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/books", json=BOOK)
    book = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, PATH)
    assert (book["version"], book["title"], book["note"]) == (1, "Crude", "first")
    future, option, spread = book["positions"]
    assert (future["price"], future["contracts"], future["label"]) == ("-37.630", -12.0, None)
    assert option["expiry"] == last_trade_date(FRONT).isoformat()
    assert spread["legs"] == SPREAD["legs"]
    read = await client.get(PATH)
    assert (read.json(), read.headers["etag"], read.headers["vary"]) == (book, '"1"', "Accept")
    again = await client.post("/v1/books", json=BOOK)
    assert (again.status_code, code_of(again)) == (409, "book-exists")


async def test_what_was_read_can_be_put_back(client: httpx.AsyncClient) -> None:
    book = await made(client)
    changed = {"positions": [*book["positions"], FUTURE]}
    answer = await client.put(PATH, json=changed, headers={"If-Match": '"1"'})
    second = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (second["version"], second["title"], len(second["positions"])) == (2, "Crude", 4)
    same = await client.put(PATH, json=changed, headers={"If-Match": 'W/"2"'})
    assert same.json() == second
    stale = await client.put(PATH, json={"positions": []}, headers={"If-Match": '"1"'})
    assert (stale.status_code, code_of(stale)) == (409, "book-changed")
    assert (stale.json()["version"], stale.json()["expected"]) == (2, 1)
    third = await client.put(PATH, json={"positions": []}, headers={"If-Match": "*"})
    assert third.json()["positions"] == []
    old = await client.get(PATH, params={"version": 1})
    assert (old.json(), old.headers["etag"]) == (book, '"1"')
    first_page = (await client.get(f"{PATH}/versions?limit=2")).json()
    assert [one["version"] for one in first_page["items"]] == [3, 2]
    before = first_page["next_before"]
    last_page = (await client.get(f"{PATH}/versions?limit=2&before={before}")).json()
    assert [(one["version"], one["position_count"]) for one in last_page["items"]] == [(1, 3)]
    assert last_page["next_before"] is None


async def test_of_two_that_replace_one_version_one_wins(client: httpx.AsyncClient) -> None:
    await made(client)
    bodies = [{"positions": [{**FUTURE, "contracts": number}]} for number in range(1, 7)]
    answers = await asyncio.gather(
        *(client.put(PATH, json=body, headers={"If-Match": '"1"'}) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]
    assert (await client.get(PATH)).json()["version"] == 2


async def test_a_book_leaves_as_csv_and_comes_back(client: httpx.AsyncClient) -> None:
    book = await made(client)
    by_query = await client.get(PATH, params={"format": "csv"})
    by_header = await client.get(PATH, headers={"Accept": "text/csv"})
    assert by_query.content == by_header.content
    assert by_query.headers["content-type"].startswith("text/csv")
    assert by_query.headers["etag"] == '"1"'
    named = await client.get(PATH, params={"format": "json"}, headers={"Accept": "text/csv"})
    assert named.json() == book
    imported = await client.post(
        "/v1/books/copy/import", params={"create": True}, content=by_query.content
    )
    assert (imported.status_code, imported.json()["position_count"]) == (201, 3)
    copy = (await client.get("/v1/books/copy")).json()
    assert (copy["positions"], copy["title"]) == (book["positions"], "copy")


async def test_an_import_replaces_or_appends(client: httpx.AsyncClient) -> None:
    await made(client)
    appended = await client.post(f"{PATH}/import?mode=append&note=more", content=CSV)
    told = appended.json()
    assert (appended.status_code, appended.headers["etag"]) == (200, '"2"')
    assert (told["version"], told["position_count"], told["note"]) == (2, 4, "more")
    replaced = await client.post(f"{PATH}/import?title=Crude oil", content=CSV)
    assert replaced.json()["version"] == 3
    again = await client.post(f"{PATH}/import", content=CSV)
    assert again.json() == replaced.json()
    book = (await client.get(PATH)).json()
    assert [one["instrument"] for one in book["positions"]] == [str(NEXT)]
    assert book["title"] == "Crude oil"
    stale = await client.post(f"{PATH}/import", content=CSV, headers={"If-Match": '"1"'})
    assert code_of(stale) == "book-changed"


async def test_a_file_with_a_bad_cell_changes_nothing(client: httpx.AsyncClient) -> None:
    book = await made(client)
    bad = f"{CSV}future,CL-202001,1\n"
    for query in ("mode=replace", "mode=append"):
        answer = await client.post(f"{PATH}/import?{query}", content=bad)
        assert (answer.status_code, code_of(answer)) == (422, "unknown-instrument")
    assert (await client.post("/v1/books/new/import?create=true", content=bad)).is_error
    assert (await client.get(PATH)).json() == book
    assert (await client.get("/v1/books/new")).status_code == 404


async def test_a_book_is_made_by_an_import_only_where_that_was_asked(
    client: httpx.AsyncClient,
) -> None:
    absent = await client.post(f"{PATH}/import", content=CSV)
    assert (absent.status_code, code_of(absent)) == (404, "book-not-found")
    headers = {"If-Match": '"1"'}
    named = await client.post(f"{PATH}/import?create=true", content=CSV, headers=headers)
    assert code_of(named) == "book-not-found"
    new = await client.post(f"{PATH}/import?create=true&mode=append&title=New", content=CSV)
    assert (new.status_code, new.json()["title"], new.json()["version"]) == (201, "New", 1)


async def test_a_book_that_is_full_takes_no_more(client: httpx.AsyncClient) -> None:
    row = f"future,{NEXT},1\n"
    full = "kind,instrument,contracts\n" + row * MAX_POSITIONS
    filled = await client.post(f"{PATH}/import?create=true", content=full)
    assert filled.json()["position_count"] == MAX_POSITIONS
    more = await client.post(f"{PATH}/import?mode=append", content=CSV)
    assert (more.status_code, more.json()["field"]) == (422, "positions")
    assert (await client.get(PATH)).json()["version"] == 1


async def test_what_expired_in_a_book_does_not_keep_it_from_growing(
    client: httpx.AsyncClient, pools: Pools
) -> None:
    await made(client)
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO book_versions (org_id, book_id, version, title, positions, recorded_at) "
            "SELECT org_id, book_id, 2, 'Old', $1, now() FROM books WHERE org_id = $2",
            [{"kind": "future", "instrument": "CL-202005", "contracts": 1}],
            DEFAULT_ORG,
        )
    appended = await client.post(f"{PATH}/import?mode=append", content=CSV)
    assert appended.json()["position_count"] == 2


async def test_books_are_listed_a_page_at_a_time_and_removed(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await made(client, name=f"desk-{number}")
    page = (await client.get("/v1/books?limit=2")).json()
    rest = (await client.get(f"/v1/books?limit=2&before={page['next_before']}")).json()
    assert [one["name"] for one in page["items"] + rest["items"]] == [
        "desk-2",
        "desk-1",
        "desk-0",
    ]
    assert "positions" not in page["items"][0]
    assert rest["next_before"] is None
    stale = await client.delete("/v1/books/desk-1", headers={"If-Match": '"2"'})
    assert code_of(stale) == "book-changed"
    assert (await client.delete("/v1/books/desk-1")).status_code == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/versions"), ("GET", "?version=1")):
        answer = await client.request(method, f"/v1/books/desk-1{path}")
        assert (answer.status_code, code_of(answer)) == (404, "book-not-found")
    missing = await client.get("/v1/books/desk-0?version=9")
    assert (missing.status_code, code_of(missing)) == (404, "not-found")
