"""Own what a desk asks of either client: its stored books."""

from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from heliostat.book_flows import GivenPosition, ImportMode
from heliostat.books import Book, BookSummary, BookVersion
from heliostat.models import ExportResult

if TYPE_CHECKING:
    from heliostat.flows import Flows
    from heliostat.transports import AsyncTransport, SyncTransport


class Desk:
    """Be the part of a client that keeps books."""

    _transport: "SyncTransport"
    _flows: "Flows"

    def books(self, page_size: int = 50) -> Generator[BookSummary, None, None]:
        """Yield the books, newest first and without their positions, a page at a time."""
        return self._transport.iterate(self._flows.books(page_size))

    def book(self, name: str, version: int | None = None) -> Book:
        """Return a book, at its latest version if none is named."""
        return self._transport.run(self._flows.book(name, version))

    def book_versions(self, name: str, page_size: int = 50) -> Generator[BookVersion, None, None]:
        """Yield the versions of a book, newest first and without their positions."""
        return self._transport.iterate(self._flows.book_versions(name, page_size))

    def save_book(
        self,
        name: str,
        positions: Sequence[GivenPosition],
        *,
        version: int | None = None,
        title: str | None = None,
        note: str | None = None,
    ) -> Book:
        """Make a book, or replace the `version` of it that was read; both stay readable.

        Positions are models of this package or mappings of the same fields.

        Raises:
            BookExists: no version was named, and there is a book of this name.
            BookChanged: the book is at another version by now.
            UnknownInstrument: a contract is of no known product, or does not trade.
        """
        flow = self._flows.save_book(name, positions, version, title, note)
        return self._transport.run(flow)

    def import_book(
        self,
        path: Path | str,
        name: str,
        *,
        mode: ImportMode = "replace",
        create: bool = False,
        version: int | None = None,
        title: str | None = None,
        note: str | None = None,
    ) -> BookSummary:
        """Store the positions of a CSV file as the next version of a book, all or none.

        Columns: kind, instrument, contracts, price, right, strike, expiry, style, volatility, legs
        and label. With `mode` "append" they join those that are there; with `create` a book that
        is not there is made.
        """
        flow = self._flows.import_book(Path(path), name, mode, create, version, title, note)
        return self._transport.run(flow)

    def export_book(
        self, name: str, to: Path | str | BinaryIO, *, version: int | None = None
    ) -> ExportResult:
        """Write the positions of a book to a CSV file that `import_book` takes."""
        sink = Path(to) if isinstance(to, str) else to
        return self._transport.run(self._flows.export_book(name, sink, version))

    def remove_book(self, name: str, version: int | None = None) -> None:
        """Remove a book, if it is still at the `version` where one is named."""
        self._transport.run(self._flows.remove_book(name, version))


class AsyncDesk:
    """Be the part of an asynchronous client that keeps books."""

    _transport: "AsyncTransport"
    _flows: "Flows"

    def books(self, page_size: int = 50) -> AsyncGenerator[BookSummary, None]:
        """Yield the books, newest first and without their positions, a page at a time."""
        return self._transport.iterate(self._flows.books(page_size))

    async def book(self, name: str, version: int | None = None) -> Book:
        """Return a book, at its latest version if none is named."""
        return await self._transport.run(self._flows.book(name, version))

    def book_versions(self, name: str, page_size: int = 50) -> AsyncGenerator[BookVersion, None]:
        """Yield the versions of a book, newest first and without their positions."""
        return self._transport.iterate(self._flows.book_versions(name, page_size))

    async def save_book(
        self,
        name: str,
        positions: Sequence[GivenPosition],
        *,
        version: int | None = None,
        title: str | None = None,
        note: str | None = None,
    ) -> Book:
        """Make a book, or replace the `version` of it that was read; both stay readable.

        Positions are models of this package or mappings of the same fields.

        Raises:
            BookExists: no version was named, and there is a book of this name.
            BookChanged: the book is at another version by now.
            UnknownInstrument: a contract is of no known product, or does not trade.
        """
        flow = self._flows.save_book(name, positions, version, title, note)
        return await self._transport.run(flow)

    async def import_book(
        self,
        path: Path | str,
        name: str,
        *,
        mode: ImportMode = "replace",
        create: bool = False,
        version: int | None = None,
        title: str | None = None,
        note: str | None = None,
    ) -> BookSummary:
        """Store the positions of a CSV file as the next version of a book, all or none.

        Columns: kind, instrument, contracts, price, right, strike, expiry, style, volatility, legs
        and label. With `mode` "append" they join those that are there; with `create` a book that
        is not there is made.
        """
        flow = self._flows.import_book(Path(path), name, mode, create, version, title, note)
        return await self._transport.run(flow)

    async def export_book(
        self, name: str, to: Path | str | BinaryIO, *, version: int | None = None
    ) -> ExportResult:
        """Write the positions of a book to a CSV file that `import_book` takes."""
        sink = Path(to) if isinstance(to, str) else to
        return await self._transport.run(self._flows.export_book(name, sink, version))

    async def remove_book(self, name: str, version: int | None = None) -> None:
        """Remove a book, if it is still at the `version` where one is named."""
        await self._transport.run(self._flows.remove_book(name, version))
