"""Own which OAuth clients there are, and how one proves which it is."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus
from uuid import UUID

from core.errors import ClientRefused, GrantRefused
from core.identity import Permission, Role
from storage.identity import oauth_clients
from storage.identity.oauth_clients import digest_of

if TYPE_CHECKING:
    from storage.pool import ReadConn

CODE, REFRESH, MACHINE = "authorization_code", "refresh_token", "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
WEB, COMMAND_LINE = "heliostat-web", "heliostat-cli"
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Hold what a client may; our own are of no organisation and ask for no consent."""

    client_id: str
    name: str
    org_id: UUID | None = None
    secret_digest: bytes | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    grants: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    role: Role | None = None

    @property
    def is_public(self) -> bool:
        return self.secret_digest is None

    @property
    def needs_consent(self) -> bool:
        return self.org_id is not None


def our_own(origin: str) -> Mapping[str, Client]:
    """Return the clients that belong to the stack at an origin."""
    page = (f"{origin}/",)
    web = Client(client_id=WEB, name="Heliostat", redirect_uris=page, grants=(CODE, REFRESH))
    line = Client(client_id=COMMAND_LINE, name="Heliostat command", grants=(DEVICE, REFRESH))
    return {WEB: web, COMMAND_LINE: line}


async def find(conn: "ReadConn", client_id: str, origin: str) -> Client | None:
    """Return a client that may ask for something; needs the system role."""
    ours = our_own(origin).get(client_id)
    if ours is not None:
        return ours
    if not client_id.isprintable():
        return None
    stored = await oauth_clients.by_id(conn, client_id)
    if stored is None:
        return None
    return Client(
        client_id=stored.client_id,
        name=stored.name,
        org_id=stored.org_id,
        secret_digest=stored.secret_digest,
        redirect_uris=stored.redirect_uris,
        grants=stored.grants,
        scopes=stored.scopes,
        role=stored.role,
    )


async def authenticate(
    conn: "ReadConn", authorization: str | None, form: Mapping[str, str], origin: str
) -> Client:
    """Return the client that sends a form: by its secret, or by its id where it has none.

    Raises:
        ClientRefused: it is unknown, or its secret is wrong, absent or one too many.
        GrantRefused: it sends its secret in two ways.
    """
    client_id, secret = _credentials(authorization, form)
    client = await find(conn, client_id, origin)
    kept = None if client is None else client.secret_digest
    is_right = hmac.compare_digest(digest_of(secret or ""), kept or _NOBODY)
    if client is None or (secret is not None if kept is None else not is_right):
        raise ClientRefused
    return client


def _credentials(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str | None]:
    told, secret = form.get("client_id"), form.get("client_secret")
    if authorization is None:
        if not told:
            raise ClientRefused
        return told, secret
    if secret is not None:
        reason = "Send the client's secret in the header or in the form, not in both."
        raise GrantRefused(error="invalid_request", reason=reason)
    scheme, _, credentials = authorization.partition(" ")
    try:
        pair = base64.b64decode(credentials.encode("ascii"), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ClientRefused from error
    client_id, colon, secret = pair.partition(":")
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if scheme.lower() != "basic" or not colon or (told is not None and told != client_id):
        raise ClientRefused
    return client_id, secret


def require_grant(client: Client, grant: str) -> None:
    """Refuse a client a way to get tokens that it was not given.

    Raises:
        GrantRefused: it was not.
    """
    if grant not in client.grants:
        reason = f"The client may not use {grant}."
        raise GrantRefused(error="unauthorized_client", reason=reason)


def scopes_for(client: Client, asked: str | None) -> tuple[str, ...]:
    """Return the scopes that a client may ask for; all of its own where it names none.

    Raises:
        GrantRefused: it asks for one that is unknown or not its own.
    """
    own = set(client.scopes) or {permission.value for permission in Permission}
    wanted = set((asked or "").split(" ")) - {""}
    if not wanted <= own:
        raise GrantRefused(error="invalid_scope", reason="A scope is unknown, or not the client's.")
    return tuple(sorted(wanted or own))
