"""Own the grant by a code: what a browser asks for, and what its code is traded for (PKCE)."""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from core.audit import AuditEntry
from core.errors import Forbidden, GrantRefused, InvalidInput
from serve.identity.grants.clients import CODE, Client, require_grant, scopes_for
from serve.identity.grants.issuing import Issued, Signer, begin_family, end_family, invalid_grant
from storage.audit import trail
from storage.identity import authorization_codes, token_families
from storage.identity.authorization_codes import StoredCode
from storage.identity.sessions import Session

if TYPE_CHECKING:
    from storage.pool import WriteConn

CODE_LIVES = timedelta(seconds=60)
MAX_STATE_CHARACTERS = 1_024
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_NOT_GOOD = "The code is unknown, used or expired, or not for this client, address or verifier."


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """Hold what a client asks a person for."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    state: str | None


@dataclass(frozen=True, slots=True)
class ErrorRedirect:
    """Hold where to send a browser whose client asks for what it may not have."""

    location: str


def read_request(
    query: Sequence[tuple[str, str]], client: Client | None, issuer: str
) -> AuthorizationRequest | ErrorRedirect:
    """Read the query of `/oauth/authorize`; `client` is that of its `client_id`, if any.

    Raises:
        InvalidInput: the client or its redirect is not known, so that nothing may be sent there.
    """
    values = dict(query)
    redirect_uri = values.get("redirect_uri", "")
    if len(values) != len(query):
        raise InvalidInput(field="query", reason="a parameter is given twice")
    if client is None:
        raise InvalidInput(field="client_id", reason="no such client")
    if redirect_uri not in client.redirect_uris:
        raise InvalidInput(field="redirect_uri", reason="not one of the client's")
    state = values.get("state")
    try:
        scopes = _checked(values, client)
    except GrantRefused as error:
        told = str(error.context["error"])
        return ErrorRedirect(_location(redirect_uri, issuer, state, error=told))
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        scopes=scopes,
        challenge=values["code_challenge"],
        state=state,
    )


def _checked(values: dict[str, str], client: Client) -> tuple[str, ...]:
    require_grant(client, CODE)
    if values.get("response_type") != "code":
        reason = "Only the response type code is given."
        raise GrantRefused(error="unsupported_response_type", reason=reason)
    if values.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
        values.get("code_challenge", "")
    ):
        raise GrantRefused(error="invalid_request", reason="A challenge by S256 is needed.")
    if len(values.get("state", "")) > MAX_STATE_CHARACTERS:
        raise GrantRefused(error="invalid_request", reason="The state is too long.")
    return scopes_for(client, values.get("scope"))


async def approve(
    conn: "WriteConn", request: AuthorizationRequest, session: Session, issuer: str, now: datetime
) -> str:
    """Grant what was asked for, and return where to send the browser with its code.

    Raises:
        Forbidden: the client is of another organisation.
    """
    client = request.client
    if client.org_id is not None and client.org_id != session.org_id:
        raise Forbidden(permission=f"client:{client.client_id}")
    code = secrets.token_urlsafe(32)
    stored = StoredCode(
        client_id=client.client_id,
        session_id=session.session_id,
        redirect_uri=request.redirect_uri,
        challenge=request.challenge,
        scopes=request.scopes,
        created_at=now,
        expires_at=now + CODE_LIVES,
    )
    await authorization_codes.create(conn, code, stored)
    entry = AuditEntry(
        org_id=session.org_id,
        actor=f"user:{session.user_id}",
        action="client.authorized",
        target=client.client_id,
    )
    await trail.record(conn, entry, now)
    return _location(request.redirect_uri, issuer, request.state, code=code)


def deny(request: AuthorizationRequest, issuer: str) -> str:
    """Return where to send the browser of a person who does not consent."""
    return _location(request.redirect_uri, issuer, request.state, error="access_denied")


async def exchange(
    conn: "WriteConn",
    client: Client,
    code: str,
    redirect_uri: str,
    verifier: str,
    signer: Signer,
    now: datetime,
) -> Issued | GrantRefused:
    """Trade a code for tokens, or return why not: the end of a family must be kept.

    Raises:
        GrantRefused: nothing was changed.
    """
    session_id = await authorization_codes.session_of(conn, code)
    if session_id is None:
        raise invalid_grant(_NOT_GOOD)
    holder = await token_families.holder(conn, session_id, now)
    stored = await authorization_codes.hold(conn, code)
    if stored is None or stored.client_id != client.client_id:
        raise invalid_grant(_NOT_GOOD)
    if stored.used_at is not None:
        if stored.family_id is not None:
            await _end(conn, stored, now)
        return invalid_grant(_NOT_GOOD)
    if holder is None or now >= stored.expires_at or redirect_uri != stored.redirect_uri:
        raise invalid_grant(_NOT_GOOD)
    if not proves(verifier, stored.challenge):
        raise invalid_grant(_NOT_GOOD)
    family_id, issued = await begin_family(conn, client, holder, stored.scopes, signer, now)
    await authorization_codes.use(conn, code, family_id, now)
    return issued


def proves(verifier: str, challenge: str) -> bool:
    """Tell whether a verifier is that of a challenge by S256."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())


async def _end(conn: "WriteConn", stored: StoredCode, now: datetime) -> None:
    assert stored.family_id is not None  # noqa: S101 - the caller looked
    family = await token_families.by_id(conn, stored.family_id)
    if family is not None:
        await end_family(conn, family, "code-reused", now)


def _location(redirect_uri: str, issuer: str, state: str | None, **told: str) -> str:
    values = {**told, **({} if state is None else {"state": state}), "iss": issuer}
    mark = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{mark}{urlencode(values)}"
