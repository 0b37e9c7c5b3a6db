"""Own what every grant of a person ends in: a family, a refresh token, an access token."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import uuid_utils.compat as uuid_utils

from core.audit import AuditEntry
from core.errors import GrantRefused
from core.identity import Role, permissions_of
from serve.identity.grants.clients import Client
from serve.identity.tokens import AccessClaims, SigningKey, mint
from storage.audit import trail
from storage.identity import token_families
from storage.identity.token_families import Family, Holder

if TYPE_CHECKING:
    from storage.pool import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Hold in whose name and with which key tokens are made."""

    issuer: str
    key: SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Hold what a client gets."""

    access_token: str = field(repr=False)
    scopes: tuple[str, ...]
    refresh_token: str | None = field(default=None, repr=False)


def invalid_grant(reason: str) -> GrantRefused:
    """Return the refusal of a code or token that is not good."""
    return GrantRefused(error="invalid_grant", reason=reason)


def scopes_of_role(role: Role, scopes: Collection[str]) -> tuple[str, ...]:
    """Return what a role may do of some scopes.

    Raises:
        GrantRefused: nothing.
    """
    granted = permissions_of(role, scopes) if scopes else ()
    if not granted:
        raise GrantRefused(error="invalid_scope", reason="The role allows none of these scopes.")
    return tuple(sorted(granted))


async def begin_family(
    conn: "WriteConn",
    client: Client,
    holder: Holder,
    scopes: tuple[str, ...],
    signer: Signer,
    now: datetime,
) -> tuple[UUID, Issued]:
    """Start the family of a grant and return its id and its first tokens."""
    family = Family(
        family_id=uuid_utils.uuid7(),
        client_id=client.client_id,
        user_id=holder.user_id,
        org_id=holder.org_id,
        session_id=holder.session_id,
        scopes=scopes,
        created_at=now,
        expires_at=holder.expires_at,
    )
    token = secrets.token_urlsafe(32)
    issued = of_person(family, holder, scopes, token, signer, now)
    await token_families.start(conn, family, token)
    return family.family_id, issued


def of_person(
    family: Family,
    holder: Holder,
    scopes: Collection[str],
    refresh_token: str,
    signer: Signer,
    now: datetime,
) -> Issued:
    """Return new tokens of a family, with what the person is and may do now."""
    granted = scopes_of_role(holder.role, scopes)
    claims = AccessClaims(
        issuer=signer.issuer,
        org_id=holder.org_id,
        role=holder.role,
        client_id=family.client_id,
        scopes=granted,
        issued_at=now,
        token_id=str(uuid_utils.uuid7()),
        user_id=holder.user_id,
        session_id=holder.session_id,
        family_id=family.family_id,
        methods=holder.methods,
        authenticated_at=holder.authenticated_at,
    )
    access = mint(claims, signer.key)
    return Issued(access_token=access, scopes=granted, refresh_token=refresh_token)


async def end_family(conn: "WriteConn", family: Family, reason: str, now: datetime) -> None:
    """Revoke a family and write down why, unless it has ended already."""
    if await token_families.revoke(conn, family.family_id, now, reason):
        entry = AuditEntry(
            org_id=family.org_id,
            actor=f"client:{family.client_id}",
            action="token_family.revoked",
            target=str(family.family_id),
            details={"reason": reason},
        )
        await trail.record(conn, entry, now)
