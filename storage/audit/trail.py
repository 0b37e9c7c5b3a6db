"""Own the stored audit trail: appending in one order, and reading an organisation's part."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core.audit import AuditEntry
from storage import sql
from storage.audit.chain import GENESIS, ChainedEntry, digest_of

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("audit/trail")


async def record(conn: "WriteConn", entry: AuditEntry, now: datetime) -> None:
    """Append an entry to the chain; needs the system role.

    Belongs into the transaction that makes the change, as its last statement: until that ends, all
    other appends wait.
    """
    await conn.execute(_SQL["lock"])
    position, previous = await head(conn)
    digest = digest_of(position + 1, entry, now, previous)
    await conn.execute(
        _SQL["append"],
        position + 1,
        entry.org_id,
        now,
        entry.actor,
        entry.action,
        entry.target,
        dict(entry.details),
        previous,
        digest,
    )


async def head(conn: "ReadConn") -> tuple[int, bytes]:
    """Return the position and digest of the last entry; position 0 where there is none."""
    row = await conn.fetchrow(_SQL["head"])
    return (0, GENESIS) if row is None else (row["position"], row["digest"])


async def first_after(conn: "ReadConn", position: int) -> datetime | None:
    """Return when the first entry behind a position was made, None where there is none."""
    found: datetime | None = await conn.fetchval(_SQL["first_after"], position)
    return found


async def page(
    conn: "ReadConn",
    org_id: UUID,
    *,
    limit: int,
    before: int | None = None,
    actor: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[ChainedEntry]:
    """List entries of an organisation, newest first, below position `before`."""
    rows = await conn.fetch(_SQL["page"], org_id, before, actor, action, since, until, limit)
    return [ChainedEntry(**row) for row in rows]
