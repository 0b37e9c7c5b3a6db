"""Own the conversations about books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

from pydantic import BaseModel
from pydantic_core import to_json

from heliostat.answers import query, segment
from heliostat.books import Book, BookPage, BookPosition, BookSummary, BookVersionPage
from heliostat.conversation import Conversation
from heliostat.effects import Call, Emit, FileBody, Flow
from heliostat.files import save
from heliostat.models import ExportResult

ImportMode = Literal["replace", "append"]
GivenPosition: TypeAlias = BookPosition | Mapping[str, Any]

_PATH = "/v1/books"
_CSV = "text/csv"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFlows(Conversation):
    """Make the flows about books.

    What changes a book is not repeated once it may have arrived: the repetition would find its own
    change, and report it as someone else's.
    """

    def books(self, page_size: int) -> Flow[None]:
        before: str | None = None
        while True:
            params = query(limit=page_size, before=before)
            call = Call(method="GET", path=_PATH, params=params)
            page = yield from self._fetch(BookPage, call)
            for item in page.items:
                yield Emit(item)
            if page.next_before is None or page.next_before == before:
                return
            before = page.next_before

    def book(self, name: str, version: int | None) -> Flow[Book]:
        params = query(version=version)
        return self._fetch(Book, Call(method="GET", path=_path(name), params=params))

    def book_versions(self, name: str, page_size: int) -> Flow[None]:
        before: int | None = None
        while True:
            params = query(limit=page_size, before=before)
            call = Call(method="GET", path=f"{_path(name)}/versions", params=params)
            page = yield from self._fetch(BookVersionPage, call)
            for item in page.items:
                yield Emit(item)
            if page.next_before is None or page.next_before == before:
                return
            before = page.next_before

    def save_book(
        self,
        name: str,
        positions: Sequence[GivenPosition],
        version: int | None,
        title: str | None,
        note: str | None,
    ) -> Flow[Book]:
        fields = {
            "title": title,
            "positions": [one if isinstance(one, BaseModel) else dict(one) for one in positions],
            "note": note,
        }
        if version is None:
            body = to_json({"name": name, **fields}, exclude_none=True)
            call = Call(method="POST", path=_PATH, headers=_JSON, body=body, repeatable=False)
        else:
            call = Call(
                method="PUT",
                path=_path(name),
                headers=_JSON | _if_match(version),
                body=to_json(fields, exclude_none=True),
                repeatable=False,
            )
        return self._fetch(Book, call)

    def import_book(
        self,
        path: Path,
        name: str,
        mode: ImportMode,
        create: bool,
        version: int | None,
        title: str | None,
        note: str | None,
    ) -> Flow[BookSummary]:
        call = Call(
            method="POST",
            path=f"{_path(name)}/import",
            params=query(mode=mode, create=create, title=title, note=note),
            headers={
                "Content-Type": _CSV,
                "Content-Length": str(path.stat().st_size),
                **_if_match(version),
            },
            body=FileBody(path),
            repeatable=False,
        )
        return self._fetch(BookSummary, call)

    def export_book(
        self, name: str, to: Path | BinaryIO, version: int | None
    ) -> Flow[ExportResult]:
        """Write the positions to a file, which appears under its name only when whole."""
        params = query(format="csv", version=version)
        call = Call(method="GET", path=_path(name), params=params, headers={"Accept": _CSV})
        yield from self._open(call, _CSV)
        return (yield from save(to))

    def remove_book(self, name: str, version: int | None) -> Flow[None]:
        headers = _if_match(version)
        yield from self._send(
            Call(method="DELETE", path=_path(name), headers=headers, repeatable=False)
        )


def _path(name: str) -> str:
    return f"{_PATH}/{segment(name)}"


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}
