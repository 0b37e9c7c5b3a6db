"""Check how answers of the database are printed: as JSON, as CSV, for people."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from cluster.local import queries

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes the database answer so."""

    def made(columns: tuple[str, ...], *rows: tuple[Any, ...]) -> None:
        told = queries.Answer(columns=columns, rows=list(rows), is_whole=True)
        monkeypatch.setattr(queries, "ask", lambda *_: told)

    return made


def test_json_holds_what_json_can_hold(api: "FakeApi", answer: Any) -> None:
    answer(("a", "b"), (float("nan"), [1.5, float("inf")]))

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    printed = api.run("sql", "SELECT", "--json").stdout
    told = json.loads(printed, parse_constant=refuse)
    assert told == {"items": [{"a": "nan", "b": [1.5, "inf"]}], "is_whole": True}


def test_two_columns_of_one_name_lose_nothing(api: "FakeApi", answer: Any) -> None:
    answer(("n", "n"), (1, 2))
    refused = api.run("sql", "SELECT", "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "tell them apart by AS" in refused.stderr
    assert api.run("sql", "SELECT", "--csv").stdout == "n,n\n1,2\n"
