"""Own the running of the migrations: dbmate, one runner at a time, as the owner role."""

import asyncio
import sysconfig
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from core.errors import StackError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_KEY = 7_236_014_415
_TIMEOUT_S = 600


async def apply(owner_url: str) -> list[str]:
    """Apply what is pending and return its versions, oldest first.

    Callers that start together wait for each other; the later ones find nothing to do.

    Raises:
        StackError: a migration failed; those before it stay applied.
    """
    async with _alone(owner_url) as connection:
        versions = await _pending(connection)
        if versions:
            await _run_dbmate(owner_url, "migrate")
        return versions


async def roll_back(owner_url: str) -> None:
    """Undo the latest migration.

    Raises:
        StackError: nothing is applied, or it cannot be undone.
    """
    async with _alone(owner_url):
        await _run_dbmate(owner_url, "rollback")


async def pending(owner_url: str) -> list[str]:
    """Return the versions that are not applied yet, oldest first."""
    connection = await asyncpg.connect(owner_url)
    try:
        return await _pending(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def _alone(owner_url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK_KEY, timeout=_TIMEOUT_S)
        yield connection
    finally:
        await connection.close()


async def _pending(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    applied: set[str] = set()
    if await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        rows = await connection.fetch("SELECT version FROM schema_migrations")
        applied = {row["version"] for row in rows}
    known = sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("*.sql"))
    return [version for version in known if version not in applied]


async def _run_dbmate(owner_url: str, command: str) -> None:
    # the address holds a password, so it travels in the environment and not in the words
    process = await asyncio.create_subprocess_exec(
        str(Path(sysconfig.get_path("scripts")) / "dbmate"),
        "--no-dump-schema",
        f"--migrations-dir={MIGRATIONS}",
        command,
        cwd=MIGRATIONS,
        env={"DATABASE_URL": owner_url},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _TIMEOUT_S)
    except BaseException:  # also cancellation: dbmate must not outlive the lock
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        lines = output.decode(errors="replace").strip().splitlines() or ["no message"]
        raise StackError(
            problem=f"The database could not be migrated: {lines[-1]}",
            remedy="Restore the last backup or report this with the log.",
        )
