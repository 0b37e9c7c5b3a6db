"""Start one PostgreSQL and one Valkey per test process; give every test a database of its own."""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import redis

from cluster.local import postgres, valkey
from storage import migrate
from storage.bootstrap import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE, RolePasswords, create_roles
from storage.cache import Cache
from storage.pool import DatabaseUrls, Pools, open_pools
from storage.vault.sources import KeySource
from storage.vault.vault import Vault, VaultConfig, open_vault

START_TIMEOUT_S = 30.0
PASSWORDS = RolePasswords(owner="owner's/p@ss:%", app="app-password", system="system-password")


@dataclass(frozen=True, slots=True)
class Database:
    """Hold the addresses of one test's database."""

    server: postgres.PostgresConfig
    name: str
    passwords: RolePasswords = PASSWORDS

    @property
    def urls(self) -> DatabaseUrls:
        app = postgres.database_url(self.server, APP_ROLE, PASSWORDS.app, self.name)
        system = postgres.database_url(self.server, SYSTEM_ROLE, PASSWORDS.system, self.name)
        return DatabaseUrls(app=app, read=app, system=system)

    @property
    def owner_url(self) -> str:
        return postgres.database_url(self.server, OWNER_ROLE, PASSWORDS.owner, self.name)

    @property
    def superuser_url(self) -> str:
        password = postgres.superuser_password(self.server)
        return postgres.database_url(self.server, self.server.superuser, password, self.name)


async def poll(attempt: Callable[[], Awaitable[bool]], timeout_s: float = START_TIMEOUT_S) -> None:
    """Repeat `attempt` until it returns True."""
    async with asyncio.timeout(timeout_s):
        while not await attempt():  # noqa: ASYNC110 - the servers cannot set an event of ours
            await asyncio.sleep(0.02)


@contextmanager
def running(words: list[str], log: Path, stop: signal.Signals) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the time of the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *words], stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.send_signal(stop)
            process.wait(timeout=START_TIMEOUT_S)


async def answers(url: str) -> bool:
    """Tell whether PostgreSQL takes a connection."""
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    await connection.close()
    return True


async def execute(url: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def short_dir() -> Iterator[Path]:
    """Make a folder whose path leaves room for the names of sockets."""
    folder = Path(tempfile.mkdtemp(prefix="hs-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(short_dir: Path) -> Iterator[postgres.PostgresConfig]:
    """Run PostgreSQL with our roles and a migrated database that tests copy."""
    config = postgres.PostgresConfig(data_dir=short_dir / "pg", socket_dir=short_dir / "pgs")
    postgres.initialise(config)
    # the data of tests may be lost
    words = [*postgres.server_command(config), "-c", "fsync=off", "-c", "full_page_writes=off"]
    with running(words, short_dir / "postgres.log", signal.SIGINT):
        url = postgres.superuser_url(config)
        asyncio.run(poll(lambda: answers(url)))
        asyncio.run(create_roles(url, PASSWORDS))
        asyncio.run(migrate.apply(Database(config, postgres.DATABASE).owner_url))
        yield config


@pytest.fixture
async def database(postgres_server: postgres.PostgresConfig) -> AsyncIterator[Database]:
    """Copy the migrated database for one test."""
    name = f"test_{uuid4().hex}"
    server_url = postgres.superuser_url(postgres_server)
    statement = f"CREATE DATABASE {name} TEMPLATE {postgres.DATABASE} OWNER {OWNER_ROLE}"
    await execute(server_url, statement)
    yield Database(postgres_server, name)
    await execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def pools(database: Database) -> AsyncIterator[Pools]:
    """Open the pools of the test's database."""
    opened = await open_pools(database.urls)
    yield opened
    await opened.close()


@pytest.fixture
def vault_config(tmp_path: Path) -> VaultConfig:
    """Keep a wrapping key in a file."""
    path = tmp_path / "vault.key"
    path.write_text(base64.b64encode(os.urandom(32)).decode())
    return VaultConfig(current=KeySource(path=path))


@pytest.fixture
def vault(vault_config: VaultConfig) -> Vault:
    """Open a vault with a wrapping key of its own."""
    return open_vault(vault_config)


@pytest.fixture(scope="session")
def valkey_server(short_dir: Path) -> Iterator[str]:
    """Run Valkey and return its address."""
    config = valkey.ValkeyConfig(socket_dir=short_dir / "vk", max_memory_mb=64)
    valkey.initialise(config)
    with running(valkey.server_command(config), short_dir / "valkey.log", signal.SIGTERM):
        asyncio.run(poll(lambda: _is_listening(valkey.cache_url(config))))
        yield valkey.cache_url(config)


@pytest.fixture
async def cache(valkey_server: str) -> AsyncIterator[Cache]:
    """Open an empty cache."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    opened = await Cache.open(valkey_server)
    yield opened
    await opened.close()


async def _is_listening(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
