"""Own the stored snapshots of backends, which chunks refer to by digest."""

from datetime import datetime
from typing import TYPE_CHECKING

from core.errors import NotFound
from core.runs import BackendSnapshot
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("snapshots")


async def remember(conn: "WriteConn", snapshot: BackendSnapshot, now: datetime) -> None:
    """Store a snapshot; one that is stored stays as it is. Needs the system role."""
    await conn.execute(_SQL["remember"], snapshot.digest, snapshot.backend, snapshot.body, now)


async def get(conn: "ReadConn", digest: bytes) -> BackendSnapshot:
    """Return the snapshot of a digest.

    Raises:
        NotFound: none is stored.
    """
    row = await conn.fetchrow(_SQL["read"], digest)
    if row is None:
        raise NotFound(what="Backend snapshot", name=digest.hex())
    return BackendSnapshot(**row)
