"""Own how the person behind a session proves anew who they are, before a dangerous act."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.audit import AuditEntry
from core.errors import NotFound, SignInFailed, SignInNeeded, StepUpRequired
from serve.identity import passkeys, passwords, second_factor, throttle
from serve.identity.access import STEP_UP_S, STRONG_METHODS
from storage.audit import trail
from storage.identity import passkeys as stored_passkeys
from storage.identity import sessions, users

if TYPE_CHECKING:
    from serve.identity.second_factor import VaultPort
    from storage.identity.sessions import Session
    from storage.pool import Pools, ReadConn, WriteConn


def is_fresh(session: "Session", now: datetime, *, strongly: bool) -> bool:
    """Tell whether a session's person proved lately who they are, by a second factor if asked."""
    if now - session.authenticated_at > timedelta(seconds=STEP_UP_S):
        return False
    return not (strongly and STRONG_METHODS.isdisjoint(session.methods))


async def require_fresh(conn: "ReadConn", session: "Session", now: datetime) -> None:
    """Refuse an act of who proved long ago who they are, or with less than they have.

    Raises:
        StepUpRequired: it was too long ago, or without the second factor that there is.
    """
    has_code = await second_factor.is_asked(conn, session.user_id)
    strongly = has_code or bool(await stored_passkeys.of_user(conn, session.user_id))
    if not is_fresh(session, now, strongly=strongly):
        raise StepUpRequired(within_s=STEP_UP_S)


async def with_password(
    pools: "Pools", session: "Session", password: str, address: str, now: datetime
) -> "Session":
    """Prove it by password, which adds no second factor.

    Raises:
        SignInFailed: it is wrong.
        SignInThrottled: too many were wrong lately.
    """
    async with pools.system() as conn:
        user = await users.read(conn, session.user_id)
    attempt = await throttle.begin(pools, "password", user.email or "", address, now)
    if not await passwords.is_right(user.password_hash, password):
        raise SignInFailed
    async with pools.system() as conn:
        held = await users.hold(conn, session.user_id)
        if held.password_hash != user.password_hash:
            raise SignInFailed
        await throttle.succeeded(conn, attempt)
        return await _prove(conn, session, ("password",), now)


async def with_code(
    pools: "Pools",
    vault: "VaultPort",
    session: "Session",
    code: str,
    address: str,
    now: datetime,
) -> "Session":
    """Prove it by a one-time code or a recovery code.

    Raises:
        SignInFailed: it is wrong, or was used.
        SignInThrottled: too many were wrong lately.
    """
    async with pools.system() as conn:
        user = await users.read(conn, session.user_id)
    attempt = await throttle.begin(pools, "second", user.email or "", address, now)
    async with pools.system() as conn:
        method = await second_factor.use(conn, vault, session.user_id, code, now)
        if method is None:
            raise SignInFailed
        await throttle.succeeded(conn, attempt)
        return await _prove(conn, session, ("password", method), now)


async def passkey_options(
    pools: "Pools", site: passkeys.Site, session: "Session", now: datetime
) -> dict[str, Any]:
    """Return what to ask a browser for: one of the person's passkeys."""
    async with pools.system() as conn:
        user = await users.read(conn, session.user_id)
        return await passkeys.authentication_options(conn, site, now, user)


async def with_passkey(
    pools: "Pools",
    site: passkeys.Site,
    session: "Session",
    answer: passkeys.Answer,
    now: datetime,
) -> "Session":
    """Prove it by what a browser answered to `passkey_options`.

    Raises:
        SignInFailed: it proves nothing, or someone else.
    """
    async with pools.system() as conn:
        passkey = await passkeys.authenticate(conn, site, answer, now)
    if passkey is None or passkey.user_id != session.user_id:
        raise SignInFailed
    async with pools.system() as conn:
        return await _prove(conn, session, ("passkey",), now)


async def _prove(
    conn: "WriteConn", session: "Session", methods: tuple[str, ...], now: datetime
) -> "Session":
    try:
        proven = await sessions.prove(conn, session.session_id, methods, now)
    except NotFound as error:
        raise SignInNeeded from error
    entry = AuditEntry(
        org_id=session.org_id,
        actor=f"user:{session.user_id}",
        action="session.stepped_up",
        target=f"session:{session.session_id}",
        details={"methods": " ".join(methods)},
    )
    await trail.record(conn, entry, now)
    return proven
