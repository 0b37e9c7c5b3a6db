"""Own the grant to a device without a browser: its codes, a person's decision, its patience."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.audit import AuditEntry
from core.errors import GrantRefused, NotFound
from serve.identity.grants.clients import Client
from serve.identity.grants.issuing import Issued, Signer, begin_family, invalid_grant
from storage.audit import trail
from storage.identity import device_grants, token_families
from storage.identity.device_grants import DeviceGrant
from storage.identity.sessions import Session

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

LIVES = timedelta(minutes=10)
INTERVAL_S = 5
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8
_NOT_GOOD = "The device code is unknown or used."
_NOBODY = "The person who let this device in may no longer do so."


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Hold what a device is told to do."""

    device_code: str = field(repr=False)
    user_code: str
    expires_in_s: int
    interval_s: int


def plain_code(user_code: str) -> str:
    """Return the form of a user code that is stored: no dash, no space, capitals."""
    return "".join(letter for letter in user_code.upper() if letter in _LETTERS)


def shown_code(user_code: str) -> str:
    """Return a user code as people read it."""
    return f"{user_code[:4]}-{user_code[4:]}"


async def begin(
    conn: "WriteConn", client: Client, scopes: tuple[str, ...], user_agent: str, now: datetime
) -> Waiting:
    """Let a device wait for a person."""
    device_code = secrets.token_urlsafe(32)
    while True:
        user_code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        grant = DeviceGrant(
            user_code=user_code,
            client_id=client.client_id,
            scopes=scopes,
            user_agent=user_agent[:200],
            created_at=now,
            expires_at=now + LIVES,
            interval_s=INTERVAL_S,
        )
        if await device_grants.create(conn, device_code, grant):
            break
    return Waiting(
        device_code=device_code,
        user_code=shown_code(user_code),
        expires_in_s=int(LIVES.total_seconds()),
        interval_s=INTERVAL_S,
    )


async def lookup(conn: "ReadConn", user_code: str, now: datetime) -> DeviceGrant | None:
    """Return the device that waits under a code as a person typed it."""
    return await device_grants.waiting(conn, plain_code(user_code), now)


async def decide(
    conn: "WriteConn", user_code: str, session: Session, approved: bool, now: datetime
) -> None:
    """Let a device in for the person of a session, or refuse it.

    Raises:
        NotFound: no device waits under this code any more.
    """
    code = plain_code(user_code)
    waiting = await device_grants.waiting(conn, code, now)
    decided = await device_grants.decide(conn, code, session.session_id, now, approved=approved)
    if waiting is None or not decided:
        raise NotFound(what="device", name=user_code[: _LENGTH + 1])
    entry = AuditEntry(
        org_id=session.org_id,
        actor=f"user:{session.user_id}",
        action="device.approved" if approved else "device.refused",
        target=waiting.client_id,
    )
    await trail.record(conn, entry, now)


async def exchange(
    conn: "WriteConn", client: Client, device_code: str, signer: Signer, now: datetime
) -> Issued | GrantRefused:
    """Trade a device code for tokens, or return why not yet: that a device asked must be kept.

    Raises:
        GrantRefused: the code is not good.
    """
    session_id = await device_grants.session_of(conn, device_code)
    holder = None if session_id is None else await token_families.holder(conn, session_id, now)
    grant = await device_grants.hold(conn, device_code)
    if grant is None or grant.client_id != client.client_id or grant.used_at is not None:
        raise invalid_grant(_NOT_GOOD)
    if grant.approved is False:
        raise GrantRefused(error="access_denied", reason="The person refused this device.")
    if now >= grant.expires_at:
        raise GrantRefused(error="expired_token", reason="Nobody decided in time; begin anew.")
    if grant.approved is None or session_id is None:
        return await _wait(conn, device_code, grant, now)
    if holder is None:
        raise invalid_grant(_NOBODY)
    _, issued = await begin_family(conn, client, holder, grant.scopes, signer, now)
    await device_grants.use(conn, device_code, now)
    return issued


async def _wait(
    conn: "WriteConn", device_code: str, grant: DeviceGrant, now: datetime
) -> GrantRefused:
    """Return that a device must wait, five seconds more each time it asks too soon."""
    asked, each = grant.last_polled_at, timedelta(seconds=grant.interval_s)
    if asked is not None and now - asked < each:
        await device_grants.poll(conn, device_code, grant.interval_s + INTERVAL_S, now)
        return GrantRefused(error="slow_down", reason="Wait 5 seconds more between requests.")
    await device_grants.poll(conn, device_code, grant.interval_s, now)
    return GrantRefused(error="authorization_pending", reason="The person has not decided yet.")
