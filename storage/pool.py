"""Own the connections to PostgreSQL and the transactions that repositories work in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NewType
from uuid import UUID

import asyncpg
import msgspec

from core.errors import SourceUnavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

ReadConn = NewType("ReadConn", "PoolConnectionProxy[asyncpg.Record]")
"""A connection inside a transaction; what takes one only reads."""

WriteConn = NewType("WriteConn", ReadConn)
"""A connection inside a transaction that may write, and so may also read."""

before_commit: ContextVar[Callable[[WriteConn], Awaitable[None]] | None] = ContextVar(
    "before_commit", default=None
)
"""Be what a task wants done in each of its transactions that may write, before it is committed."""

# The server is gone, going, full, has become a standby, or someone else was in the way: trying
# later may work.
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrls:
    """Hold an address per role: the app's, the app's on a replica for reading, the system's."""

    app: str
    read: str
    system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolConfig:
    """Bound what one process takes of the server, which has 100 connections for all."""

    min_size: int = 0
    max_size: int = 4
    acquire_timeout_s: float = 10.0
    command_timeout_s: float = 60.0
    idle_s: float = 300.0


class Pools:
    """Lend transactions; each ends with its block and is undone if the block raises.

    Every block raises SourceUnavailable if the server cannot be reached, goes away, is too slow, or
    undid the transaction for another's sake.
    """

    def __init__(
        self,
        *,
        app: "asyncpg.Pool[asyncpg.Record]",
        read: "asyncpg.Pool[asyncpg.Record]",
        system: "asyncpg.Pool[asyncpg.Record]",
        acquire_timeout_s: float,
    ) -> None:
        self._app = app
        self._read = read
        self._system = system
        self._acquire_timeout_s = acquire_timeout_s

    @asynccontextmanager
    async def read(self, org_id: UUID) -> AsyncIterator[ReadConn]:
        """Open a read-only transaction that sees one organisation, on the replica if any."""
        async with self._transaction(self._read, readonly=True, org_id=org_id) as connection:
            yield ReadConn(connection)

    @asynccontextmanager
    async def write(self, org_id: UUID) -> AsyncIterator[WriteConn]:
        """Open a transaction that sees and changes one organisation."""
        async with self._transaction(self._app, readonly=False, org_id=org_id) as connection:
            yield WriteConn(ReadConn(connection))

    @asynccontextmanager
    async def system(self) -> AsyncIterator[WriteConn]:
        """Open a transaction that sees and changes every organisation; for feeds and runs."""
        async with self._transaction(self._system, readonly=False, org_id=None) as connection:
            yield WriteConn(ReadConn(connection))

    async def close(self) -> None:
        """Close every connection, waiting for the open transactions."""
        for pool in (self._app, self._read, self._system):
            await pool.close()

    def _transaction(
        self, pool: "asyncpg.Pool[asyncpg.Record]", *, readonly: bool, org_id: UUID | None
    ) -> "AbstractAsyncContextManager[PoolConnectionProxy[asyncpg.Record]]":
        return _transaction(pool, self._acquire_timeout_s, readonly=readonly, org_id=org_id)


async def open_pools(urls: DatabaseUrls, config: PoolConfig | None = None) -> Pools:
    """Open a pool per role; connections are made when first needed.

    Raises:
        SourceUnavailable: `config` asks for connections at once and none can be made.
    """
    config = config or PoolConfig()
    return Pools(
        app=await _open_pool(urls.app, config),
        read=await _open_pool(urls.read, config),
        system=await _open_pool(urls.system, config),
        acquire_timeout_s=config.acquire_timeout_s,
    )


async def _open_pool(url: str, config: PoolConfig) -> "asyncpg.Pool[asyncpg.Record]":
    try:
        return await asyncpg.create_pool(
            url,
            min_size=config.min_size,
            max_size=config.max_size,
            command_timeout=config.command_timeout_s,
            timeout=config.acquire_timeout_s,
            max_inactive_connection_lifetime=config.idle_s,
            init=_set_codecs,
        )
    except (*_LOST, OSError) as error:
        raise _unavailable(error) from error


async def _set_codecs(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_json_text,
        decoder=msgspec.json.decode,
        format="text",
    )


def _json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@asynccontextmanager
async def _transaction(
    pool: "asyncpg.Pool[asyncpg.Record]",
    acquire_timeout_s: float,
    *,
    readonly: bool,
    org_id: UUID | None,
) -> "AsyncIterator[PoolConnectionProxy[asyncpg.Record]]":
    try:
        connection = await pool.acquire(timeout=acquire_timeout_s)
    except (*_LOST, OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise _unavailable(error) from error
    try:
        async with connection.transaction(readonly=readonly):
            if org_id is not None:
                await connection.execute("SELECT set_config('app.org_id', $1, true)", str(org_id))
            yield connection
            if not readonly and (last_act := before_commit.get()) is not None:
                await last_act(WriteConn(ReadConn(connection)))
    except _LOST as error:
        raise _unavailable(error) from error
    except asyncpg.InternalClientError as error:
        # A server that crashes says so at any time, and its connection takes no query after that.
        raise _unavailable(error) from error
    except (OSError, asyncpg.InterfaceError) as error:
        if _is_lost(connection):
            raise _unavailable(error) from error
        raise
    finally:
        # What the block did has been decided by now. A connection that cannot be made ready for
        # the next one is ended by the pool.
        with suppress(*_LOST, OSError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            await pool.release(connection)


def _is_lost(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has already taken the dead connection back
        return True


def _unavailable(error: Exception) -> SourceUnavailable:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return SourceUnavailable(source="database", reason=reason)
