"""Own the stored keys that sign tokens; the private halves are sealed by the vault."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/signing_keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """Hold one key: 32 bytes of its public half, and when it signs and is published until."""

    key_id: str
    public_key: bytes
    private_key: bytes = field(repr=False)
    created_at: datetime
    signs_from: datetime
    signs_until: datetime
    forgotten_after: datetime


async def lock(conn: "WriteConn") -> None:
    """Let nobody else add keys until the transaction ends."""
    await conn.execute(_SQL["lock"])


async def kept(conn: "ReadConn", now: datetime) -> list[StoredKey]:
    """List the keys that are published at a moment, the first to sign first."""
    return [StoredKey(**row) for row in await conn.fetch(_SQL["kept"], now)]


async def add(conn: "WriteConn", key: StoredKey) -> None:
    """Keep a key; needs the system role."""
    await conn.execute(
        _SQL["add"],
        key.key_id,
        key.public_key,
        key.private_key,
        key.created_at,
        key.signs_from,
        key.signs_until,
        key.forgotten_after,
    )


async def forget(conn: "WriteConn", now: datetime) -> list[bytes]:
    """Delete the keys that no token needs any more; return their sealed private halves."""
    return [row["private_key"] for row in await conn.fetch(_SQL["forget"], now)]
