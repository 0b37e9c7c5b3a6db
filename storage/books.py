"""Own the stored books: each a name, and versions that are added and never changed."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import uuid_utils.compat as uuid_utils

from core.books import Book, BookDraft, BookSummary, BookVersion
from core.errors import BookChanged, BookExists, BookNotFound, InvalidInput, NotFound
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("books")
_AFTER_ALL = datetime(9999, 12, 31, tzinfo=UTC)
MAX_VERSION = 2**31 - 1


async def create(
    conn: "WriteConn", org_id: UUID, name: str, draft: BookDraft, now: datetime
) -> Book:
    """Store a book at version 1.

    Raises:
        BookExists: the organisation keeps one of this name.
    """
    book = Book(
        book_id=uuid_utils.uuid7(),
        name=name,
        version=1,
        title=draft.title or name,
        positions=draft.positions,
        note=draft.note,
        created_at=now,
        recorded_at=now,
    )
    made = await conn.fetchval(_SQL["insert_book"], org_id, book.book_id, name, now)
    if made is None:
        raise BookExists(name=name)
    await _record(conn, org_id, book)
    return book


async def replace(
    conn: "WriteConn",
    org_id: UUID,
    name: str,
    draft: BookDraft,
    expected: int | None,
    now: datetime,
) -> Book:
    """Store the next version of a book; one that changes neither title nor positions is not kept.

    `expected` is the version that it replaces, None whichever is the latest.

    Raises:
        BookNotFound: the organisation keeps none of this name.
        BookChanged: the book is at another version than expected.
    """
    held = await hold(conn, org_id, name, expected)
    title = draft.title or held.title
    if (title, draft.positions) == (held.title, held.positions):
        return held
    changes = {
        "version": held.version + 1,
        "title": title,
        "positions": draft.positions,
        "note": draft.note,
        "recorded_at": now,
    }
    book = held.model_copy(update=changes)
    await _record(conn, org_id, book)
    return book


async def hold(conn: "WriteConn", org_id: UUID, name: str, expected: int | None = None) -> Book:
    """Return the latest version of a book, which nobody else replaces before this transaction ends.

    Raises:
        BookNotFound: the organisation keeps none of this name.
        BookChanged: the book is at another version than expected, where one is.
    """
    # Two statements: the second sees what the one that held it before has stored.
    if await conn.fetchval(_SQL["hold"], org_id, name) is None:
        raise BookNotFound(name=name)
    book = await get(conn, org_id, name)
    if expected is not None and expected != book.version:
        raise BookChanged(name=name, version=book.version, expected=expected)
    return book


async def get(conn: "ReadConn", org_id: UUID, name: str, version: int | None = None) -> Book:
    """Return a book, at its latest version if none is named.

    Raises:
        BookNotFound: the organisation keeps none of this name.
        NotFound: the book has no such version.
    """
    row = await conn.fetchrow(_SQL["read"], org_id, name, version)
    if row is not None:
        return Book(**row)
    await _id_of(conn, org_id, name)
    raise NotFound(what="Version", name=f"{version} of book {name}")


async def list_page(
    conn: "ReadConn", org_id: UUID, limit: int, before: UUID | None = None
) -> list[BookSummary]:
    """List books, newest first, from the one before `before` on.

    Raises:
        InvalidInput: the organisation never had a book `before`.
    """
    upper = (_AFTER_ALL, UUID(int=0))
    if before is not None:
        moment = await conn.fetchval(_SQL["created_at"], org_id, before)
        if moment is None:
            raise InvalidInput(field="before", reason=f"there is no book {before}")
        upper = (moment, before)
    return [_summary(row) for row in await conn.fetch(_SQL["page"], org_id, limit, *upper)]


async def versions(
    conn: "ReadConn", org_id: UUID, name: str, limit: int, before: int | None = None
) -> list[BookVersion]:
    """List the versions of a book, newest first, from the one before `before` on.

    Raises:
        BookNotFound: the organisation keeps none of this name.
    """
    book_id = await _id_of(conn, org_id, name)
    upper = MAX_VERSION if before is None else before
    rows = await conn.fetch(_SQL["versions"], org_id, book_id, upper, limit)
    return [BookVersion(**row) for row in rows]


async def remove(
    conn: "WriteConn", org_id: UUID, name: str, expected: int | None, now: datetime
) -> None:
    """Remove a book; its rows stay, its name is free.

    Raises:
        BookNotFound: the organisation keeps none of this name.
        BookChanged: the book is at another version than expected, where one is.
    """
    held = await hold(conn, org_id, name, expected)
    await conn.execute(_SQL["remove"], org_id, held.book_id, now)


async def _id_of(conn: "ReadConn", org_id: UUID, name: str) -> UUID:
    book_id: UUID | None = await conn.fetchval(_SQL["book_id"], org_id, name)
    if book_id is None:
        raise BookNotFound(name=name)
    return book_id


async def _record(conn: "WriteConn", org_id: UUID, book: Book) -> None:
    await conn.execute(
        _SQL["insert_version"],
        org_id,
        book.book_id,
        book.version,
        book.title,
        [position.model_dump(mode="json", exclude_none=True) for position in book.positions],
        book.note,
        book.recorded_at,
    )


def _summary(row: "asyncpg.Record") -> BookSummary:
    return BookSummary(
        book_id=row["book_id"],
        name=row["name"],
        created_at=row["created_at"],
        latest=BookVersion(
            version=row["version"],
            title=row["title"],
            position_count=row["position_count"],
            note=row["note"],
            recorded_at=row["recorded_at"],
        ),
    )
