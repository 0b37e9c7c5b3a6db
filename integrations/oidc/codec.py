"""Own what OpenID Connect says on the wire; sees no socket and no clock."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry, extract_compact

from core.errors import BadFrame

VENUE = "oidc"
DISCOVERY_PATH = "/.well-known/openid-configuration"
ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
"""Allow what public keys verify, and nothing that a client secret could sign."""
SCOPE = "openid email profile"
LEEWAY_S = 30
MAX_TOKEN_CHARS = 32_768
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Hold where a provider wants to be asked what."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Hold who a provider says has signed in; `email` only if it vouches for the address."""

    issuer: str
    subject: str
    email: str | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Hold what an ID token must say to be meant for us, now, and for the browser that asks."""

    issuer: str
    client_id: str
    nonce: str
    now: datetime


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of PKCE of a verifier."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorization_url(
    provider: Provider,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    nonce: str,
    challenge: str,
) -> str:
    """Build the address that a browser is sent to in order to sign in at the provider."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    joint = "&" if urlsplit(provider.authorization_endpoint).query else "?"
    return f"{provider.authorization_endpoint}{joint}{query}"


def decode_discovery(content: bytes, issuer: str) -> Provider:
    """Read the provider's own description.

    Raises:
        BadFrame: it is not one, speaks for another issuer, or names an address without TLS that
            is not on this machine.
    """
    document = _object(content)
    if document.get("issuer") != issuer:
        raise _bad(reason="its description names another issuer")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    found = {name: document.get(name) for name in names}
    for name, value in found.items():
        if not isinstance(value, str) or not is_private_way(value):
            reason = f"its {name} is no https address"
            raise _bad(reason=reason)
    return Provider(issuer=issuer, **{name: str(value) for name, value in found.items()})


def is_private_way(address: str) -> bool:
    """Tell whether nobody on the way can read what is sent to an address."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def decode_keys(content: bytes) -> KeySet:
    """Read the keys that sign ID tokens; keys of other kinds or uses are passed over.

    Raises:
        BadFrame: there is no list of keys, or none that can verify a signature.
    """
    listed = _object(content).get("keys")
    if not isinstance(listed, list):
        raise _bad(reason="its key set has no list of keys")
    usable = [
        key
        for key in listed
        if isinstance(key, dict)
        and key.get("kty") in {"RSA", "EC", "OKP"}
        and key.get("use", "sig") == "sig"
    ]
    try:
        keys = KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise _bad(reason="its key set holds a key that cannot be read") from error
    if not keys.keys:
        raise _bad(reason="its key set holds no key that verifies signatures")
    return keys


def decode_token_answer(content: bytes) -> str:
    """Read the ID token out of the answer of the token endpoint.

    Raises:
        BadFrame: there is none.
    """
    token = _object(content).get("id_token")
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise _bad(reason="its answer holds no ID token")
    return token


def decode_refusal(content: bytes) -> str:
    """Read the word with which a token endpoint refuses; empty if there is none."""
    try:
        word = _object(content).get("error")
    except BadFrame:
        return ""
    return word[:80] if isinstance(word, str) and word.isprintable() else ""


def key_id(token: str) -> str | None:
    """Return the name of the key that an ID token says it is signed with.

    Raises:
        BadFrame: the token cannot be read.
    """
    try:
        named = extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError, TypeError) as error:
        raise _bad(reason="its ID token cannot be read") from error
    return named if isinstance(named, str) else None


def decode_id_token(token: str, keys: KeySet, expected: Expected) -> Identity:
    """Return whom an ID token names, once everything that can be checked holds.

    Raises:
        BadFrame: signature, issuer, audience, presenter, end, start or nonce are not as expected.
    """
    try:
        registry = JWSRegistry(algorithms=list(ALGORITHMS))
        read = jwt.decode(token, keys, algorithms=list(ALGORITHMS), registry=registry)
        _claims_registry(expected).validate(read.claims)
    except (JoseError, ValueError, TypeError) as error:
        reason = f"its ID token does not hold: {getattr(error, 'error', 'unreadable')}"
        raise _bad(reason=reason) from error
    claims = read.claims
    _require_presenter(claims, expected.client_id)
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise _bad(reason="its ID token names nobody")
    return Identity(
        issuer=expected.issuer,
        subject=subject,
        email=_verified_email(claims),
        name=_text(claims.get("name"), 200),
    )


def _claims_registry(expected: Expected) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(expected.now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )


def _require_presenter(claims: dict[str, Any], client_id: str) -> None:
    audience = claims["aud"]
    is_shared = isinstance(audience, list) and len(audience) > 1
    if (is_shared or "azp" in claims) and claims.get("azp") != client_id:
        raise _bad(reason="its ID token was given to another client")


def _verified_email(claims: dict[str, Any]) -> str | None:
    email = _text(claims.get("email"), 254)
    if claims.get("email_verified") is not True or email is None or "@" not in email:
        return None
    return email.lower()


def _text(value: object, limit: int) -> str | None:
    if not isinstance(value, str) or not value.isprintable():
        return None
    return value.strip()[:limit] or None


def _object(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _bad(reason="its answer is no JSON") from error
    if not isinstance(document, dict):
        raise _bad(reason="its answer is no JSON object")
    return document


def _bad(*, reason: str) -> BadFrame:
    return BadFrame(venue=VENUE, reason=reason)
