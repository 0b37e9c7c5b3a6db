"""Own the PostgreSQL and Valkey of a feed benchmark: the stack's own settings, no Ray."""

import asyncio
import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import redis

from cluster.local import postgres, valkey
from core.clock import utc_from_ns
from storage import migrate, partitions
from storage.bootstrap import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE, RolePasswords, create_roles
from storage.pool import DatabaseUrls, open_pools

_START_WITHIN_S = 60.0
_PASSWORDS = RolePasswords(owner="owner", app="app", system="system")


class Servers:
    """Run the servers in a folder of their own, each database a copy of the migrated one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._postgres = postgres.PostgresConfig(
            data_dir=folder / "pg", socket_dir=folder / "sockets"
        )
        self._valkey = valkey.ValkeyConfig(socket_dir=folder / "valkey")
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def cache_url(self) -> str:
        return valkey.cache_url(self._valkey)

    @property
    def pid(self) -> int:
        """Return the process id of the database server."""
        return self._running["postgres"].pid

    def start(self) -> None:
        """Start both servers and prepare the database that others are copied from."""
        postgres.initialise(self._postgres)
        valkey.initialise(self._valkey)
        self._run("valkey", valkey.server_command(self._valkey))
        self.start_database()
        with redis.Redis.from_url(self.cache_url) as client:
            wait_for(lambda: _pings(client))
        asyncio.run(create_roles(postgres.superuser_url(self._postgres), _PASSWORDS))
        asyncio.run(migrate.apply(self._url(OWNER_ROLE, _PASSWORDS.owner, postgres.DATABASE)))

    def start_database(self) -> None:
        """Start PostgreSQL and wait until it answers."""
        postgres.initialise(self._postgres)
        self._run("postgres", postgres.server_command(self._postgres))
        url = postgres.superuser_url(self._postgres)
        wait_for(lambda: asyncio.run(_answers(url)))

    def kill_database(self) -> None:
        """Let PostgreSQL end at once, as after a crash: it recovers when it is started."""
        process = self._running.pop("postgres")
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=_START_WITHIN_S)

    def stop(self) -> None:
        """End both servers."""
        for process in self._running.values():
            process.send_signal(signal.SIGINT)
            process.wait(timeout=_START_WITHIN_S)

    def create_database(self, name: str, now_ns: int) -> DatabaseUrls:
        """Make a database with partitions around `now_ns`, and return its addresses."""
        asyncio.run(self._create(name, now_ns))
        return self.urls(name)

    def drop_database(self, name: str) -> None:
        """Remove a database."""
        asyncio.run(self._execute(f"DROP DATABASE {name} WITH (FORCE)"))

    def urls(self, name: str) -> DatabaseUrls:
        app = self._url(APP_ROLE, _PASSWORDS.app, name)
        return DatabaseUrls(
            app=app, read=app, system=self._url(SYSTEM_ROLE, _PASSWORDS.system, name)
        )

    def superuser_url(self, name: str) -> str:
        password = postgres.superuser_password(self._postgres)
        return self._url(self._postgres.superuser, password, name)

    def _url(self, role: str, password: str, name: str) -> str:
        return postgres.database_url(self._postgres, role, password, name)

    async def _create(self, name: str, now_ns: int) -> None:
        await self._execute(
            f"CREATE DATABASE {name} TEMPLATE {postgres.DATABASE} OWNER {OWNER_ROLE}"
        )
        pools = await open_pools(self.urls(name))
        async with pools.system() as connection:
            await partitions.ensure(connection, utc_from_ns(now_ns))
        await pools.close()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(postgres.superuser_url(self._postgres))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _run(self, name: str, words: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *words], stdout=log, stderr=log
            )


@contextlib.contextmanager
def feed_servers() -> Iterator[Servers]:
    """Lend servers in a new folder; both are ended and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="hs-feed-"))
    folder.chmod(0o755)
    servers = Servers(folder)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(check: Callable[[], bool], within_s: float = _START_WITHIN_S) -> float:
    """Poll until the check is true, and return the seconds that took.

    Raises:
        TimeoutError: it is not in time.
    """
    began = time.perf_counter()
    while not check():
        if time.perf_counter() - began > within_s:
            message = f"not true within {within_s:.0f} s"
            raise TimeoutError(message)
        time.sleep(0.02)
    return time.perf_counter() - began


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    await connection.close()
    return True


def _pings(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
