"""Own what the account page shows of a person, gathered in one read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from webauthn.helpers import bytes_to_base64url

from serve.pages.wording import browser
from storage.identity import external_identities, factors, memberships, passkeys, users
from storage.identity import sessions as stored_sessions

if TYPE_CHECKING:
    from storage.identity.passkeys import Passkey
    from storage.identity.sessions import Session
    from storage.pool import ReadConn


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPasskey:
    """Hold a passkey as its owner sees it."""

    credential_id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSession:
    """Hold a session as its owner sees it."""

    session_id: UUID
    browser: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOrganisation:
    """Hold an organisation as its member sees it."""

    org_id: UUID
    name: str
    role: str
    is_current: bool


async def account_view(conn: "ReadConn", session: "Session", now: datetime) -> Mapping[str, Any]:
    """Return what the account page is filled with; needs the system role."""
    user = await users.read(conn, session.user_id)
    totp = await factors.read_totp(conn, session.user_id)
    return {
        "user": user,
        "has_password": user.password_hash is not None,
        "has_totp": totp is not None and totp.confirmed_at is not None,
        "recovery_codes_left": await factors.codes_left(conn, session.user_id),
        "passkeys": [_passkey(one) for one in await passkeys.of_user(conn, session.user_id)],
        "passkey_name": browser(session.user_agent)[:60],
        "identities": await external_identities.of_user(conn, session.user_id),
        "organisations": [
            ShownOrganisation(
                org_id=one.org_id,
                name=one.name,
                role=one.role.value,
                is_current=one.org_id == session.org_id,
            )
            for one in await memberships.of_user(conn, session.user_id)
        ],
        "sessions": [
            _session(one, session)
            for one in await stored_sessions.of_user(conn, session.user_id, now)
        ],
    }


def _passkey(one: "Passkey") -> ShownPasskey:
    return ShownPasskey(
        credential_id=bytes_to_base64url(one.credential_id),
        name=one.name,
        created_at=one.created_at,
        last_used_at=one.last_used_at,
    )


def _session(one: "Session", current: "Session") -> ShownSession:
    return ShownSession(
        session_id=one.session_id,
        browser=browser(one.user_agent),
        address=one.address,
        created_at=one.created_at,
        last_seen_at=one.last_seen_at,
        is_current=one.session_id == current.session_id,
    )
