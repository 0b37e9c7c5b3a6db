"""Own what may be done to members, and by whom: appointing, ending, disabling, erasing."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core.audit import AuditEntry, Detail
from core.clock import ns_from_utc
from core.errors import Forbidden, MemberElsewhere, NotFound
from core.identity import Permission, Principal, Role, may_appoint
from serve.identity.access import require_step_up
from storage.audit import trail
from storage.identity import endings, memberships, personal_data, users

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn


async def note(
    conn: "WriteConn",
    principal: Principal,
    action: str,
    now: datetime,
    target: object = None,
    **details: Detail,
) -> None:
    """Write down what a principal did, as the last statement of the transaction that does it."""
    entry = AuditEntry(
        org_id=principal.org_id,
        actor=principal.actor,
        action=action,
        target=None if target is None else str(target),
        details=details,
    )
    await trail.record(conn, entry, now)


def require_appointing(principal: Principal, now: datetime, *roles: Role) -> None:
    """Refuse who may not give or take some roles; that of an owner needs a fresh proof.

    Raises:
        Forbidden: the principal may not.
        StepUpRequired: it is about an owner, and the proof of who one is is old or weak.
        PersonNeeded: it is about an owner, and the principal is no person.
    """
    if not all(may_appoint(principal.role, role) for role in roles):
        raise Forbidden(permission=Permission.ORGANISATION_MANAGE.value)
    if Role.OWNER in roles:
        require_step_up(principal, ns_from_utc(now))


async def change_role(
    conn: "WriteConn", principal: Principal, user_id: UUID, role: Role, now: datetime
) -> None:
    """Give a member of the principal's organisation another role; needs the system role.

    Raises:
        NotFound: the user is not a member.
        Forbidden: the principal may not take the former role or give the new one.
        StepUpRequired: it is about an owner, and the proof of who one is is old or weak.
        LastOwner: the organisation would have no owner.
    """
    former = await member_role(conn, principal.org_id, user_id)
    require_appointing(principal, now, former, role)
    if former is role:
        return
    await memberships.change_role(conn, principal.org_id, user_id, role, now)
    await note(
        conn, principal, "member.role_changed", now, user_id, former=former.value, role=role.value
    )


async def remove(conn: "WriteConn", principal: Principal, user_id: UUID, now: datetime) -> None:
    """End a membership of the principal's organisation; needs the system role.

    Raises:
        NotFound: the user is not a member.
        Forbidden: the principal may not take the role.
        LastOwner: the organisation would have no owner.
    """
    former = await member_role(conn, principal.org_id, user_id)
    require_appointing(principal, now, former)
    await memberships.remove(conn, principal.org_id, user_id, now)
    await note(conn, principal, "member.removed", now, user_id, role=former.value)


async def disable(conn: "WriteConn", principal: Principal, user_id: UUID, now: datetime) -> None:
    """Let a user sign in no more, anywhere; needs the system role.

    Raises:
        NotFound: the user is not a member of the principal's organisation.
        MemberElsewhere: the principal does not administer all organisations of the user.
        LastOwner: one of them would have no owner who can sign in.
    """
    administered = await require_administers(conn, principal, user_id)
    await users.hold(conn, user_id)  # first, as who renews tokens does
    for org_id in administered:
        await memberships.require_other_owner(conn, org_id, user_id)
    if await users.disable(conn, user_id, now):
        await endings.end_all(conn, user_id, now, "disabled")
        await note(conn, principal, "user.disabled", now, user_id)


async def enable(conn: "WriteConn", principal: Principal, user_id: UUID, now: datetime) -> None:
    """Let a disabled user sign in again; needs the system role.

    Raises:
        NotFound: the user is not a member of the principal's organisation.
        MemberElsewhere: the principal does not administer all organisations of the user.
    """
    await require_administers(conn, principal, user_id)
    if await users.enable(conn, user_id):
        await note(conn, principal, "user.enabled", now, user_id)


async def erase(conn: "WriteConn", principal: Principal, user_id: UUID, now: datetime) -> None:
    """Erase a person, oneself or one of whom all organisations are administered.

    Needs the system role.

    Raises:
        NotFound: the person is neither the principal nor a member of its organisation.
        MemberElsewhere: the principal does not administer all organisations of the person.
        LastOwner: one of them would have no owner.
    """
    if user_id != principal.user_id:
        await require_administers(conn, principal, user_id)
    joined = await personal_data.erase(conn, user_id, now)
    await note(conn, principal, "person.erased", now, user_id, organisations=len(joined))


async def require_administers(conn: "ReadConn", principal: Principal, user_id: UUID) -> list[UUID]:
    """Return the organisations of a user, refusing who does not administer all of them.

    Raises:
        NotFound: the user is not a member of the principal's organisation.
        MemberElsewhere: the principal does not administer all organisations of the user.
    """
    joined = await memberships.of_user(conn, user_id)
    if principal.org_id not in {one.org_id for one in joined}:
        raise NotFound(what="member", name=str(user_id))
    for one in joined:
        role = await _role_in(conn, principal, one.org_id)
        if role is None or not may_appoint(role, one.role):
            raise MemberElsewhere
    return [one.org_id for one in joined]


async def member_role(conn: "ReadConn", org_id: UUID, user_id: UUID) -> Role:
    """Return what a member is.

    Raises:
        NotFound: the user is not a member.
    """
    role = await memberships.role_of(conn, org_id, user_id)
    if role is None:
        raise NotFound(what="member", name=str(user_id))
    return role


async def _role_in(conn: "ReadConn", principal: Principal, org_id: UUID) -> Role | None:
    if org_id == principal.org_id:
        return principal.role
    if principal.user_id is None:
        return None
    return await memberships.role_of(conn, org_id, principal.user_id)
