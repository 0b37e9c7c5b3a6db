"""Own the peer of the ingest benchmark: a bare COPY of the very rows that the feed has stored."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

TABLES = ("quotes", "trades", "settlements")


class BareCopy:
    """Hold a database's rows as tuples, and copy them into tables without keys."""

    def __init__(self, url: str, rows: Mapping[str, Sequence[tuple[Any, ...]]]) -> None:
        self._url = url
        self._rows = rows

    @classmethod
    async def of(cls, url: str) -> "BareCopy":
        """Read the rows that a feed has stored."""
        connection = await asyncpg.connect(url)
        try:
            rows = {
                table: [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")]  # noqa: S608 - our own names
                for table in TABLES
            }
        finally:
            await connection.close()
        return cls(url, rows)

    @property
    def count(self) -> int:
        return sum(map(len, self._rows.values()))

    async def run(self) -> float:
        """Copy every row into new tables of the same columns, and return the rows a second."""
        connection = await asyncpg.connect(self._url)
        try:
            for table in TABLES:
                await connection.execute(f"DROP TABLE IF EXISTS bare_{table}")
                await connection.execute(f"CREATE TABLE bare_{table} (LIKE {table})")
            began = time.perf_counter()
            for table, rows in self._rows.items():
                await connection.copy_records_to_table(f"bare_{table}", records=rows)
            return self.count / (time.perf_counter() - began)
        finally:
            await connection.close()
