"""Own access tokens: signed JWTs (RFC 9068) that say who may do what, for ten minutes."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any, NoReturn
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode

from core.errors import Unauthenticated
from core.identity import Permission, Principal, Role, permissions_of

ACCESS_TOKEN_S = 600
ALGORITHM = "Ed25519"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the type that RFC 9068 gives access tokens
MAX_TOKEN_CHARACTERS = 4_096
LEEWAY_S = 5.0
"""Be how far a token may lie ahead of a replica's clock; none is good after its end."""

PublicKey = OKPKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """Hold the key that signs, and the id that tokens name it by."""

    key_id: str
    private: OKPKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """Say what a token is to stand for: a person in a session, or a client itself."""

    issuer: str
    org_id: UUID
    role: Role
    client_id: str
    scopes: tuple[str, ...]
    issued_at: datetime
    token_id: str
    user_id: UUID | None = None
    session_id: UUID | None = None
    family_id: UUID | None = None
    methods: tuple[str, ...] = ()
    authenticated_at: datetime | None = None


class _Claims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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


class _PersonClaims(_Claims, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sid: UUID
    fam: UUID
    auth_time: float
    amr: tuple[str, ...]


def audience_of(issuer: str) -> str:
    """Return whom the tokens of an issuer are for: its API."""
    return f"{issuer}/v1"


def mint(claims: AccessClaims, key: SigningKey) -> str:
    """Sign an access token that is good from the moment of its issue on."""
    header = {"alg": ALGORITHM, "kid": key.key_id, "typ": TOKEN_TYPE}
    payload = json.dumps(_written(claims), separators=(",", ":")).encode()
    return jws.serialize_compact(header, payload, key.private, algorithms=[ALGORITHM])


def _written(claims: AccessClaims) -> dict[str, Any]:
    # With fractions, so that what was issued in the second of a revocation is told apart.
    issued = claims.issued_at.timestamp()
    written: dict[str, Any] = {
        "iss": claims.issuer,
        "aud": audience_of(claims.issuer),
        "sub": f"client:{claims.client_id}",
        "client_id": claims.client_id,
        "org": str(claims.org_id),
        "role": claims.role.value,
        "scope": " ".join(claims.scopes),
        "iat": issued,
        "nbf": issued,
        "exp": issued + ACCESS_TOKEN_S,
        "jti": claims.token_id,
    }
    if claims.user_id is not None:
        assert claims.authenticated_at is not None  # noqa: S101 - who has a session proved something
        written |= {
            "sub": f"user:{claims.user_id}",
            "sid": str(claims.session_id),
            "fam": str(claims.family_id),
            "auth_time": claims.authenticated_at.timestamp(),
            "amr": list(claims.methods),
        }
    return written


def key_id_of(token: str) -> str:
    """Return which key a token says that it is signed with.

    Raises:
        Unauthenticated: its header is not exactly one of ours.
    """
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        raise Unauthenticated
    try:
        return _key_id_of_header(token.partition(".")[0])
    except _BROKEN:
        raise Unauthenticated from None


@lru_cache(maxsize=64)
def _key_id_of_header(header: str) -> str:
    # All tokens of a key begin with the same header.
    read = _read_object(urlsafe_b64decode(header.encode()))
    key_id = read.pop("kid", None)
    if read != {"alg": ALGORITHM, "typ": TOKEN_TYPE} or not isinstance(key_id, str):
        raise ValueError
    return key_id


def verify(token: str, keys: Mapping[str, PublicKey], issuer: str, now: datetime) -> Principal:
    """Return whom a token speaks for.

    Raises:
        Unauthenticated: it is malformed, of another issuer or audience, signed by none of `keys`,
            says what we never say, or is not good yet or any more.
    """
    key = keys.get(key_id_of(token))
    if key is None:
        raise Unauthenticated
    try:
        values = _read_object(_signed_payload(token, key))
        kind = _PersonClaims if "sid" in values else _Claims
        claims = msgspec.convert(values, kind)
        _require_ours(claims, issuer, now.timestamp())
        principal = _principal(claims)
    except _BROKEN:
        raise Unauthenticated from None
    if principal.expires_at is None or now >= principal.expires_at:
        raise Unauthenticated
    return principal


_BROKEN = (InvalidSignature, ValueError, TypeError, KeyError, RecursionError)
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


def _signed_payload(token: str, key: PublicKey) -> bytes:
    """Return what a token holds, once its signature is right (RFC 7515, section 5.2).

    Its header was read already, and says what every header of ours does: a library of JOSE would
    read it again, which costs a fifth of the signature's own check.
    """
    public = key.public_key
    if _COMPACT.fullmatch(token) is None or not isinstance(public, Ed25519PublicKey):
        raise ValueError
    signed, _, signature = token.rpartition(".")
    public.verify(urlsafe_b64decode(signature.encode()), signed.encode())
    return urlsafe_b64decode(signed.partition(".")[2].encode())


def _read_object(text: bytes) -> dict[str, Any]:
    read = json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    if not isinstance(read, dict):
        raise TypeError
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _require_ours(claims: _Claims, issuer: str, now_s: float) -> None:
    """Refuse what we would not have written, by a ValueError."""
    are_ours = (
        (claims.iss, claims.aud) == (issuer, audience_of(issuer))
        and all(map(isfinite, (claims.iat, claims.nbf, claims.exp)))
        and claims.iat <= now_s + LEEWAY_S
        and claims.nbf <= now_s + LEEWAY_S
        and claims.exp <= claims.iat + ACCESS_TOKEN_S
    )
    if not are_ours:
        raise ValueError


@lru_cache(maxsize=256)
def _permissions(role: Role, scope: str) -> frozenset[Permission]:
    named = [Permission(word) for word in scope.split(" ")]
    permissions = frozenset(named)
    if len(permissions) != len(named) or not permissions <= permissions_of(role):
        raise ValueError
    return permissions


def _principal(claims: _Claims) -> Principal:
    plain: dict[str, Any] = {
        "org_id": claims.org,
        "actor": claims.sub,
        "role": claims.role,
        "permissions": _permissions(claims.role, claims.scope),
        "client_id": claims.client_id,
        "issued_at": _moment(claims.iat),
        "expires_at": _moment(claims.exp),
    }
    kind, _, name = claims.sub.partition(":")
    if isinstance(claims, _PersonClaims):
        if kind != "user":
            raise ValueError
        return Principal(
            **plain,
            user_id=UUID(name),
            session_id=claims.sid,
            family_id=claims.fam,
            authenticated_at=_moment(claims.auth_time),
            methods=claims.amr,
        )
    if claims.sub != f"client:{claims.client_id}":
        raise ValueError
    return Principal(**plain)


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
