"""Own invitations over HTTP; who was invited accepts on a page, not here."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from core.clock import utc_from_ns
from core.identity import Permission, Role
from serve.identity import invitations as inviting
from serve.identity.access import PrincipalOf, needs
from serve.services import ServicesOf
from storage.identity import invitations
from storage.identity.invitations import Invitation

router = APIRouter(tags=["members"])


class InvitationRequest(BaseModel):
    """Say who is invited as what."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=254, examples=["ada@example.com"])
    role: Role


class InvitationView(BaseModel):
    """Hold one invitation."""

    invitation_id: UUID
    email: str
    role: Role
    state: Literal["open", "accepted", "withdrawn", "expired"]
    invited_by: str
    created_at: datetime
    expires_at: datetime


class NewInvitationView(InvitationView):
    """Hold a new invitation with its token, which is told only now; `link` carries it."""

    token: str
    link: str


class InvitationList(BaseModel):
    """List the invitations of the organisation, newest first."""

    items: list[InvitationView]


@router.post("/invitations", status_code=201, dependencies=[needs(Permission.MEMBERS_MANAGE)])
async def invite(
    body: InvitationRequest, caller: PrincipalOf, services: ServicesOf
) -> NewInvitationView:
    """Invite an address; send the person the link, which is good once, for seven days."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        made, token = await inviting.invite(conn, caller, body.email, body.role, now)
    link = f"{services.config.origin}/invitations#{token}"
    return NewInvitationView(**_view(made, now).model_dump(), token=token, link=link)


@router.get("/invitations", dependencies=[needs(Permission.MEMBERS_MANAGE)])
async def list_invitations(caller: PrincipalOf, services: ServicesOf) -> InvitationList:
    """List who was invited; ended invitations are kept for 90 days."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.read(caller.org_id) as conn:
        found = await invitations.list_invitations(conn, caller.org_id)
    return InvitationList(items=[_view(one, now) for one in found])


@router.delete(
    "/invitations/{invitation_id}",
    status_code=204,
    dependencies=[needs(Permission.MEMBERS_MANAGE)],
)
async def withdraw(invitation_id: UUID, caller: PrincipalOf, services: ServicesOf) -> Response:
    """Withdraw an invitation; one that has ended stays as it is."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await inviting.withdraw(conn, caller, invitation_id, now)
    return Response(status_code=204)


def _view(invitation: Invitation, now: datetime) -> InvitationView:
    return InvitationView(
        invitation_id=invitation.invitation_id,
        email=invitation.email,
        role=invitation.role,
        state=_state(invitation, now),
        invited_by=invitation.invited_by,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )


def _state(
    invitation: Invitation, now: datetime
) -> Literal["open", "accepted", "withdrawn", "expired"]:
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.withdrawn_at is not None:
        return "withdrawn"
    return "open" if now < invitation.expires_at else "expired"
