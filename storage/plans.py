"""Own the reading of the plan that each organisation has."""

from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import NotFound
from core.plans import PLANS, Plan
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn

_SQL = sql.load("plans")


async def plan_of(conn: "ReadConn", org_id: UUID) -> Plan:
    """Return the plan of an organisation.

    Raises:
        NotFound: there is no such organisation, or no such plan any more.
    """
    name = await conn.fetchval(_SQL["plan_of"], org_id)
    if name is None:
        raise NotFound(what="Organisation", name=str(org_id))
    if name not in PLANS:
        raise NotFound(what="Plan", name=name)
    return PLANS[name]
