"""Check how both clients speak about books."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import heliostat
from tests.unit.clients.test_client import Script, problem

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Ask

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FUTURE = {"kind": "future", "instrument": "CL-202612", "contracts": -12.0, "price": "-37.630"}
OPTION = {
    "kind": "option",
    "instrument": "CL-202612",
    "contracts": 3.0,
    "right": "put",
    "strike": "75",
    "expiry": "2026-11-16",
    "style": "average",
    "volatility": 0.35,
}
SPREAD = {
    "kind": "spread",
    "legs": [{"instrument": "CL-202612", "ratio": 1.0}, {"instrument": "HO-202612", "ratio": -0.5}],
    "contracts": 2.0,
    "label": "crack",
}
VERSION = {"version": 2, "title": "Crude", "position_count": 3, "recorded_at": NOON.isoformat()}
SUMMARY = VERSION | {"book_id": "b1", "name": "desk", "created_at": NOON.isoformat()}
BOOK = {
    "book_id": "b1",
    "name": "desk",
    "version": 2,
    "title": "Crude",
    "positions": [FUTURE | {"label": None}, OPTION, SPREAD],
    "note": None,
    "created_at": NOON.isoformat(),
    "recorded_at": NOON.isoformat(),
}


def test_a_book_is_typed(ask: "Ask") -> None:
    script = Script(httpx.Response(200, json=BOOK))
    book = ask(script, "book", "desk", version=2)
    assert str(script.requests[0].url).endswith("/v1/books/desk?version=2")
    future, option, spread = book.positions
    assert isinstance(future, heliostat.FuturePosition)
    assert (str(future.price), future.contracts) == ("-37.630", -12.0)
    assert isinstance(option, heliostat.OptionPosition)
    assert (option.expiry, option.strike) == (date(2026, 11, 16), Decimal(75))
    assert isinstance(spread, heliostat.SpreadPosition)
    assert spread.legs[1] == heliostat.SpreadLeg(instrument="HO-202612", ratio=-0.5)


def test_a_book_is_made_of_models_and_mappings(ask: "Ask") -> None:
    script = Script(httpx.Response(201, json=BOOK))
    positions = [heliostat.FuturePosition(instrument="CL-202612", contracts=1), SPREAD]
    ask(script, "save_book", "desk", positions, title="Crude")
    (request,) = script.requests
    assert (request.method, request.url.path) == ("POST", "/v1/books")
    assert "if-match" not in request.headers
    assert json.loads(request.content) == {
        "name": "desk",
        "title": "Crude",
        "positions": [{"kind": "future", "instrument": "CL-202612", "contracts": 1.0}, SPREAD],
        "note": None,
    }


def test_what_was_read_is_put_back_at_its_version(ask: "Ask") -> None:
    book = ask(Script(httpx.Response(200, json=BOOK)), "book", "desk")
    script = Script(httpx.Response(200, json=BOOK))
    ask(script, "save_book", book.name, book.positions, version=book.version, note="same")
    (request,) = script.requests
    assert (request.method, request.url.path) == ("PUT", "/v1/books/desk")
    assert request.headers["if-match"] == '"2"'
    assert json.loads(request.content) == {
        "title": None,
        "positions": [FUTURE, OPTION, SPREAD],
        "note": "same",
    }


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("book-not-found", 404, heliostat.BookNotFound),
        ("book-exists", 409, heliostat.BookExists),
        ("book-changed", 409, heliostat.BookChanged),
        ("unknown-instrument", 422, heliostat.UnknownInstrument),
    ],
)
def test_a_refusal_has_a_class_of_its_own(
    ask: "Ask", code: str, status: int, kind: type[heliostat.ApiError]
) -> None:
    with pytest.raises(kind) as caught:
        ask(Script(problem(code, status, version=3)), "save_book", "desk", [FUTURE], version=2)
    assert caught.value.context["version"] == 3


@pytest.mark.parametrize(
    ("method", "words"), [("save_book", ["desk", [FUTURE]]), ("remove_book", ["desk"])]
)
def test_a_change_is_not_repeated_once_it_may_have_arrived(
    ask: "Ask", method: str, words: list[Any]
) -> None:
    with pytest.raises(heliostat.Unreachable):
        ask(Script(httpx.ReadTimeout("slow")), method, *words)


def test_books_and_versions_are_listed_page_by_page(ask: "Ask") -> None:
    script = Script(
        httpx.Response(200, json={"items": [SUMMARY], "next_before": "b1"}),
        httpx.Response(200, json={"items": [SUMMARY | {"name": "b"}], "next_before": None}),
    )
    assert [one.name for one in ask(script, "books", page_size=1)] == ["desk", "b"]
    assert dict(script.requests[1].url.params) == {"limit": "1", "before": "b1"}
    script = Script(
        httpx.Response(200, json={"items": [VERSION], "next_before": 2}),
        httpx.Response(200, json={"items": [VERSION | {"version": 1}], "next_before": None}),
    )
    assert [one.version for one in ask(script, "book_versions", "desk")] == [2, 1]
    assert dict(script.requests[1].url.params) == {"limit": "50", "before": "2"}


def test_a_file_is_imported(ask: "Ask", tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    path.write_text("kind,instrument,contracts\n")
    script = Script(httpx.Response(201, json=SUMMARY))
    told = ask(script, "import_book", path, "desk", mode="append", create=True, note="a & b")
    assert (told.name, told.version, told.position_count) == ("desk", 2, 3)
    (request,) = script.requests
    assert request.url.path == "/v1/books/desk/import"
    assert dict(request.url.params) == {"mode": "append", "create": "true", "note": "a & b"}
    assert (request.headers["content-type"], request.content) == ("text/csv", path.read_bytes())
    script = Script(httpx.Response(200, json=SUMMARY))
    ask(script, "import_book", str(path), "desk", version=4)
    assert script.requests[0].headers["if-match"] == '"4"'


def test_a_bad_cell_is_told(ask: "Ask", tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    path.write_text("kind\n")
    refusal = problem("invalid-input", 422, field="row 3, column strike")
    with pytest.raises(heliostat.InvalidInput) as caught:
        ask(Script(refusal), "import_book", path, "desk")
    assert caught.value.context["field"] == "row 3, column strike"


def test_a_book_is_exported_whole(ask: "Ask", tmp_path: Path) -> None:
    def answer() -> httpx.Response:
        return httpx.Response(200, content=b"kind\n", headers={"content-type": "text/csv"})

    target = tmp_path / "out.csv"
    script = Script(answer())
    written = ask(script, "export_book", "desk", target, version=3)
    assert (target.read_bytes(), written.bytes_written) == (b"kind\n", 5)
    assert dict(script.requests[0].url.params) == {"format": "csv", "version": "3"}
    sink = io.BytesIO()
    assert ask(Script(answer()), "export_book", "desk", sink).path is None
    assert sink.getvalue() == b"kind\n"
    with pytest.raises(heliostat.UnexpectedAnswer):
        ask(Script(httpx.Response(200, json={})), "export_book", "desk", target)


def test_a_book_is_removed(ask: "Ask") -> None:
    script = Script(httpx.Response(204))
    assert ask(script, "remove_book", "desk", version=3) is None
    (request,) = script.requests
    assert (request.method, request.headers["if-match"]) == ("DELETE", '"3"')
