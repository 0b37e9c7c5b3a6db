"""Own access tokens: signed JWTs (RFC 9068) that say who may do what, for ten minutes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import uuid_utils.compat as uuid_utils
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from core.errors import Unauthenticated
from core.identity import Permission, Principal, Role, permissions_of

ACCESS_TOKEN_S = 600
ALGORITHM = "EdDSA"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the type that RFC 9068 gives access tokens
MAX_TOKEN_CHARACTERS = 8_192
LEEWAY_S = 2.0
"""Be how far the clocks of two replicas may differ; nothing is accepted after its end."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Hold the key that signs, and its id."""

    key_id: str
    key: OKPKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Say what a token is to stand for: a person in a session, or a client itself."""

    client_id: str
    org_id: UUID
    role: Role
    scopes: tuple[str, ...]
    user_id: UUID | None = None
    session_id: UUID | None = None
    family_id: UUID | None = None
    authenticated_at: datetime | None = None
    methods: tuple[str, ...] = ()


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    iss: str
    aud: str
    sub: str
    client_id: str
    org: UUID
    role: Role
    scope: str
    iat: float
    nbf: float
    exp: float
    jti: str
    sid: UUID | None = None
    fam: UUID | None = None
    auth_time: float | None = None
    amr: tuple[str, ...] = ()


def audience_of(issuer: str) -> str:
    """Return whom tokens of an issuer are for: its API."""
    return f"{issuer}/v1"


def granted_scopes(role: Role, scopes: Collection[str]) -> tuple[str, ...]:
    """Return which scopes a role gives of those asked for, in one order; all where none is named."""
    return tuple(sorted(permission.value for permission in permissions_of(role, scopes)))


def mint(grant: Grant, signing: SigningKey, issuer: str, now: datetime) -> str:
    """Sign an access token that is good from `now` on."""
    subject = f"client:{grant.client_id}" if grant.user_id is None else f"user:{grant.user_id}"
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience_of(issuer),
        "sub": subject,
        "client_id": grant.client_id,
        "org": str(grant.org_id),
        "role": grant.role.value,
        "scope": " ".join(grant.scopes),
        # With fractions, so that what was issued in the second of a revocation is told apart.
        "iat": now.timestamp(),
        "nbf": now.timestamp(),
        "exp": now.timestamp() + ACCESS_TOKEN_S,
        "jti": str(uuid_utils.uuid7()),
    }
    if grant.session_id is not None:
        claims["sid"] = str(grant.session_id)
    if grant.family_id is not None:
        claims["fam"] = str(grant.family_id)
    if grant.authenticated_at is not None:
        claims["auth_time"] = grant.authenticated_at.timestamp()
        claims["amr"] = list(grant.methods)
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": signing.key_id}
    return jwt.encode(header, claims, signing.key, algorithms=[ALGORITHM])


def key_id_of(token: str) -> str:
    """Return which key a token says that it is signed with.

    Raises:
        Unauthenticated: it is no token of the kind that we sign.
    """
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        raise Unauthenticated
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError):
        raise Unauthenticated from None
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise Unauthenticated
    if (header.get("alg"), header.get("typ")) != (ALGORITHM, TOKEN_TYPE):
        raise Unauthenticated
    return key_id


def verify(token: str, keys: Mapping[str, OKPKey], issuer: str, now: datetime) -> Principal:
    """Return whom a token speaks for.

    Raises:
        Unauthenticated: it is malformed, of another issuer or audience, signed by none of `keys`,
            not good yet, or no longer.
    """
    key = keys.get(key_id_of(token))
    if key is None:
        raise Unauthenticated
    try:
        decoded = jwt.decode(token, key, algorithms=[ALGORITHM])
        claims = msgspec.convert(decoded.claims, _Claims)
        principal = _principal(claims)
    except (JoseError, ValueError, TypeError):
        raise Unauthenticated from None
    moment = now.timestamp()
    is_ours = (claims.iss, claims.aud) == (issuer, audience_of(issuer))
    if not is_ours or claims.nbf > moment + LEEWAY_S or moment >= claims.exp:
        raise Unauthenticated
    return principal


def _principal(claims: _Claims) -> Principal:
    kind, _, name = claims.sub.partition(":")
    if kind not in {"user", "client"}:
        raise ValueError(kind)
    granted = frozenset(map(Permission, claims.scope.split()))
    return Principal(
        org_id=claims.org,
        actor=claims.sub,
        role=claims.role,
        permissions=permissions_of(claims.role) & granted,
        user_id=UUID(name) if kind == "user" else None,
        client_id=claims.client_id,
        session_id=claims.sid,
        family_id=claims.fam,
        authenticated_at=None if claims.auth_time is None else _moment(claims.auth_time),
        methods=claims.amr,
        issued_at=_moment(claims.iat),
        expires_at=_moment(claims.exp),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
