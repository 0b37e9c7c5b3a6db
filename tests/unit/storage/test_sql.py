"""Check the statement files: how they are split, and that repositories and files agree."""

import re
from pathlib import Path

import pytest

from storage import sql

STORAGE = Path(sql.__file__).parent
NOUNS = sorted(path.stem for path in STORAGE.glob("*.sql"))


def test_statements_are_split_by_name() -> None:
    text = "-- name: first\nSELECT 1;\n\n-- name: second_one\n-- a reason\nSELECT 2\n"
    statements = sql.parse("things", text)
    assert statements == {"first": "SELECT 1", "second_one": "-- a reason\nSELECT 2"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;", "names 'a' twice"),
        ("-- name: a\n-- name: b\nSELECT 2;", "nothing below 'a'"),
        ("SELECT 1;\n-- name: a\nSELECT 2;", "above its first"),
    ],
)
def test_a_bad_file_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        sql.parse("things", text)


def test_a_missing_statement_is_named() -> None:
    statements = sql.parse("things", "-- name: a\nSELECT 1;")
    with pytest.raises(LookupError, match=r"things.sql has no statement 'b'; it has a"):
        statements["b"]


@pytest.mark.parametrize("noun", NOUNS)
def test_repositories_use_exactly_the_statements_of_their_file(noun: str) -> None:
    source = (STORAGE / f"{noun}.py").read_text()
    used = set(re.findall(r'_SQL\["([a-z_]+)"\]', source))
    used |= {name for name in sql.load(noun) if f'"{name}"' in source}
    assert used == set(sql.load(noun))


@pytest.mark.parametrize("path", sorted(STORAGE.glob("migrations/*.sql")), ids=lambda p: p.stem)
def test_every_migration_can_be_undone(path: Path) -> None:
    up, _, down = path.read_text().partition("-- migrate:down")
    assert up.startswith("-- migrate:up\n")
    assert down.strip()
