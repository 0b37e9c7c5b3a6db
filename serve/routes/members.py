"""Own the members of an organisation over HTTP: who they are, as what, and how that ends."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from core.clock import utc_from_ns
from core.errors import NotFound
from core.identity import Permission, Principal, Role
from serve.identity import people
from serve.identity.access import PrincipalOf, needs, stepped_up
from serve.identity.masks import email_for
from serve.services import ServicesOf
from storage.identity import memberships
from storage.identity.memberships import Member

router = APIRouter(tags=["members"])


class RoleRequest(BaseModel):
    """Name what a member is to be."""

    model_config = ConfigDict(extra="forbid")

    role: Role


class MemberView(BaseModel):
    """Hold one member; who does not manage members sees the first letter of the address only."""

    user_id: UUID
    email: str | None
    name: str
    role: Role
    joined_at: datetime
    disabled_at: datetime | None


class MemberList(BaseModel):
    """List the members of the organisation, the first joined first."""

    items: list[MemberView]


@router.get("/members", dependencies=[needs(Permission.MEMBERS_READ)])
async def list_members(caller: PrincipalOf, services: ServicesOf) -> MemberList:
    """List who belongs to the organisation."""
    async with services.pools.system() as conn:
        found = await memberships.members(conn, caller.org_id)
    return MemberList(items=[_view(caller, one) for one in found])


@router.get("/members/{user_id}", dependencies=[needs(Permission.MEMBERS_READ)])
async def read_member(user_id: UUID, caller: PrincipalOf, services: ServicesOf) -> MemberView:
    """Return one member."""
    return await _read(services, caller, user_id)


@router.patch("/members/{user_id}", dependencies=[needs(Permission.MEMBERS_MANAGE)])
async def change_role(
    user_id: UUID, body: RoleRequest, caller: PrincipalOf, services: ServicesOf
) -> MemberView:
    """Give a member another role; tokens of the former one end at once.

    Only owners make and unmake owners, within 10 minutes of proving who they are.
    """
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await people.change_role(conn, caller, user_id, body.role, now)
    return await _read(services, caller, user_id)


@router.delete(
    "/members/{user_id}",
    status_code=204,
    dependencies=[needs(Permission.MEMBERS_MANAGE), stepped_up()],
)
async def remove_member(user_id: UUID, caller: PrincipalOf, services: ServicesOf) -> Response:
    """End a membership with its tokens and keys; the person's account stays."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await people.remove(conn, caller, user_id, now)
    return Response(status_code=204)


@router.post(
    "/members/{user_id}/disable", dependencies=[needs(Permission.MEMBERS_MANAGE), stepped_up()]
)
async def disable_member(user_id: UUID, caller: PrincipalOf, services: ServicesOf) -> MemberView:
    """Let a person sign in no more; sessions, tokens and keys end at once.

    Only for whom the caller administers in every organisation.
    """
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await people.disable(conn, caller, user_id, now)
    return await _read(services, caller, user_id)


@router.post(
    "/members/{user_id}/enable", dependencies=[needs(Permission.MEMBERS_MANAGE), stepped_up()]
)
async def enable_member(user_id: UUID, caller: PrincipalOf, services: ServicesOf) -> MemberView:
    """Let a disabled person sign in again; keys that were not revoked speak again."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await people.enable(conn, caller, user_id, now)
    return await _read(services, caller, user_id)


async def _read(services: ServicesOf, caller: Principal, user_id: UUID) -> MemberView:
    async with services.pools.system() as conn:
        for member in await memberships.members(conn, caller.org_id):
            if member.user_id == user_id:
                return _view(caller, member)
    raise NotFound(what="member", name=str(user_id))


def _view(caller: Principal, member: Member) -> MemberView:
    return MemberView(
        user_id=member.user_id,
        email=email_for(caller, member.email, member.user_id),
        name=member.name,
        role=member.role,
        joined_at=member.created_at,
        disabled_at=member.disabled_at,
    )
