"""Own the stored revocations, which replicas read as a window of the last minutes."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/revocations")

RevocationKind = Literal["session", "family", "user", "member", "client"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Say what is no longer good: everything of the subject that was issued by the moment."""

    kind: RevocationKind
    subject: str
    revoked_at: datetime


async def revoke(conn: "WriteConn", kind: RevocationKind, subject: str, now: datetime) -> None:
    """Stop the tokens of a subject everywhere; needs the system role.

    The subject is an id, or `ORG:USER` for kind member. Belongs into the transaction that makes
    the reason for it.
    """
    await conn.execute(_SQL["revoke"], kind, subject, now)


async def since(conn: "ReadConn", moment: datetime) -> list[Revocation]:
    """List what was revoked from a moment on, the last of each subject; needs the system role."""
    return [Revocation(**row) for row in await conn.fetch(_SQL["since"], moment)]
