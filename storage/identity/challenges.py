"""Own what a browser is to bring back once: kept as a digest, for one purpose, for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/challenges")


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Hold what was kept with a challenge."""

    user_id: UUID | None
    data: Mapping[str, Any]


async def create(
    conn: "WriteConn",
    token: str,
    purpose: str,
    now: datetime,
    *,
    lives_s: float,
    user_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Keep a challenge, which its maker drew at random; needs the system role."""
    expires_at = now + timedelta(seconds=lives_s)
    await conn.execute(
        _SQL["create"], _digest_of(token), purpose, user_id, dict(data or {}), now, expires_at
    )


async def read(conn: "ReadConn", token: str, purpose: str, now: datetime) -> Challenge | None:
    """Return a challenge that may still be taken, and leave it so."""
    return _challenge(await conn.fetchrow(_SQL["read"], _digest_of(token), purpose, now))


async def take(conn: "WriteConn", token: str, purpose: str, now: datetime) -> Challenge | None:
    """Return a challenge and forget it; None if it was taken, is too old or was never made."""
    return _challenge(await conn.fetchrow(_SQL["take"], _digest_of(token), purpose, now))


def _challenge(row: "asyncpg.Record | None") -> Challenge | None:
    return None if row is None else Challenge(**row)


def _digest_of(token: str) -> bytes:
    return sha256(token.encode(errors="surrogatepass")).digest()
