"""Own the stored logins of devices: what waits for a person, and what was decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from storage import sql
from storage.identity.oauth_clients import digest_of

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/device_grants")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceGrant:
    """Hold one device that wants to log in."""

    user_code: str
    client_id: str
    scopes: tuple[str, ...]
    user_agent: str
    created_at: datetime
    expires_at: datetime
    interval_s: int
    last_polled_at: datetime | None = None
    session_id: UUID | None = None
    approved: bool | None = None
    used_at: datetime | None = None


async def create(conn: "WriteConn", device_code: str, grant: DeviceGrant) -> bool:
    """Keep what waits for a person; tell False where its user code is taken."""
    made = await conn.fetchval(
        _SQL["create"],
        digest_of(device_code),
        grant.user_code,
        grant.client_id,
        list(grant.scopes),
        grant.user_agent,
        grant.created_at,
        grant.expires_at,
        grant.interval_s,
    )
    return made is not None


async def waiting(conn: "ReadConn", user_code: str, now: datetime) -> DeviceGrant | None:
    """Return what waits for a person under a user code."""
    row = await conn.fetchrow(_SQL["waiting"], user_code, now)
    return None if row is None else _grant(row)


async def decide(
    conn: "WriteConn", user_code: str, session_id: UUID, now: datetime, *, approved: bool
) -> bool:
    """Note what a person decided; tell False where nothing waits any more."""
    decided = await conn.fetchval(_SQL["decide"], user_code, now, session_id, approved)
    return decided is not None


async def session_of(conn: "ReadConn", device_code: str) -> UUID | None:
    """Return whose session decided on a device, None where none did."""
    session_id: UUID | None = await conn.fetchval(_SQL["session_of"], digest_of(device_code))
    return session_id


async def hold(conn: "WriteConn", device_code: str) -> DeviceGrant | None:
    """Return a grant that nobody else changes until the transaction ends."""
    row = await conn.fetchrow(_SQL["hold"], digest_of(device_code))
    return None if row is None else _grant(row)


async def poll(conn: "WriteConn", device_code: str, interval_s: int, now: datetime) -> None:
    """Note that a device asked, and how long it is to wait before it asks again."""
    await conn.execute(_SQL["poll"], digest_of(device_code), now, interval_s)


async def use(conn: "WriteConn", device_code: str, now: datetime) -> None:
    """Note that a device got its tokens."""
    await conn.execute(_SQL["use"], digest_of(device_code), now)


def _grant(row: "asyncpg.Record") -> DeviceGrant:
    return DeviceGrant(**{**row, "scopes": tuple(row["scopes"])})
