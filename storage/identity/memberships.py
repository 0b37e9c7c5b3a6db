"""Own who belongs to which organisation, as what; an organisation always keeps an owner."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import LastOwner, NotFound
from core.identity import Role
from storage import sql
from storage.identity import api_keys, revocations

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/memberships")


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Hold one organisation of a user."""

    org_id: UUID
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Hold one user of an organisation."""

    user_id: UUID
    email: str | None
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None


async def add(conn: "WriteConn", org_id: UUID, user_id: UUID, role: Role, now: datetime) -> None:
    """Make a user a member; one who is a member already keeps the role. Needs the system role."""
    await conn.execute(_SQL["add"], org_id, user_id, role.value, now)


async def role_of(conn: "ReadConn", org_id: UUID, user_id: UUID) -> Role | None:
    """Return what a user is in an organisation, None if not a member."""
    role = await conn.fetchval(_SQL["role_of"], org_id, user_id)
    return None if role is None else Role(role)


async def of_user(conn: "ReadConn", user_id: UUID) -> list[Membership]:
    """List the organisations of a user, the first joined first; needs the system role."""
    rows = await conn.fetch(_SQL["of_user"], user_id)
    return [
        Membership(org_id=row["org_id"], name=row["name"], role=Role(row["role"])) for row in rows
    ]


async def members(conn: "ReadConn", org_id: UUID) -> list[Member]:
    """List the members of an organisation, the first joined first; needs the system role."""
    rows = await conn.fetch(_SQL["members"], org_id)
    return [Member(**{**row, "role": Role(row["role"])}) for row in rows]


async def change_role(
    conn: "WriteConn", org_id: UUID, user_id: UUID, role: Role, now: datetime
) -> Role:
    """Give a member another role, end tokens of the former one, and return the former one.

    Needs the system role.

    Raises:
        NotFound: the user is not a member.
        LastOwner: the organisation would have no owner.
    """
    former = await _require(conn, org_id, user_id)
    if role is not Role.OWNER:
        await require_other_owner(conn, org_id, user_id)
    if role is not former:
        await conn.execute(_SQL["set_role"], org_id, user_id, role.value)
        await revocations.revoke(conn, "member", f"{org_id}:{user_id}", now)
    return former


async def remove(conn: "WriteConn", org_id: UUID, user_id: UUID, now: datetime) -> Role:
    """End a membership with its tokens and keys, and return the role; needs the system role.

    Raises:
        NotFound: the user is not a member.
        LastOwner: the organisation would have no owner.
    """
    former = await _require(conn, org_id, user_id)
    await require_other_owner(conn, org_id, user_id)
    await api_keys.revoke_of_member(conn, org_id, user_id, now)
    await conn.execute(_SQL["remove"], org_id, user_id)
    await revocations.revoke(conn, "member", f"{org_id}:{user_id}", now)
    return former


async def require_other_owner(conn: "WriteConn", org_id: UUID, user_id: UUID) -> None:
    """Refuse to lose a user if that is the last owner; holds the owners until the transaction ends.

    Raises:
        LastOwner: the organisation would have no owner who can sign in.
    """
    owners = {row["user_id"] for row in await conn.fetch(_SQL["lock_owners"], org_id)}
    if owners == {user_id}:
        raise LastOwner


async def _require(conn: "ReadConn", org_id: UUID, user_id: UUID) -> Role:
    role = await role_of(conn, org_id, user_id)
    if role is None:
        raise NotFound(what="member", name=str(user_id))
    return role
