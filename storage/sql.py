"""Own the reading of the `.sql` file of each noun; repositories are the only callers.

A file is a list of statements, each below a line `-- name: lower_case_words`.
"""

import re
from pathlib import Path
from typing import LiteralString, cast

_FOLDER = Path(__file__).parent
_HEADING = re.compile(r"^-- name: ([a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


class Statements(dict[str, LiteralString]):
    """Map the name of a statement to its text; a missing name raises a LookupError."""

    def __init__(self, noun: str, statements: dict[str, LiteralString]) -> None:
        super().__init__(statements)
        self._noun = noun

    def __missing__(self, name: str) -> LiteralString:
        message = f"{self._noun}.sql has no statement {name!r}; it has {', '.join(sorted(self))}"
        raise LookupError(message)


def load(noun: str) -> Statements:
    """Read `<noun>.sql` of this folder.

    Raises:
        ValueError: the file is not a list of named statements, or names one twice.
        FileNotFoundError: there is no such file.
    """
    return parse(noun, (_FOLDER / f"{noun}.sql").read_text())


def parse(noun: str, text: str) -> Statements:
    """Split the text of a `.sql` file into its statements.

    Raises:
        ValueError: the text is not a list of named statements, or names one twice.
    """
    preamble, *parts = _HEADING.split(text)
    if preamble.strip():
        message = f"{noun}.sql has text above its first '-- name:' line"
        raise ValueError(message)
    found: dict[str, LiteralString] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        statement = body.strip().removesuffix(";").rstrip()
        if name in found:
            message = f"{noun}.sql names {name!r} twice"
            raise ValueError(message)
        if not statement:
            message = f"{noun}.sql has nothing below {name!r}"
            raise ValueError(message)
        # text of our own package, never of a caller: what LiteralString is meant to tell
        found[name] = cast("LiteralString", statement)
    return Statements(noun, found)
