"""Own the acts on an account and what each ends: one rule set, whoever asks for the act.

A new password, a new or removed factor and a stop end every other session, every token, unused
sign-in links and half-done sign-ins. API keys stay as they are: they are revoked one by one, and a
stopped user's are refused while the stop lasts.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from core.audit import AuditEntry, Detail
from core.errors import NoWayIn, SignInFailed, StepUpRequired
from serve.identity import passwords, second_factor, step_up, throttle
from serve.identity.access import STEP_UP_S
from storage.audit import trail
from storage.identity import endings, external_identities, passkeys, users

if TYPE_CHECKING:
    from storage.identity.sessions import Session
    from storage.pool import Pools, ReadConn, WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    """Hold what a person can sign in with."""

    has_password: bool
    password_stands_alone: bool
    has_totp: bool
    passkeys: int
    identities: int

    @property
    def is_any(self) -> bool:
        """Tell whether there is a way in at all."""
        return self.has_password or self.passkeys > 0 or self.identities > 0


def require_way_in(left: WaysIn) -> None:
    """Refuse what would leave a person locked out, or with a door too weak.

    Raises:
        NoWayIn: no way is left, or a short password without a second factor.
    """
    if not left.is_any:
        raise NoWayIn(reason="no password, passkey or identity elsewhere would be left")
    if left.has_password and not left.password_stands_alone and not left.has_totp:
        fewest = passwords.MIN_CHARS_ALONE
        raise NoWayIn(reason=f"without a second factor the password needs {fewest} characters")


async def ways_in(conn: "ReadConn", user_id: UUID) -> WaysIn:
    """Return what a user can sign in with; needs the system role."""
    user = await users.read(conn, user_id)
    return WaysIn(
        has_password=user.password_hash is not None,
        password_stands_alone=user.password_stands_alone,
        has_totp=await second_factor.is_asked(conn, user_id),
        passkeys=len(await passkeys.of_user(conn, user_id)),
        identities=len(await external_identities.of_user(conn, user_id)),
    )


async def change_password(
    pools: "Pools",
    session: "Session",
    current: str | None,
    new: str,
    address: str,
    now: datetime,
) -> None:
    """Give the person of a session another password, and end all but that session.

    Who has none yet needs to have proven lately who they are, instead of telling `current`.

    Raises:
        InvalidInput: the new one is not good enough.
        SignInFailed: the current one is wrong.
        SignInThrottled: too many were wrong lately.
        StepUpRequired: there is no current one, and the last proof is too old.
    """
    async with pools.system() as conn:
        user = await users.read(conn, session.user_id)
        has_totp = await second_factor.is_asked(conn, session.user_id)
    email = user.email or ""
    passwords.require_good(new, email, has_second_factor=has_totp, field="new_password")
    attempt = await _prove_current(pools, session, user, current, address, now)
    kept = await passwords.hash_of(new)
    async with pools.system() as conn:
        held = await users.hold(conn, session.user_id)
        if held.password_hash != user.password_hash:
            raise SignInFailed
        await users.set_password(
            conn, held.user_id, kept, now, stands_alone=passwords.stands_alone(new)
        )
        require_way_in(await ways_in(conn, held.user_id))
        if attempt is not None:
            await throttle.succeeded(conn, attempt)
        await finish(conn, session, "password.changed", now)


async def _prove_current(
    pools: "Pools",
    session: "Session",
    user: users.User,
    current: str | None,
    address: str,
    now: datetime,
) -> throttle.Attempt | None:
    if user.password_hash is None:
        if not step_up.is_fresh(session, now, strongly=True):
            raise StepUpRequired(within_s=STEP_UP_S)
        return None
    attempt = await throttle.begin(pools, "password", user.email or "", address, now)
    if not await passwords.is_right(user.password_hash, current or ""):
        raise SignInFailed
    return attempt


@asynccontextmanager
async def taking_away(
    pools: "Pools", session: "Session", now: datetime
) -> AsyncIterator["WriteConn"]:
    """Hold the person of a session while one of their ways in is taken away; commit at the end.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
        NoWayIn: what is left is not good enough alone.
    """
    async with pools.system() as conn:
        await step_up.require_fresh(conn, session, now)
        await users.hold(conn, session.user_id)
        yield conn
        require_way_in(await ways_in(conn, session.user_id))


async def finish(
    conn: "WriteConn",
    session: "Session",
    action: str,
    now: datetime,
    details: Mapping[str, Detail] | None = None,
) -> None:
    """End all but the session an act was made in, and write the act down; the last statement."""
    ended = await endings.end_all(conn, session.user_id, now, action, keep=session.session_id)
    entry = AuditEntry(
        org_id=session.org_id,
        actor=f"user:{session.user_id}",
        action=action,
        target=f"user:{session.user_id}",
        details={**(details or {}), "sessions_ended": len(ended)},
    )
    await trail.record(conn, entry, now)
