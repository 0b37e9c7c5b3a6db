"""Own who people are at other providers: issuer and subject there, user here."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import NotFound
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/external_identities")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIdentity:
    """Hold one identity elsewhere that signs a user in here."""

    issuer: str
    subject: str
    created_at: datetime
    last_used_at: datetime


async def user_of(conn: "WriteConn", issuer: str, subject: str, now: datetime) -> UUID | None:
    """Return whom an identity elsewhere signs in, and note that it was used."""
    user_id: UUID | None = await conn.fetchval(_SQL["user_of"], issuer, subject, now)
    return user_id


async def link(conn: "WriteConn", issuer: str, subject: str, user_id: UUID, now: datetime) -> UUID:
    """Let an identity elsewhere sign a user in, and return whom it does; one that is linked stays.

    That it was used is noted.
    """
    owner: UUID = await conn.fetchval(_SQL["link"], issuer, subject, user_id, now)
    return owner


async def of_user(conn: "ReadConn", user_id: UUID) -> list[ExternalIdentity]:
    """List the identities that sign a user in, oldest first."""
    return [ExternalIdentity(**row) for row in await conn.fetch(_SQL["of_user"], user_id)]


async def unlink(conn: "WriteConn", user_id: UUID, issuer: str, subject: str) -> None:
    """Let an identity elsewhere sign a user in no more.

    Raises:
        NotFound: it is not one of the user's.
    """
    if await conn.fetchval(_SQL["unlink"], user_id, issuer, subject) is None:
        raise NotFound(what="identity", name=issuer)
