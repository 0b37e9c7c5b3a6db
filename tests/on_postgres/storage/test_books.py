"""Keep books in a real database: no version is lost, and of two that replace one, one wins."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from core.books import MAX_POSITIONS, Book, BookDraft, FuturePosition
from core.errors import BookChanged, BookExists, BookNotFound, InvalidInput, NotFound
from core.runs import DEFAULT_ORG, MARKET_ORG
from storage import books

if TYPE_CHECKING:
    from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
POSITIONS: list[dict[str, Any]] = [
    {
        "kind": "future",
        "instrument": "CL-202612",
        "contracts": -0.1,
        "price": "-37.630",
        "label": "“roll” ☂ \\u0000",
    },
    {
        "kind": "option",
        "instrument": "CL-202612",
        "contracts": 1e-7,
        "right": "put",
        "strike": "-5",
        "expiry": "2026-11-16",
        "style": "average",
        "volatility": 0.1 + 0.2,
    },
    {
        "kind": "spread",
        "legs": [
            {"instrument": "CL-202612", "ratio": 1},
            {"instrument": "HO-202612", "ratio": -1 / 3},
        ],
        "contracts": 3,
    },
]


def draft(contracts: float = 1.0, **fields: Any) -> BookDraft:
    future = {"kind": "future", "instrument": "CL-202612", "contracts": contracts}
    return BookDraft.checked({"positions": [future], **fields})


async def create(
    pools: "Pools", name: str = "desk", asked: BookDraft | None = None, now: datetime = NOW
) -> Book:
    async with pools.write(DEFAULT_ORG) as connection:
        return await books.create(connection, DEFAULT_ORG, name, asked or draft(), now)


async def replace(pools: "Pools", expected: int | None, asked: BookDraft) -> Book:
    async with pools.write(DEFAULT_ORG) as connection:
        return await books.replace(connection, DEFAULT_ORG, "desk", asked, expected, LATER)


async def get(pools: "Pools", version: int | None = None) -> Book:
    async with pools.read(DEFAULT_ORG) as connection:
        return await books.get(connection, DEFAULT_ORG, "desk", version)


async def test_a_book_is_read_back_to_the_last_digit(pools: "Pools") -> None:
    asked = BookDraft.checked({"title": "Crude", "positions": POSITIONS, "note": "first"})
    made = await create(pools, asked=asked)
    assert (made.version, made.title, made.note, made.created_at) == (1, "Crude", "first", NOW)
    found = await get(pools)
    assert found == made
    assert found.positions == asked.positions
    (future, *_) = found.positions
    assert isinstance(future, FuturePosition)
    assert str(future.price) == "-37.630"


async def test_a_book_as_large_as_may_be(pools: "Pools") -> None:
    asked = BookDraft.checked({"positions": [POSITIONS[2]] * MAX_POSITIONS})
    made = await create(pools, asked=asked)
    assert await get(pools) == made
    async with pools.read(DEFAULT_ORG) as connection:
        (listed,) = await books.list_page(connection, DEFAULT_ORG, 10)
    assert listed.latest.position_count == MAX_POSITIONS


async def test_no_version_is_lost(pools: "Pools") -> None:
    first = await create(pools, asked=draft(1, title="Crude", note="first"))
    second = await replace(pools, 1, draft(2, note="second"))
    third = await replace(pools, None, draft(3, title="Crude oil"))
    assert (second.version, second.title, second.recorded_at) == (2, "Crude", LATER)
    assert (third.version, third.title, third.created_at) == (3, "Crude oil", NOW)
    assert [await get(pools, version) for version in (1, 2, 3, None)] == [
        first,
        second,
        third,
        third,
    ]
    async with pools.read(DEFAULT_ORG) as connection:
        told = await books.versions(connection, DEFAULT_ORG, "desk", 2)
        rest = await books.versions(connection, DEFAULT_ORG, "desk", 2, before=2)
    assert [(one.version, one.note) for one in told] == [(3, None), (2, "second")]
    assert [(one.version, one.note, one.recorded_at) for one in rest] == [(1, "first", NOW)]


async def test_what_changes_nothing_is_no_version(pools: "Pools") -> None:
    made = await create(pools)
    assert await replace(pools, 1, draft(note="again")) == made
    assert await replace(pools, 1, draft(title="desk")) == made
    assert (await replace(pools, 1, draft(title="Desk"))).version == 2


async def test_a_version_that_is_not_the_latest_is_not_replaced(pools: "Pools") -> None:
    await create(pools)
    await replace(pools, 1, draft(2))
    with pytest.raises(BookChanged) as caught:
        await replace(pools, 1, draft(3))
    assert caught.value.context == {"name": "desk", "version": 2, "expected": 1}
    with pytest.raises(BookChanged):
        await replace(pools, 7, draft(3))
    assert (await get(pools)).positions == draft(2).positions


async def test_of_many_that_replace_one_version_one_wins(pools: "Pools") -> None:
    await create(pools)
    results = await asyncio.gather(
        *(replace(pools, 1, draft(number)) for number in range(2, 14)), return_exceptions=True
    )
    (won,) = [one for one in results if isinstance(one, Book)]
    assert sum(isinstance(one, BookChanged) for one in results) == 11
    assert await get(pools) == won
    assert won.version == 2


async def test_what_each_adds_is_kept_when_many_add_at_once(pools: "Pools") -> None:
    await create(pools)

    async def add(number: int) -> None:
        async with pools.write(DEFAULT_ORG) as connection:
            held = await books.hold(connection, DEFAULT_ORG, "desk")
            positions = held.positions + draft(number).positions
            asked = BookDraft(positions=positions)
            await books.replace(connection, DEFAULT_ORG, "desk", asked, held.version, LATER)

    await asyncio.gather(*(add(number) for number in range(2, 10)))
    found = await get(pools)
    assert found.version == 9
    assert sorted(one.contracts for one in found.positions) == [float(n) for n in range(1, 10)]


async def test_of_many_that_make_one_name_one_wins(pools: "Pools") -> None:
    results = await asyncio.gather(*(create(pools) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(one, Book) for one in results) == 1
    assert sum(isinstance(one, BookExists) for one in results) == 5


async def test_a_removed_book_leaves_its_name_and_its_rows(pools: "Pools") -> None:
    await create(pools, asked=draft(1))
    async with pools.write(DEFAULT_ORG) as connection:
        with pytest.raises(BookChanged):
            await books.remove(connection, DEFAULT_ORG, "desk", 2, NOW)
        await books.remove(connection, DEFAULT_ORG, "desk", 1, NOW)
        with pytest.raises(BookNotFound):
            await books.remove(connection, DEFAULT_ORG, "desk", None, NOW)
        assert await books.list_page(connection, DEFAULT_ORG, 10) == []
    for attempt in (get(pools), get(pools, 1), replace(pools, 1, draft(2))):
        with pytest.raises(BookNotFound):
            await attempt
    again = await create(pools, asked=draft(5))
    assert again.version == 1
    assert await get(pools) == again
    async with pools.read(DEFAULT_ORG) as connection:
        assert await connection.fetchval("SELECT count(*) FROM book_versions") == 2


async def test_a_replacement_that_waited_for_a_removal_finds_no_book(pools: "Pools") -> None:
    await create(pools)
    async with pools.write(DEFAULT_ORG) as connection:
        await books.remove(connection, DEFAULT_ORG, "desk", None, NOW)
        waiting = asyncio.create_task(replace(pools, 1, draft(2)))
        await asyncio.wait({waiting}, timeout=0.2)
        assert not waiting.done()
    with pytest.raises(BookNotFound):
        await waiting


async def test_a_version_that_there_is_not(pools: "Pools") -> None:
    await create(pools)
    with pytest.raises(NotFound, match="Version 2 of book desk"):
        await get(pools, 2)
    async with pools.read(DEFAULT_ORG) as connection:
        with pytest.raises(BookNotFound):
            await books.versions(connection, DEFAULT_ORG, "other", 1)
        with pytest.raises(BookNotFound):
            await books.get(connection, DEFAULT_ORG, "other", 1)


async def test_books_are_listed_newest_first_a_page_at_a_time(pools: "Pools") -> None:
    for number in range(5):
        await create(pools, f"desk-{number}", now=NOW + timedelta(seconds=number // 2))
    found, before = [], None
    async with pools.write(DEFAULT_ORG) as connection:
        await books.remove(connection, DEFAULT_ORG, "desk-3", None, NOW)
        while page := await books.list_page(connection, DEFAULT_ORG, 2, before):
            found += page
            before = page[-1].book_id
            if len(found) == 2:  # a page goes on from a book that is gone by now
                await books.remove(connection, DEFAULT_ORG, found[-1].name, None, NOW)
        with pytest.raises(InvalidInput):
            await books.list_page(connection, DEFAULT_ORG, 2, UUID(int=9))
    assert [one.name for one in found] == ["desk-4", "desk-2", "desk-1", "desk-0"]


async def test_another_organisation_sees_and_changes_nothing(pools: "Pools") -> None:
    made = await create(pools)
    async with pools.write(OTHER_ORG) as connection:
        assert await books.list_page(connection, DEFAULT_ORG, 10) == []
        for name in ("hold", "get"):
            with pytest.raises(BookNotFound):
                await getattr(books, name)(connection, DEFAULT_ORG, "desk")
        with pytest.raises(BookNotFound):
            await books.replace(connection, DEFAULT_ORG, "desk", draft(2), None, LATER)
        with pytest.raises(BookNotFound):
            await books.remove(connection, DEFAULT_ORG, "desk", None, LATER)
    async with pools.write(MARKET_ORG) as connection:
        own = await books.create(connection, MARKET_ORG, "desk", draft(9), NOW)
        assert await books.get(connection, MARKET_ORG, "desk") == own
    assert await get(pools) == made


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE book_versions SET title = 'x'",
        "DELETE FROM book_versions",
        "UPDATE books SET name = 'x'",
        "DELETE FROM books",
    ],
)
async def test_nobody_rewrites_what_was_recorded(pools: "Pools", statement: str) -> None:
    await create(pools)
    for opened in (pools.write(DEFAULT_ORG), pools.system()):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with opened as connection:
                await connection.execute(statement)
