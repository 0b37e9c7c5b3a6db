"""Own the stored families of refresh tokens: who holds one, which token is spent, how it ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core.identity import Role
from storage import sql
from storage.identity import revocations
from storage.identity.oauth_clients import digest_of

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/token_families")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Hold what came of one grant of a person to a client."""

    family_id: UUID
    client_id: str
    user_id: UUID
    org_id: UUID
    session_id: UUID
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Hold the person behind a session as they are now; it ends at `expires_at` at the latest."""

    user_id: UUID
    org_id: UUID
    session_id: UUID
    role: Role
    methods: tuple[str, ...]
    authenticated_at: datetime
    expires_at: datetime


async def holder(conn: "WriteConn", session_id: UUID, now: datetime) -> Holder | None:
    """Return the person of a session, who stays so until the transaction ends.

    None where the session has ended, or its user is disabled or no longer a member. Comes before
    anything else is locked: what ends a session locks in this order too.
    """
    row = await conn.fetchrow(_SQL["holder"], session_id, now)
    if row is None:
        return None
    return Holder(**{**row, "role": Role(row["role"]), "methods": tuple(row["methods"])})


async def start(conn: "WriteConn", family: Family, refresh_token: str) -> None:
    """Keep a family and its first token."""
    await conn.execute(
        _SQL["start"],
        family.family_id,
        family.client_id,
        family.user_id,
        family.org_id,
        family.session_id,
        list(family.scopes),
        family.created_at,
        family.expires_at,
    )
    await add_token(conn, family.family_id, refresh_token, family.created_at)


async def add_token(conn: "WriteConn", family_id: UUID, token: str, now: datetime) -> None:
    """Keep another token of a family."""
    await conn.execute(_SQL["add_token"], digest_of(token), family_id, now)


async def of_token(conn: "ReadConn", token: str) -> Family | None:
    """Return the family of a refresh token, spent or not; holds nothing."""
    row = await conn.fetchrow(_SQL["of_token"], digest_of(token))
    return None if row is None else Family(**{**row, "scopes": tuple(row["scopes"])})


async def by_id(conn: "ReadConn", family_id: UUID) -> Family | None:
    """Return a family; holds nothing."""
    row = await conn.fetchrow(_SQL["by_id"], family_id)
    return None if row is None else Family(**{**row, "scopes": tuple(row["scopes"])})


async def hold(conn: "WriteConn", token: str) -> tuple[datetime | None, datetime | None]:
    """Hold a token and its family until the transaction ends; return when either was ended.

    That is, when the token was spent and when the family was revoked.
    """
    row = await conn.fetchrow(_SQL["hold"], digest_of(token))
    assert row is not None  # noqa: S101 - tokens go only with their family, which was just read
    return row["spent_at"], row["revoked_at"]


async def spend(conn: "WriteConn", token: str, now: datetime) -> None:
    """Note that a token was used."""
    await conn.execute(_SQL["spend"], digest_of(token), now)


async def revoke(conn: "WriteConn", family_id: UUID, now: datetime, reason: str) -> bool:
    """End a family with its access tokens, and tell whether that is new."""
    if await conn.fetchval(_SQL["revoke"], family_id, now, reason) is None:
        return False
    await revocations.revoke(conn, "family", str(family_id), now)
    return True
