"""Own what is stored about one person as a whole: telling all of it, and erasing it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.errors import NotFound
from storage import sql
from storage.identity import endings, memberships, users

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/personal_data")
SECTIONS = (
    "memberships",
    "invitations",
    "api_keys",
    "sessions",
    "token_families",
    "sign_in_links",
    "authenticator_apps",
    "recovery_codes",
    "passkeys",
    "external_identities",
    "challenges",
    "audit_entries",
)
_FORGOTTEN = (
    "forget_throttles",
    "forget_invitations",
    "forget_authenticator_apps",
    "forget_recovery_codes",
    "forget_passkeys",
    "forget_external_identities",
    "forget_sign_in_links",
    "forget_challenges",
    "empty_sessions",
    "empty_device_grants",
)


async def export(conn: "ReadConn", user_id: UUID) -> dict[str, Any]:
    """Return all that is stored about a person, no secret and no digest; needs the system role.

    Entries of the audit trail are those the person made and those about the person.

    Raises:
        NotFound: there is no such person, or no more.
    """
    person = await conn.fetchrow(_SQL["user"], user_id)
    if person is None:
        raise NotFound(what="person", name=str(user_id))
    told: dict[str, Any] = {"user": dict(person)}
    for section in SECTIONS:
        told[section] = [dict(row) for row in await conn.fetch(_SQL[section], user_id)]
    return told


async def erase(conn: "WriteConn", user_id: UUID, now: datetime) -> list[UUID]:
    """Erase a person and end all that speaks for them; returns the organisations they were in.

    Needs the system role. The row of the user stays without a name, as entries of the audit trail
    and runs refer to its id.

    Raises:
        NotFound: there is no such person, or no more.
        LastOwner: an organisation would have no owner.
    """
    await users.hold(conn, user_id)  # first, as who renews tokens does
    joined = [one.org_id for one in await memberships.of_user(conn, user_id)]
    for org_id in joined:
        await memberships.remove(conn, org_id, user_id, now)
    await endings.end_all(conn, user_id, now, "erased")
    for statement in _FORGOTTEN:
        await conn.execute(_SQL[statement], user_id)
    if await conn.fetchval(_SQL["empty_user"], user_id, now) is None:
        raise NotFound(what="person", name=str(user_id))
    return joined
