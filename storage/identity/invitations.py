"""Own the stored invitations into an organisation; a token is kept as its digest only."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

import uuid_utils.compat as uuid_utils

from core.errors import InvitationOpen, NotFound
from core.identity import Role
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/invitations")
OPEN_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Hold one invitation; it is open while neither accepted nor withdrawn nor expired."""

    org_id: UUID
    invitation_id: UUID
    email: str
    role: Role
    invited_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    withdrawn_at: datetime | None


async def create(
    conn: "WriteConn", org_id: UUID, email: str, role: Role, invited_by: str, now: datetime
) -> tuple[Invitation, str]:
    """Invite an address as `users.plain_email` makes it; returns the token, told only now.

    Needs the system role.

    Raises:
        InvitationOpen: the address has an open invitation already.
    """
    token = secrets.token_urlsafe(32)
    invitation_id = uuid_utils.uuid7()
    await conn.execute(_SQL["withdraw_expired"], org_id, email, now)
    made = await conn.fetchval(
        _SQL["create"],
        org_id,
        invitation_id,
        email,
        role.value,
        _digest_of(token),
        invited_by,
        now,
        now + OPEN_FOR,
    )
    if made is None:
        raise InvitationOpen
    return await read(conn, org_id, invitation_id), token


async def list_invitations(conn: "ReadConn", org_id: UUID) -> list[Invitation]:
    """List the invitations of an organisation, newest first."""
    return [_invitation(row) for row in await conn.fetch(_SQL["list"], org_id)]


async def read(conn: "ReadConn", org_id: UUID, invitation_id: UUID) -> Invitation:
    """Return one invitation.

    Raises:
        NotFound: the organisation has none of this id.
    """
    row = await conn.fetchrow(_SQL["read"], org_id, invitation_id)
    if row is None:
        raise NotFound(what="invitation", name=str(invitation_id))
    return _invitation(row)


async def peek(conn: "ReadConn", token: str, now: datetime) -> Invitation | None:
    """Return the open invitation of a token and leave it open; needs the system role."""
    row = await conn.fetchrow(_SQL["by_digest"], _digest_of(token), now)
    return None if row is None else _invitation(row)


async def accept(
    conn: "WriteConn", org_id: UUID, invitation_id: UUID, now: datetime
) -> Invitation | None:
    """Use up an invitation, None where it is not open (any more); needs the system role."""
    row = await conn.fetchrow(_SQL["accept"], org_id, invitation_id, now)
    return None if row is None else _invitation(row)


async def withdraw(conn: "WriteConn", org_id: UUID, invitation_id: UUID, now: datetime) -> bool:
    """Withdraw an invitation and tell whether it had not ended; needs the system role.

    Raises:
        NotFound: the organisation has none of this id.
    """
    await read(conn, org_id, invitation_id)
    return await conn.fetchval(_SQL["withdraw"], org_id, invitation_id, now) is not None


def _digest_of(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _invitation(row: "asyncpg.Record") -> Invitation:
    return Invitation(**{**row, "role": Role(row["role"])})
