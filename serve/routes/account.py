"""Own what people see and change of themselves over HTTP: name, factors, sessions."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from core.clock import utc_from_ns
from core.errors import NotFound, PersonNeeded
from core.identity import Permission, Principal, Role
from serve.identity.access import PrincipalOf, needs, require_person
from serve.identity.account_acts import ways_in
from serve.identity.people import note
from serve.services import Services, ServicesOf
from storage.identity import endings, factors, memberships, passkeys, sessions, users

router = APIRouter(tags=["account"])


class OrganisationOfAccount(BaseModel):
    """Hold one organisation of the caller."""

    org_id: UUID
    name: str
    role: Role


class FactorsView(BaseModel):
    """Tell what the caller can sign in with."""

    has_password: bool
    has_totp: bool
    recovery_codes_left: int
    passkeys: list[str]


class AccountView(BaseModel):
    """Tell who the caller is; `user` members are null where a key or a client asks."""

    actor: str
    org_id: UUID
    role: Role
    permissions: list[Permission]
    user_id: UUID | None
    email: str | None
    name: str | None
    organisations: list[OrganisationOfAccount]
    factors: FactorsView | None


class NameRequest(BaseModel):
    """Say what a person wants to be called."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")


class SessionView(BaseModel):
    """Hold one signed-in browser of the caller."""

    session_id: UUID
    is_current: bool
    methods: list[str]
    authenticated_at: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


class SessionList(BaseModel):
    """List sessions, the last seen first."""

    items: list[SessionView]


@router.get("/account", dependencies=[needs(Permission.ACCOUNT)])
async def read_account(caller: PrincipalOf, services: ServicesOf) -> AccountView:
    """Tell who the caller is, and what it may do."""
    return await _account(services, caller)


@router.patch("/account", dependencies=[needs(Permission.ACCOUNT)])
async def rename(body: NameRequest, caller: PrincipalOf, services: ServicesOf) -> AccountView:
    """Change the name of the person who asks."""
    user_id = _person(caller)
    async with services.pools.system() as conn:
        await users.rename(conn, user_id, body.name)
        await note(conn, caller, "user.renamed", utc_from_ns(services.clock.now_ns()), user_id)
    return await _account(services, caller)


@router.get("/sessions", dependencies=[needs(Permission.ACCOUNT)])
async def list_sessions(caller: PrincipalOf, services: ServicesOf) -> SessionList:
    """List where the person who asks is signed in."""
    user_id, now = _person(caller), utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        found = await sessions.of_user(conn, user_id, now)
    return SessionList(
        items=[
            SessionView(
                session_id=one.session_id,
                is_current=one.session_id == caller.session_id,
                methods=list(one.methods),
                authenticated_at=one.authenticated_at,
                created_at=one.created_at,
                last_seen_at=one.last_seen_at,
                expires_at=one.expires_at,
                address=one.address,
                user_agent=one.user_agent,
            )
            for one in found
        ]
    )


@router.delete("/sessions/{session_id}", status_code=204, dependencies=[needs(Permission.ACCOUNT)])
async def end_session(session_id: UUID, caller: PrincipalOf, services: ServicesOf) -> Response:
    """End a session of the person who asks, with every token that came of it, within 5 s."""
    user_id, now = _person(caller), utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        own = {one.session_id for one in await sessions.of_user(conn, user_id, now)}
        if session_id not in own:
            raise NotFound(what="session", name=str(session_id))
        await endings.end_session(conn, session_id, now, "ended")
        await note(conn, caller, "session.ended", now, session_id)
    return Response(status_code=204)


def _person(caller: Principal) -> UUID:
    user_id = require_person(caller).user_id
    if user_id is None:
        raise PersonNeeded
    return user_id


async def _account(services: Services, caller: Principal) -> AccountView:
    plain = {
        "actor": caller.actor,
        "org_id": caller.org_id,
        "role": caller.role,
        "permissions": sorted(caller.permissions),
    }
    if caller.user_id is None:
        nobody: dict[str, object] = {
            "user_id": None,
            "email": None,
            "name": None,
            "organisations": [],
        }
        return AccountView.model_validate({**plain, **nobody, "factors": None})
    async with services.pools.system() as conn:
        user = await users.read(conn, caller.user_id)
        ways = await ways_in(conn, caller.user_id)
        joined = await memberships.of_user(conn, caller.user_id)
        known = FactorsView(
            has_password=ways.has_password,
            has_totp=ways.has_totp,
            recovery_codes_left=await factors.codes_left(conn, caller.user_id),
            passkeys=[one.name for one in await passkeys.of_user(conn, caller.user_id)],
        )
    return AccountView.model_validate(
        {
            **plain,
            "user_id": user.user_id,
            "email": user.email,
            "name": user.name,
            "organisations": [asdict(one) for one in joined],
            "factors": known,
        }
    )
