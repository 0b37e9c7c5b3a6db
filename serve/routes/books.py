"""Own books over HTTP: made, read, replaced version by version, imported and exported as CSV.

A version stands in `ETag`; `If-Match` says which one a request is about.
"""

import asyncio
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel

from core.books import (
    Book,
    BookDraft,
    BookName,
    BookSummary,
    BookVersion,
    Note,
    Position,
    Title,
    joined,
    summary_of,
)
from core.clock import utc_from_ns
from core.errors import BookNotFound, InvalidInput
from core.identity import Permission, Principal
from quant.book_listing import listed
from serve.identity.access import PrincipalOf, needs
from serve.services import Services, ServicesOf
from storage import books
from storage.book_files import read_positions, write_positions
from storage.table_files import CSV_TYPE

router = APIRouter(tags=["books"])

# A proxy that compresses marks the tag as weak.
_VERSION = re.compile(r'(?:W/)?("?)([1-9][0-9]{0,8})\1')
_CSV: dict[str, Any] = {CSV_TYPE: {"schema": {"type": "string"}}}


class NewBook(BookDraft):
    """Name a book, and hold what its first version is to be."""

    name: BookName


class BookView(BaseModel):
    """Hold one version of a book."""

    book_id: UUID
    name: str
    version: int
    title: str
    positions: tuple[Position, ...]
    note: str | None
    created_at: datetime
    recorded_at: datetime


class VersionView(BaseModel):
    """Tell of one version of a book, without its positions."""

    version: int
    title: str
    position_count: int
    note: str | None
    recorded_at: datetime


class SummaryView(VersionView):
    """Tell of a book and its latest version, without its positions."""

    book_id: UUID
    name: str
    created_at: datetime


class BookPage(BaseModel):
    """Hold one page of books, newest first; pass `next_before` as `before` for the next."""

    items: list[SummaryView]
    next_before: UUID | None


class VersionPage(BaseModel):
    """Hold one page of versions, newest first; pass `next_before` as `before` for the next."""

    items: list[VersionView]
    next_before: int | None


def _version_of(if_match: str) -> int | None:
    given = if_match.strip()
    found = _VERSION.fullmatch(given)
    if found is None and given != "*":
        reason = f'expected a version such as "3", or *, was {given[:80]!r}'
        raise InvalidInput(field="if-match", reason=reason)
    return int(found[2]) if found else None


_IfMatch = Header(description='The version that is meant, such as `"3"`; `*` is any.')


async def _expected(if_match: Annotated[str, _IfMatch]) -> int | None:
    return _version_of(if_match)


async def _expected_if_any(if_match: Annotated[str, _IfMatch] = "*") -> int | None:
    return _version_of(if_match)


Expected = Annotated[int | None, Depends(_expected)]
ExpectedIfAny = Annotated[int | None, Depends(_expected_if_any)]
Version = Annotated[int | None, Query(ge=1, le=books.MAX_VERSION)]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.post("/books", status_code=201, dependencies=[needs(Permission.BOOKS_WRITE)])
async def create_book(
    body: NewBook, response: Response, caller: PrincipalOf, services: ServicesOf
) -> BookView:
    """Store a book. Contracts must trade; an option expires with its future unless it says when."""
    draft = _listed(body, _today(services))
    async with services.pools.write(caller.org_id) as connection:
        book = await books.create(connection, caller.org_id, body.name, draft, _now(services))
    response.headers["Location"] = f"/v1/books/{book.name}"
    return _tagged(book, response)


@router.get("/books", dependencies=[needs(Permission.BOOKS_READ)])
async def list_books(
    caller: PrincipalOf,
    services: ServicesOf,
    limit: Limit = 50,
    before: Annotated[UUID | None, Query(description="`next_before` of the page before.")] = None,
) -> BookPage:
    """List books, newest first, without their positions."""
    async with services.pools.read(caller.org_id) as connection:
        page = await books.list_page(connection, caller.org_id, limit, before)
    last = page[-1].book_id if len(page) == limit else None
    return BookPage(items=[_summary_view(one) for one in page], next_before=last)


@router.get(
    "/books/{name}",
    response_model=BookView,
    responses={200: {"content": _CSV}},
    dependencies=[needs(Permission.BOOKS_READ)],
)
async def read_book(
    name: BookName,
    caller: PrincipalOf,
    services: ServicesOf,
    response: Response,
    version: Annotated[Version, Query(description="Unset: the latest.")] = None,
    asked: Annotated[
        Literal["json", "csv"] | None,
        Query(alias="format", description="Unset: CSV if the Accept header names it, else JSON."),
    ] = None,
    accept: Annotated[str, Header()] = "",
) -> BookView | Response:
    """Return a book as JSON, or its positions as the CSV that an import takes."""
    async with services.pools.read(caller.org_id) as connection:
        book = await books.get(connection, caller.org_id, name, version)
    if asked == "csv" or (asked is None and CSV_TYPE in accept.lower()):
        body = await asyncio.to_thread(write_positions, book.positions)
        answer = Response(body, media_type=CSV_TYPE, headers={"Vary": "Accept"})
        _tagged(book, answer)
        return answer
    response.headers["Vary"] = "Accept"
    return _tagged(book, response)


@router.get("/books/{name}/versions", dependencies=[needs(Permission.BOOKS_READ)])
async def list_versions(
    name: BookName,
    caller: PrincipalOf,
    services: ServicesOf,
    limit: Limit = 50,
    before: Annotated[Version, Query(description="`next_before` of the page before.")] = None,
) -> VersionPage:
    """List the versions of a book, newest first; each stays readable."""
    async with services.pools.read(caller.org_id) as connection:
        page = await books.versions(connection, caller.org_id, name, limit, before)
    last = page[-1].version if len(page) == limit and page[-1].version > 1 else None
    return VersionPage(items=[_version_view(one) for one in page], next_before=last)


@router.put("/books/{name}", dependencies=[needs(Permission.BOOKS_WRITE)])
async def replace_book(
    name: BookName,
    body: BookDraft,
    response: Response,
    caller: PrincipalOf,
    services: ServicesOf,
    expected: Expected,
) -> BookView:
    """Store the next version of a book, in place of the one that `If-Match` names.

    Of two that replace the same version one is refused with 409. Nothing new is stored where
    neither title nor positions change.
    """
    draft = _listed(body, _today(services))
    async with services.pools.write(caller.org_id) as connection:
        book = await books.replace(connection, caller.org_id, name, draft, expected, _now(services))
    return _tagged(book, response)


@router.delete("/books/{name}", status_code=204, dependencies=[needs(Permission.BOOKS_WRITE)])
async def remove_book(
    name: BookName, caller: PrincipalOf, services: ServicesOf, expected: ExpectedIfAny
) -> Response:
    """Remove a book, if it is still at the version that `If-Match` names, where it names one."""
    async with services.pools.write(caller.org_id) as connection:
        await books.remove(connection, caller.org_id, name, expected, _now(services))
    return Response(status_code=204)


class _Import(BaseModel):
    """Hold how a file is to be imported."""

    mode: Literal["replace", "append"] = "replace"
    create: bool = False
    title: Title | None = None
    note: Note | None = None


@router.post(
    "/books/{name}/import",
    responses={201: {"model": SummaryView}},
    openapi_extra={"requestBody": {"required": True, "content": _CSV}},
    dependencies=[needs(Permission.BOOKS_WRITE)],
)
async def import_book(
    name: BookName,
    request: Request,
    response: Response,
    caller: PrincipalOf,
    services: ServicesOf,
    how: Annotated[_Import, Query()],
    expected: ExpectedIfAny,
) -> SummaryView:
    """Store a CSV of positions as the next version of a book, or not one row of it.

    Columns: kind, instrument, contracts, price, right, strike, expiry, style, volatility, legs and
    label. `mode=append` keeps the positions that are there; `create=true` makes a book that is
    not. A bad cell is named by row, counted from 1 below the header, and column.
    """
    positions = await asyncio.to_thread(_positions, await request.body(), _today(services))
    book, is_new = await _stored(name, positions, how, expected, caller, services)
    response.status_code = 201 if is_new else 200
    response.headers["ETag"] = f'"{book.version}"'
    return _summary_view(summary_of(book))


async def _stored(
    name: str,
    positions: tuple[Position, ...],
    how: _Import,
    expected: int | None,
    caller: Principal,
    services: Services,
) -> tuple[Book, bool]:
    org_id, now = caller.org_id, _now(services)
    async with services.pools.write(org_id) as connection:
        try:
            held = await books.hold(connection, org_id, name, expected)
        except BookNotFound:
            if not how.create or expected is not None:
                raise
            draft = BookDraft(title=how.title, positions=positions, note=how.note)
            return await books.create(connection, org_id, name, draft, now), True
        if how.mode == "append":
            positions = joined(held.positions, positions)
        draft = BookDraft(title=how.title, positions=positions, note=how.note)
        return await books.replace(connection, org_id, name, draft, held.version, now), False


def _positions(body: bytes, today: date) -> tuple[Position, ...]:
    found = read_positions(body)
    return listed(found.positions, today, found.where)


def _listed(draft: BookDraft, today: date) -> BookDraft:
    return draft.model_copy(update={"positions": listed(draft.positions, today)})


def _now(services: Services) -> datetime:
    return utc_from_ns(services.clock.now_ns())


def _today(services: Services) -> date:
    return _now(services).date()


def _tagged(book: Book, response: Response) -> BookView:
    response.headers["ETag"] = f'"{book.version}"'
    return BookView(**dict(book))


def _version_view(version: BookVersion) -> VersionView:
    return VersionView.model_validate(version, from_attributes=True)


def _summary_view(book: BookSummary) -> SummaryView:
    latest = _version_view(book.latest).model_dump()
    return SummaryView(**latest, book_id=book.book_id, name=book.name, created_at=book.created_at)
