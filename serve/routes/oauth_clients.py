"""Own the programs of an organisation over HTTP: what may ask for tokens, and how it proves it."""

import secrets
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.clock import utc_from_ns
from core.errors import Forbidden
from core.identity import Permission, Principal, Role, may_appoint, permissions_of
from serve.identity.access import PrincipalOf, needs, stepped_up
from serve.identity.grants.clients import CODE, MACHINE, REFRESH
from serve.identity.people import note
from serve.services import ServicesOf
from storage.identity import oauth_clients
from storage.identity.oauth_clients import StoredClient, digest_of

router = APIRouter(tags=["OAuth clients"])

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _redirect(uri: str) -> str:
    parts = urlsplit(uri)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and (parts.hostname or "") in _LOOPBACK
    )
    if not is_safe or not parts.hostname or parts.username is not None or "#" in uri:
        message = "expected an https address, or http on this machine, without a fragment"
        raise ValueError(message)
    return uri


RedirectUri = Annotated[str, Field(max_length=2_000), AfterValidator(_redirect)]


class ClientRequest(BaseModel):
    """Say what a program is to be: one with a `role` acts for itself, others act for people."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=100, examples=["Risk dashboard"])
    redirect_uris: list[RedirectUri] = Field([], max_length=10)
    is_public: bool = Field(False, description="It keeps no secret: a page or an app.")
    role: Role | None = Field(None, description="What it is where it acts for itself.")
    scopes: list[Permission] = Field([], max_length=len(Permission))

    @model_validator(mode="after")
    def _is_of_use(self) -> "ClientRequest":
        if not self.redirect_uris and self.role is None:
            message = "expected redirect_uris, or a role for a program that acts for itself"
            raise ValueError(message)
        if self.is_public and self.role is not None:
            message = "a program without a secret cannot act for itself"
            raise ValueError(message)
        return self


class ClientView(BaseModel):
    """Hold one program of the organisation."""

    client_id: str
    name: str
    redirect_uris: list[str]
    grants: list[str]
    scopes: list[str]
    role: Role | None
    created_by: str
    created_at: datetime
    disabled_at: datetime | None


class NewClientView(ClientView):
    """Hold a new program with its secret, which is told only now; null for a public one."""

    secret: str | None


class ClientList(BaseModel):
    """List programs, the newest first."""

    items: list[ClientView]


@router.post(
    "/oauth-clients",
    status_code=201,
    dependencies=[needs(Permission.CLIENTS_MANAGE), stepped_up()],
)
async def register_client(
    body: ClientRequest, caller: PrincipalOf, services: ServicesOf
) -> NewClientView:
    """Register a program; it may be and do nothing that its maker may not."""
    _require_not_beyond(caller, body)
    now = utc_from_ns(services.clock.now_ns())
    secret = None if body.is_public else secrets.token_urlsafe(32)
    client = StoredClient(
        org_id=caller.org_id,
        client_id=f"client-{secrets.token_hex(8)}",
        name=body.name,
        secret_digest=None if secret is None else digest_of(secret),
        redirect_uris=tuple(body.redirect_uris),
        grants=(
            *((CODE, REFRESH) if body.redirect_uris else ()),
            *((MACHINE,) if body.role is not None else ()),
        ),
        scopes=tuple(sorted({scope.value for scope in body.scopes})),
        role=body.role,
        created_by=caller.actor,
        created_at=now,
    )
    async with services.pools.system() as conn:
        await oauth_clients.create(conn, client)
        await note(conn, caller, "oauth_client.created", now, client.client_id)
    return NewClientView(**_view(client).model_dump(), secret=secret)


@router.get("/oauth-clients", dependencies=[needs(Permission.CLIENTS_MANAGE)])
async def list_clients(caller: PrincipalOf, services: ServicesOf) -> ClientList:
    """List the programs of the organisation."""
    async with services.pools.read(caller.org_id) as conn:
        found = await oauth_clients.list_clients(conn, caller.org_id)
    return ClientList(items=[_view(one) for one in found])


@router.delete(
    "/oauth-clients/{client_id}",
    status_code=204,
    dependencies=[needs(Permission.CLIENTS_MANAGE)],
)
async def disable_client(client_id: str, caller: PrincipalOf, services: ServicesOf) -> Response:
    """Let a program in no more; tokens that it has end within 5 s."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        await oauth_clients.disable(conn, caller.org_id, client_id, now)
        await note(conn, caller, "oauth_client.disabled", now, client_id)
    return Response(status_code=204)


def _require_not_beyond(caller: Principal, body: ClientRequest) -> None:
    if body.role is None:
        return
    asked = permissions_of(body.role, [scope.value for scope in body.scopes])
    beyond = asked - caller.permissions
    if beyond or not may_appoint(caller.role, body.role):
        missing = min(beyond) if beyond else Permission.ORGANISATION_MANAGE
        raise Forbidden(permission=missing.value)


def _view(client: StoredClient) -> ClientView:
    return ClientView(
        client_id=client.client_id,
        name=client.name,
        redirect_uris=list(client.redirect_uris),
        grants=list(client.grants),
        scopes=list(client.scopes),
        role=client.role,
        created_by=client.created_by,
        created_at=client.created_at,
        disabled_at=client.disabled_at,
    )
