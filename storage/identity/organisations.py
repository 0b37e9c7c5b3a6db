"""Own the stored organisations as their members see them: a name, since when, how many."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import NotFound
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/organisations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Hold one organisation."""

    org_id: UUID
    name: str
    created_at: datetime
    members: int


async def read(conn: "ReadConn", org_id: UUID) -> Organisation:
    """Return one organisation; needs the system role.

    Raises:
        NotFound: there is none of this id.
    """
    row = await conn.fetchrow(_SQL["read"], org_id)
    if row is None:
        raise NotFound(what="organisation", name=str(org_id))
    return Organisation(**row)


async def rename(conn: "WriteConn", org_id: UUID, name: str) -> None:
    """Give an organisation another name; needs the system role."""
    await conn.execute(_SQL["rename"], org_id, name)
