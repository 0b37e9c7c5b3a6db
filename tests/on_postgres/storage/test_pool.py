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


@asynccontextmanager
async def speaking_through(url: str, folder: Path) -> AsyncIterator[tuple[str, list[Any]]]:
    """Pass bytes between clients and a server; yield the address, and a way to each client."""
    asked = parse_qs(urlsplit(url).query)
    host, name = asked["host"][0], f".s.PGSQL.{asked.get('port', ['5432'])[0]}"
    clients: list[asyncio.StreamWriter] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.append(writer)
        far_reader, far_writer = await asyncio.open_unix_connection(f"{host}/{name}")
        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))

    server = await asyncio.start_unix_server(serve, folder / name)
    async with server:
        yield url.replace(host, str(folder)), clients


async def test_a_server_that_crashes_while_nobody_asks_it_is_unavailable(
    database: Any, tmp_path: Path
) -> None:
    """Its last words come before the connection ends, and no query may follow them."""

    async def ask(pools: Pools) -> None:
        async with pools.system() as connection:
            assert await connection.fetchval("SELECT 1") == 1

    async with speaking_through(database.urls.system, tmp_path) as (url, clients):
        pools = await open_pools(DatabaseUrls(app=url, read=url, system=url))
        await ask(pools)
        clients[-1].write(b"E" + struct.pack(">i", 4 + len(_LAST_WORDS)) + _LAST_WORDS)
        for _ in range(5):  # turns of the loop, in which the client hears of it
            await asyncio.sleep(0)
        with pytest.raises(SourceUnavailable):
            await ask(pools)
        await ask(pools)
        await pools.close()


async def test_faults_of_the_caller_stay_what_they_are(pools: Pools) -> None:
    with pytest.raises(FileNotFoundError):
        async with pools.system():
            raise FileNotFoundError
    with pytest.raises(asyncpg.InterfaceError, match="arguments"):
        async with pools.system() as connection:
            await connection.fetchval("SELECT $1::int")
