"""Own the questions to the database that controls stand on; needs the system role."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn

_SQL = sql.load("compliance/evidence")


async def tables_of_tenants(conn: "ReadConn") -> dict[str, bool]:
    """Tell of each table that holds rows of organisations whether the database keeps them apart."""
    rows = await conn.fetch(_SQL["tables_of_tenants"])
    return {row["name"]: row["has_walls"] for row in rows}


async def roles_above_walls(conn: "ReadConn") -> list[str]:
    """Name those of our roles that the walls between organisations would not hold."""
    return [row[0] for row in await conn.fetch(_SQL["roles_above_walls"])]


async def writers_of_the_trail(conn: "ReadConn") -> list[str]:
    """Name those of our roles that could change or remove entries of the audit trail."""
    return [row[0] for row in await conn.fetch(_SQL["writers_of_the_trail"])]


async def plain_secrets(conn: "ReadConn") -> int:
    """Count the secrets that are stored without a seal."""
    return int(await conn.fetchval(_SQL["plain_secrets"]))


async def weak_hashes(conn: "ReadConn", beginning: str) -> int:
    """Count the hashes of passwords that do not begin so."""
    escaped = beginning.replace("_", r"\_").replace("%", r"\%")
    return int(await conn.fetchval(_SQL["weak_hashes"], f"{escaped}%"))


async def powerful_without_second_factor(conn: "ReadConn", org_id: UUID) -> list[UUID]:
    """Name the owners and admins of an organisation who have no second factor."""
    return [row[0] for row in await conn.fetch(_SQL["powerful_without_second_factor"], org_id)]


async def access_of_the_disabled(conn: "ReadConn", now: datetime) -> int:
    """Count the sessions and token families of disabled people that have not ended."""
    return int(await conn.fetchval(_SQL["access_of_the_disabled"], now))


async def keys_left_lying(
    conn: "ReadConn", org_id: UUID, now: datetime, unused_since: datetime
) -> list[UUID]:
    """Name the keys of an organisation that are good and were not used since a moment."""
    rows = await conn.fetch(_SQL["keys_left_lying"], org_id, now, unused_since)
    return [row[0] for row in rows]


async def erasures(conn: "ReadConn") -> tuple[int, int]:
    """Count the erased people, and those of them of whom something is left."""
    erased = await conn.fetchval(_SQL["erased"])
    return int(erased), int(await conn.fetchval(_SQL["remains_of_the_erased"]))


async def longest_signing(conn: "ReadConn") -> timedelta:
    """Return for how long that key signs tokens that does so for longest."""
    found: timedelta = await conn.fetchval(_SQL["longest_signing"])
    return found


async def clock(conn: "ReadConn") -> datetime:
    """Return what time it is at the database."""
    found: datetime = await conn.fetchval(_SQL["clock"])
    return found
