"""Own the reading of the events of runs; `storage.runs` writes them with the run they belong to."""

from typing import TYPE_CHECKING
from uuid import UUID

from core.runs import RunEvent, RunStatus
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn

_SQL = sql.load("run_events")


async def after(conn: "ReadConn", org_id: UUID, run_id: UUID, sequence: int) -> list[RunEvent]:
    """List the events after the one numbered `sequence`, in order; 0 lists all."""
    rows = await conn.fetch(_SQL["after"], org_id, run_id, sequence)
    return [RunEvent(**{**row, "status": RunStatus(row["status"])}) for row in rows]
