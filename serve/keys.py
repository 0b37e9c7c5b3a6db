"""Own who a request speaks for, until identities exist: one generated key, one organisation."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from core.errors import Unauthenticated
from core.runs import DEFAULT_ORG


@dataclass(frozen=True, slots=True)
class Caller:
    """Name the organisation that a request acts for."""

    org_id: UUID


def digest_of(key: str) -> str:
    """Return what is kept of a key instead of the key."""
    return sha256(key.encode()).hexdigest()


def authenticate(authorization: str | None, key_digest: str) -> Caller:
    """Return the caller that an Authorization header names.

    Raises:
        Unauthenticated: the header is absent, of another scheme, or holds another key.
    """
    scheme, _, key = (authorization or "").partition(" ")
    known = hmac.compare_digest(digest_of(key.strip()), key_digest)
    if scheme.lower() != "bearer" or not known:
        raise Unauthenticated
    return Caller(DEFAULT_ORG)


async def _caller(request: Request) -> Caller:
    return authenticate(
        request.headers.get("authorization"), request.app.state.services.config.key_digest
    )


CallerOf = Annotated[Caller, Depends(_caller)]
