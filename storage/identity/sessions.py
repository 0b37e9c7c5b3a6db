"""Own the stored sessions of browsers; a cookie is kept as its digest only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import NotFound
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/sessions")
IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
KNOWN_FOR = timedelta(days=90)
"""Be how long an address counts as one of the user's after a sign-in from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Hold one signed-in browser; `methods` is how the person last proved who they are."""

    session_id: UUID
    user_id: UUID
    org_id: UUID
    methods: tuple[str, ...]
    authenticated_at: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


async def create(conn: "WriteConn", session: Session, cookie: str) -> None:
    """Keep a session that begins; needs the system role."""
    await conn.execute(
        _SQL["create"],
        session.session_id,
        session.user_id,
        session.org_id,
        _digest_of(cookie),
        list(session.methods),
        session.created_at,
        session.expires_at,
        session.address,
        session.user_agent,
    )


async def by_cookie(conn: "ReadConn", cookie: str, now: datetime) -> Session | None:
    """Return the session of a cookie, None where it ended or its user may not sign in."""
    row = await conn.fetchrow(_SQL["by_cookie"], _digest_of(cookie), now, now - IDLE)
    return None if row is None else _session(row)


async def of_user(conn: "ReadConn", user_id: UUID, now: datetime) -> list[Session]:
    """List the open sessions of a user, the last seen first; needs the system role."""
    return [_session(row) for row in await conn.fetch(_SQL["of_user"], user_id, now, now - IDLE)]


async def touch(conn: "WriteConn", session_id: UUID, now: datetime) -> None:
    """Note that a session was seen; needs the system role."""
    await conn.execute(_SQL["touch"], session_id, now)


async def prove(
    conn: "WriteConn", session_id: UUID, methods: tuple[str, ...], now: datetime
) -> Session:
    """Note that the person behind a session proved anew who they are.

    Raises:
        NotFound: the session has ended.
    """
    row = await conn.fetchrow(_SQL["prove"], session_id, now, list(methods))
    if row is None:
        raise NotFound(what="session", name=str(session_id))
    return _session(row)


async def addresses_of(conn: "ReadConn", email: str, now: datetime) -> list[str]:
    """List from where the user of an email signed in lately; nothing for an unknown email."""
    rows = await conn.fetch(_SQL["addresses_of"], email, now - KNOWN_FOR)
    return [row["address"] for row in rows]


async def end(conn: "WriteConn", session_id: UUID, now: datetime) -> UUID | None:
    """End one session and return whose it was, None where it had ended; needs the system role."""
    user_id: UUID | None = await conn.fetchval(_SQL["end"], session_id, now)
    return user_id


async def end_of_user(
    conn: "WriteConn", user_id: UUID, now: datetime, keep: UUID | None = None
) -> list[UUID]:
    """End the sessions of a user, but for one to keep, and return which; needs the system role."""
    rows = await conn.fetch(_SQL["end_of_user"], user_id, now, keep)
    return [row["session_id"] for row in rows]


def _digest_of(cookie: str) -> bytes:
    return sha256(cookie.encode()).digest()


def _session(row: "asyncpg.Record") -> Session:
    return Session(**{**row, "methods": tuple(row["methods"])})
