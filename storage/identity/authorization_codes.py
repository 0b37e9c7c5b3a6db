"""Own the stored authorization codes: digests, for what, and whether one was used."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from storage import sql
from storage.identity.oauth_clients import digest_of

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/authorization_codes")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """Hold what a code stands for; `family_id` is what came of it."""

    client_id: str
    session_id: UUID
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    family_id: UUID | None = None


async def create(conn: "WriteConn", code: str, stored: StoredCode) -> None:
    """Keep a code; needs the system role."""
    await conn.execute(
        _SQL["create"],
        digest_of(code),
        stored.client_id,
        stored.session_id,
        stored.redirect_uri,
        stored.challenge,
        list(stored.scopes),
        stored.created_at,
        stored.expires_at,
    )


async def session_of(conn: "ReadConn", code: str) -> UUID | None:
    """Return whose session a code is of, None for an unknown code."""
    session_id: UUID | None = await conn.fetchval(_SQL["session_of"], digest_of(code))
    return session_id


async def hold(conn: "WriteConn", code: str) -> StoredCode | None:
    """Return a code that nobody else uses until the transaction ends."""
    row = await conn.fetchrow(_SQL["hold"], digest_of(code))
    return None if row is None else StoredCode(**{**row, "scopes": tuple(row["scopes"])})


async def use(conn: "WriteConn", code: str, family_id: UUID, now: datetime) -> None:
    """Note that a code was used, and what came of it."""
    await conn.execute(_SQL["use"], digest_of(code), family_id, now)
