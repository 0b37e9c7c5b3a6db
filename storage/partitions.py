"""Own the making of the next days' and months' partitions."""

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
