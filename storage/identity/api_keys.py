"""Own the stored API keys: a digest, never the key; what a key may do, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import uuid_utils.compat as uuid_utils

from core.api_keys import PREFIX_CHARACTERS, digest_of
from core.errors import NotFound
from core.identity import Principal, Role, permissions_of
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/api_keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """Say what a key is to be: a member's with `user_id`, else a machine's."""

    org_id: UUID
    name: str
    role: Role
    created_by: str
    scopes: tuple[str, ...] = ()
    user_id: UUID | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """Hold what is told of a key after it was made; `prefix` is how its owner knows it again."""

    org_id: UUID
    key_id: UUID
    prefix: str
    name: str
    role: Role
    scopes: tuple[str, ...]
    user_id: UUID | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


async def create(conn: "WriteConn", new: NewKey, secret: str, now: datetime) -> KeyRecord:
    """Store a key of a new secret, which nothing tells again; needs the system role."""
    key_id = uuid_utils.uuid7()
    await conn.execute(
        _SQL["create"],
        new.org_id,
        key_id,
        digest_of(secret),
        secret[:PREFIX_CHARACTERS],
        new.name,
        new.role.value,
        list(new.scopes),
        new.user_id,
        new.created_by,
        now,
        new.expires_at,
    )
    return await read(conn, new.org_id, key_id)


async def list_keys(conn: "ReadConn", org_id: UUID, user_id: UUID | None = None) -> list[KeyRecord]:
    """List the keys of an organisation, or of one of its members, oldest first."""
    return [_record(row) for row in await conn.fetch(_SQL["list"], org_id, user_id)]


async def read(conn: "ReadConn", org_id: UUID, key_id: UUID) -> KeyRecord:
    """Return one key.

    Raises:
        NotFound: the organisation has none of this id.
    """
    row = await conn.fetchrow(_SQL["read"], org_id, key_id)
    if row is None:
        raise NotFound(what="API key", name=str(key_id))
    return _record(row)


async def revoke(conn: "WriteConn", org_id: UUID, key_id: UUID, now: datetime) -> bool:
    """End a key for good and tell whether it was still good; needs the system role.

    Raises:
        NotFound: the organisation has none of this id.
    """
    await read(conn, org_id, key_id)
    return await conn.fetchval(_SQL["revoke"], org_id, key_id, now) is not None


async def revoke_of_member(
    conn: "WriteConn", org_id: UUID, user_id: UUID, now: datetime
) -> list[UUID]:
    """End all keys of a member and return their ids; needs the system role."""
    rows = await conn.fetch(_SQL["revoke_of_member"], org_id, user_id, now)
    return [row["key_id"] for row in rows]


async def principal_of(conn: "ReadConn", digest: bytes) -> Principal | None:
    """Return whom a key speaks for, expired or not; None if it is unknown, revoked or orphaned.

    Needs the system role. A member's key may do what both its own role and the member's allow.
    """
    row = await conn.fetchrow(_SQL["by_digest"], digest)
    if row is None:
        return None
    role = Role(row["role"])
    permissions = permissions_of(role, row["scopes"])
    if row["member_role"] is not None:
        permissions &= permissions_of(Role(row["member_role"]))
    return Principal(
        org_id=row["org_id"],
        actor=f"key:{row['key_id']}",
        role=role,
        permissions=permissions,
        user_id=row["user_id"],
        key_id=row["key_id"],
        expires_at=row["expires_at"],
    )


async def touch(conn: "WriteConn", used: Mapping[UUID, datetime]) -> None:
    """Note when keys were last used; needs the system role."""
    await conn.execute(_SQL["touch"], list(used), list(used.values()))


def _record(row: "asyncpg.Record") -> KeyRecord:
    values: dict[str, Any] = {**row}
    return KeyRecord(
        **{**values, "role": Role(row["role"]), "scopes": tuple(row["scopes"])},
    )
