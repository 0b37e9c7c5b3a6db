"""Own API keys over HTTP: a member's own, and those of machines."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from core.api_keys import new_secret
from core.clock import utc_from_ns
from core.errors import Forbidden, NotFound, PersonNeeded
from core.identity import Permission, Principal, Role, permissions_of
from serve.identity.access import PrincipalOf, needs, require, require_person, require_step_up
from serve.identity.people import note
from serve.services import ServicesOf
from storage.identity import api_keys
from storage.identity.api_keys import KeyRecord, NewKey

router = APIRouter(tags=["API keys"])

_POWERFUL = frozenset({Role.OWNER, Role.ADMIN})


class KeyRequest(BaseModel):
    """Say what a key is to be; without `scopes` it may do all that its role may."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=100, examples=["nightly import"])
    kind: Literal["own", "machine"] = "own"
    role: Role | None = Field(None, description="Unset: the caller's, for a key of one's own.")
    scopes: list[Permission] = Field([], max_length=len(Permission))
    expires_in_days: int = Field(90, ge=1, le=365)


class KeyView(BaseModel):
    """Hold what is told of a key after it was made; `prefix` is how its owner knows it again."""

    key_id: UUID
    prefix: str
    name: str
    kind: Literal["own", "machine"]
    role: Role
    scopes: list[str]
    user_id: UUID | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyView(KeyView):
    """Hold a new key with its secret, which is told only now."""

    secret: str


class KeyList(BaseModel):
    """List keys, oldest first."""

    items: list[KeyView]


@router.post("/keys", status_code=201, dependencies=[needs(Permission.KEYS_OWN)])
async def create_key(body: KeyRequest, caller: PrincipalOf, services: ServicesOf) -> NewKeyView:
    """Make a key; it may do nothing that its maker may not.

    A key of one's own is made by a person who signed in, and ends with the membership. A key of a
    machine needs `keys:manage`, and that of an owner or admin a fresh proof of who one is.
    """
    now = utc_from_ns(services.clock.now_ns())
    new = _new_key(body, caller, services.clock.now_ns(), now)
    secret = new_secret()
    async with services.pools.system() as conn:
        made = await api_keys.create(conn, new, secret, now)
        await note(
            conn, caller, "api_key.created", now, made.key_id, role=new.role.value, kind=body.kind
        )
    return NewKeyView(**_view(made).model_dump(), secret=secret)


@router.get("/keys", dependencies=[needs(Permission.KEYS_OWN)])
async def list_keys(
    caller: PrincipalOf,
    services: ServicesOf,
    all_keys: Annotated[
        bool, Query(alias="all", description="Of everybody; needs `keys:manage`.")
    ] = False,
) -> KeyList:
    """List one's own keys, or all of the organisation; a machine with `keys:manage` gets all."""
    if all_keys:
        require(caller, Permission.KEYS_MANAGE)
    elif caller.user_id is None and not caller.may(Permission.KEYS_MANAGE):
        raise PersonNeeded
    owner = None if all_keys else caller.user_id
    async with services.pools.read(caller.org_id) as conn:
        found = await api_keys.list_keys(conn, caller.org_id, owner)
    return KeyList(items=[_view(one) for one in found])


@router.delete("/keys/{key_id}", status_code=204, dependencies=[needs(Permission.KEYS_OWN)])
async def revoke_key(key_id: UUID, caller: PrincipalOf, services: ServicesOf) -> Response:
    """End a key for good, everywhere within 5 s; others' and machines' need `keys:manage`."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        key = await api_keys.read(conn, caller.org_id, key_id)
        is_own = key.user_id is not None and key.user_id == caller.user_id
        if not is_own and not caller.may(Permission.KEYS_MANAGE):
            raise NotFound(what="API key", name=str(key_id))
        if await api_keys.revoke(conn, caller.org_id, key_id, now):
            await note(conn, caller, "api_key.revoked", now, key_id)
    return Response(status_code=204)


def _new_key(body: KeyRequest, caller: Principal, now_ns: int, now: datetime) -> NewKey:
    is_own = body.kind == "own"
    if is_own:
        require_person(caller)
    else:
        require(caller, Permission.KEYS_MANAGE)
    role = body.role or (caller.role if is_own else Role.READ_ONLY)
    scopes = tuple(sorted({scope.value for scope in body.scopes}))
    beyond = permissions_of(role) - permissions_of(caller.role)
    beyond |= permissions_of(role, scopes) - caller.permissions
    if beyond:
        raise Forbidden(permission=min(beyond).value)
    if not is_own and role in _POWERFUL:
        require_step_up(caller, now_ns)
    return NewKey(
        org_id=caller.org_id,
        name=body.name,
        role=role,
        created_by=caller.actor,
        scopes=scopes,
        user_id=caller.user_id if is_own else None,
        expires_at=now + timedelta(days=body.expires_in_days),
    )


def _view(key: KeyRecord) -> KeyView:
    return KeyView(
        key_id=key.key_id,
        prefix=f"{key.prefix}…",
        name=key.name,
        kind="machine" if key.user_id is None else "own",
        role=key.role,
        scopes=list(key.scopes),
        user_id=key.user_id,
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )
