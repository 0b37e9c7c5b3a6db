"""Own the making of the next days' and months' partitions, and the leaving of old ones."""

from datetime import datetime

from storage.pool import WriteConn

DAYS_AHEAD = 7


async def ensure(conn: WriteConn, now: datetime) -> int:
    """Make the partitions around `now` that are absent; return how many were made.

    Quotes and trades get one a day from yesterday to a week ahead, chunks and events of runs one
    a month for this and the next two. Needs the system role. Whatever has no partition is stored
    in the default one.
    """
    made: int = await conn.fetchval("SELECT ensure_partitions($1, $2)", now, DAYS_AHEAD)
    return made


async def detach(conn: WriteConn, now: datetime, keep_days: int) -> list[str]:
    """Detach and drop the days of quotes and trades more than `keep_days` before today.

    Returns the partitions that are gone: none where another caller is at it, and not those of a
    table that someone reads for longer than a second. Bars and settlements stay. Needs the system
    role.
    """
    rows = await conn.fetch("SELECT detach_partitions($1, $2)", now, keep_days)
    return [row[0] for row in rows]
