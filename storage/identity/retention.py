"""Own the deletion of what is kept no longer, by the schedule of core; needs the system role."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.retention import RETENTION
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/retention")


async def forget(conn: "WriteConn", now: datetime) -> dict[str, int]:
    """Delete what the schedule keeps no longer; returns how many rows of each rule that had any."""
    counted = {}
    for rule in RETENTION:
        status = await conn.execute(_SQL[f"forget_{rule.name}"], now - rule.keep)
        counted[rule.name] = int(status.rpartition(" ")[2])
    return {name: count for name, count in counted.items() if count}


async def overdue(conn: "ReadConn", now: datetime, grace: timedelta) -> dict[str, int]:
    """Count by rule the rows that should have been deleted `grace` ago."""
    return {
        rule.name: await conn.fetchval(_SQL[f"overdue_{rule.name}"], now - rule.keep - grace)
        for rule in RETENTION
    }
