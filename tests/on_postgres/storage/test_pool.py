"""Check what transactions may do, and what a lost server looks like to callers."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from core.errors import SourceUnavailable
from core.runs import DEFAULT_ORG
from storage.pool import DatabaseUrls, PoolConfig, Pools, open_pools

pytestmark = pytest.mark.postgres


async def test_reading_transactions_cannot_write(pools: Pools) -> None:
    with pytest.raises(SourceUnavailable, match="read-only transaction"):
        async with pools.read(DEFAULT_ORG) as connection:
            await connection.execute("INSERT INTO runs (org_id) VALUES (NULL)")


async def test_the_organisation_lasts_as_long_as_the_transaction(database: Any) -> None:
    pools = await open_pools(database.urls, PoolConfig(max_size=1))
    setting = "SELECT nullif(current_setting('app.org_id', true), '')"
    async with pools.write(DEFAULT_ORG) as connection:
        assert await connection.fetchval(setting) == str(DEFAULT_ORG)
        process = await connection.fetchval("SELECT pg_backend_pid()")
    connection = await pools._app.acquire()
    assert await connection.fetchval("SELECT pg_backend_pid()") == process
    assert await connection.fetchval(setting) is None
    await pools._app.release(connection)
    await pools.close()


async def test_a_block_that_raises_is_undone(pools: Pools) -> None:
    async def insert_and_raise() -> None:
        async with pools.system() as connection:
            await connection.execute(
                "INSERT INTO gaps VALUES ('cme', 'cme', 1, NULL, NULL, 1, 'silence')"
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await insert_and_raise()
    async with pools.system() as connection:
        assert await connection.fetchval("SELECT count(*) FROM gaps") == 0


async def test_json_goes_both_ways(pools: Pools) -> None:
    value = {"x": [0.1 + 0.2, None, "Σ"], "y": {"z": True}}
    async with pools.read(DEFAULT_ORG) as connection:
        assert await connection.fetchval("SELECT $1::jsonb", value) == value


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    url = "postgresql://u:p@/d?host=/nonexistent&sslmode=disable"
    pools = await open_pools(DatabaseUrls(app=url, read=url, system=url))
    with pytest.raises(SourceUnavailable, match="database cannot answer now"):
        async with pools.system():
            pass
    await pools.close()
    with pytest.raises(SourceUnavailable):
        await open_pools(DatabaseUrls(app=url, read=url, system=url), PoolConfig(min_size=1))


async def test_a_connection_that_is_cut_is_unavailable_and_the_next_one_works(
    pools: Pools, database: Any
) -> None:
    killer = await asyncpg.connect(database.superuser_url)

    async def use_a_cut_connection() -> None:
        async with pools.system() as connection:
            process = await connection.fetchval("SELECT pg_backend_pid()")
            await killer.execute("SELECT pg_terminate_backend($1, 5000)", process)
            await connection.execute("SELECT 1")

    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            await use_a_cut_connection()
    async with pools.system() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await killer.close()


_LAST_WORDS = b"SFATAL\0C57P02\0Mterminating connection because of crash\0\0"
_CRASH = b"E" + struct.pack(">i", 4 + len(_LAST_WORDS)) + _LAST_WORDS


class Server:
    """Pass bytes between clients and a server that may say its last words to them."""

    def __init__(self, url: str, folder: Path) -> None:
        asked = parse_qs(urlsplit(url).query)
        self._there, name = asked["host"][0], ".s.PGSQL.5432"
        self._name, self._here = name, folder
        self._clients: list[asyncio.StreamWriter] = []
        self.url = url.replace(self._there, str(folder))
        self.crashes_after: bytes | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Server"]:
        async with await asyncio.start_unix_server(self._serve, self._here / self._name):
            yield self

    async def crash(self) -> None:
        self._clients[-1].write(_CRASH)
        for _ in range(5):  # turns of the loop, in which the client hears of it
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.append(writer)
        far = await asyncio.open_unix_connection(f"{self._there}/{self._name}")
        await asyncio.gather(self._pass_on(reader, far[1]), self._pass_on(far[0], writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            if self.crashes_after is not None and self.crashes_after in chunk:
                self.crashes_after = None
                writer.write(_CRASH)
            await writer.drain()
        writer.close()


async def test_a_server_that_crashes_while_nobody_asks_it_is_unavailable(
    database: Any, tmp_path: Path
) -> None:
    """Its last words come before the connection ends, and no query may follow them."""

    async def ask(pools: Pools) -> None:
        async with pools.system() as connection:
            assert await connection.fetchval("SELECT 1") == 1

    async with Server(database.urls.system, tmp_path).serving() as server:
        pools = await open_pools(DatabaseUrls(app=server.url, read=server.url, system=server.url))
        await ask(pools)
        await server.crash()
        with pytest.raises(SourceUnavailable):
            await ask(pools)
        await ask(pools)
        server.crashes_after = b"COMMIT\0"
        await ask(pools)  # what it did is done
        assert server.crashes_after is None
        await ask(pools)
        await pools.close()


async def test_faults_of_the_caller_stay_what_they_are(pools: Pools) -> None:
    with pytest.raises(FileNotFoundError):
        async with pools.system():
            raise FileNotFoundError
    with pytest.raises(asyncpg.InterfaceError, match="arguments"):
        async with pools.system() as connection:
            await connection.fetchval("SELECT $1::int")
