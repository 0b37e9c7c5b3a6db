"""Own the stored OAuth clients; a secret is kept as its digest only."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import NotFound
from core.identity import Role
from storage import sql
from storage.identity import revocations

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/oauth_clients")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClient:
    """Hold one client; one without a secret is public, one without scopes may have every one."""

    org_id: UUID
    client_id: str
    name: str
    secret_digest: bytes | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...]
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    role: Role | None
    created_by: str
    created_at: datetime
    disabled_at: datetime | None = None


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret, a code or a token."""
    return sha256(secret.encode()).digest()


async def create(conn: "WriteConn", client: StoredClient) -> None:
    """Keep a client; needs the system role."""
    await conn.execute(
        _SQL["create"],
        client.org_id,
        client.client_id,
        client.name,
        client.secret_digest,
        list(client.redirect_uris),
        list(client.grants),
        list(client.scopes),
        None if client.role is None else client.role.value,
        client.created_by,
        client.created_at,
    )


async def by_id(conn: "ReadConn", client_id: str) -> StoredClient | None:
    """Return a client that is not disabled; needs the system role."""
    row = await conn.fetchrow(_SQL["by_id"], client_id)
    return None if row is None else _client(row)


async def list_clients(conn: "ReadConn", org_id: UUID) -> list[StoredClient]:
    """List the clients of an organisation, the newest first, without what proves who they are."""
    return [_client(row) for row in await conn.fetch(_SQL["list_clients"], org_id)]


async def disable(conn: "WriteConn", org_id: UUID, client_id: str, now: datetime) -> None:
    """Let a client in no more, and end all tokens it has; needs the system role.

    Raises:
        NotFound: the organisation has none of this id, or it is disabled already.
    """
    if await conn.fetchval(_SQL["disable"], org_id, client_id, now) is None:
        raise NotFound(what="client", name=client_id)
    await conn.execute(_SQL["revoke_families"], client_id, now)
    await revocations.revoke(conn, "client", client_id, now)


def _client(row: "asyncpg.Record") -> StoredClient:
    role = row["role"]
    lists = {name: tuple(row[name]) for name in ("redirect_uris", "grants", "scopes")}
    return StoredClient(**{**row, **lists, "role": None if role is None else Role(role)})
