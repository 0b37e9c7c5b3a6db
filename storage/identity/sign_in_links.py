"""Own the stored links that let a person in once, to set a password or a passkey."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/sign_in_links")


async def create(conn: "WriteConn", user_id: UUID, now: datetime, lives_s: float) -> str:
    """Make a link and return its token, which is told only now; needs the system role."""
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(seconds=lives_s)
    await conn.execute(_SQL["create"], _digest_of(token), user_id, now, expires_at)
    return token


async def peek(conn: "ReadConn", token: str, now: datetime) -> UUID | None:
    """Return whose link it is while it is good, and leave it so; needs the system role."""
    user_id: UUID | None = await conn.fetchval(_SQL["peek"], _digest_of(token), now)
    return user_id


async def use(conn: "WriteConn", token: str, now: datetime) -> UUID | None:
    """Use a link up and return whose it was, None where it is not good (any more)."""
    user_id: UUID | None = await conn.fetchval(_SQL["use"], _digest_of(token), now)
    return user_id


async def withdraw(conn: "WriteConn", user_id: UUID, now: datetime) -> None:
    """End the unused links of a user; needs the system role."""
    await conn.execute(_SQL["withdraw"], user_id, now)


def _digest_of(token: str) -> bytes:
    return sha256(token.encode()).digest()
