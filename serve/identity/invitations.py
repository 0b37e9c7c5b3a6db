"""Own inviting people into an organisation, and how they come in."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

from core.audit import AuditEntry
from core.errors import NotFound
from core.identity import Principal, Role
from serve.identity.people import note, require_appointing
from storage.audit import trail
from storage.identity import invitations, memberships, users
from storage.identity.invitations import Invitation

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Say who came in, where, as what; `is_new` where the person cannot sign in yet."""

    user_id: UUID
    email: str
    org_id: UUID
    role: Role
    is_new: bool


async def invite(
    conn: "WriteConn", principal: Principal, email: str, role: Role, now: datetime
) -> tuple[Invitation, str]:
    """Invite an address into the principal's organisation; returns the token, told only now.

    Needs the system role.

    Raises:
        InvalidInput: `email` is no address.
        Forbidden: the principal may not give the role.
        StepUpRequired: the role is that of an owner, and the proof of who one is is old or weak.
        InvitationOpen: the address has an open invitation already.
    """
    plain = users.plain_email(email)
    require_appointing(principal, now, role)
    made, token = await invitations.create(
        conn, principal.org_id, plain, role, principal.actor, now
    )
    await note(conn, principal, "invitation.created", now, made.invitation_id, role=role.value)
    return made, token


async def withdraw(
    conn: "WriteConn", principal: Principal, invitation_id: UUID, now: datetime
) -> None:
    """Withdraw an invitation; one that ended stays as it is. Needs the system role.

    Raises:
        NotFound: the organisation has none of this id.
    """
    if await invitations.withdraw(conn, principal.org_id, invitation_id, now):
        await note(conn, principal, "invitation.withdrawn", now, invitation_id)


async def peek(conn: "ReadConn", token: str, now: datetime) -> Invitation:
    """Return what a token invites to, and leave it open; needs the system role.

    Raises:
        NotFound: the invitation is not open (any more).
    """
    return _required(await invitations.peek(conn, token, now))


async def accept(conn: "WriteConn", token: str, now: datetime) -> Accepted:
    """Use up an invitation: its address becomes a member, and a user where it was none.

    Needs the system role. That the link was opened proves the address, not a password: whoever is
    new goes on by a sign-in link, whoever is not signs in as always. A member keeps the role.

    Raises:
        NotFound: the invitation is not open (any more), or its user was disabled.
    """
    invitation = await peek(conn, token, now)
    return await accept_named(conn, invitation.org_id, invitation.invitation_id, now)


async def accept_named(
    conn: "WriteConn", org_id: UUID, invitation_id: UUID, now: datetime
) -> Accepted:
    """Use up an invitation of which someone held the token; otherwise as `accept`.

    Raises:
        NotFound: the invitation is not open (any more), or its user was disabled.
    """
    invitation = _required(await invitations.accept(conn, org_id, invitation_id, now))
    user = await users.create(conn, invitation.email, invitation.email.partition("@")[0], now)
    if user.disabled_at is not None:
        return _refuse()
    await memberships.add(conn, invitation.org_id, user.user_id, invitation.role, now)
    role = await memberships.role_of(conn, invitation.org_id, user.user_id)
    entry = AuditEntry(
        org_id=invitation.org_id,
        actor=f"user:{user.user_id}",
        action="invitation.accepted",
        target=str(invitation.invitation_id),
        details={"role": invitation.role.value},
    )
    await trail.record(conn, entry, now)
    return Accepted(
        user_id=user.user_id,
        email=invitation.email,
        org_id=invitation.org_id,
        role=role or invitation.role,
        is_new=user.created_at == now,
    )


def _required(invitation: Invitation | None) -> Invitation:
    return invitation if invitation is not None else _refuse()


def _refuse() -> NoReturn:
    raise NotFound(what="open invitation", name="of this link")
