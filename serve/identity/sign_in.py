"""Own how a person signs in: by password and second factor, or by a passkey.

Every failure is the same `SignInFailed` after the same work, so that nobody learns which accounts
there are. Tries are counted in transactions of their own, which a failure does not undo.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.audit import AuditEntry
from core.errors import InvalidInput, SignInFailed
from serve.identity import passkeys, passwords, second_factor, sessions, throttle
from storage.audit import trail
from storage.identity import challenges, memberships, users
from storage.identity.sessions import Session
from storage.identity.users import User, plain_email

if TYPE_CHECKING:
    from serve.identity.second_factor import VaultPort
    from storage.pool import Pools, WriteConn

SECOND_STEP_S = 300
_SECOND_STEP = "second-step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Hold from where, and with what, someone tries to sign in."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Hold a session that began, and the cookie that brings it back."""

    session: Session
    cookie: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorNeeded:
    """Hold what a browser brings back with the code, within `SECOND_STEP_S`."""

    token: str


async def first_step(
    pools: "Pools",
    email: str,
    password: str,
    visitor: Visitor,
    now: datetime,
    org_id: UUID | None = None,
) -> SignedIn | SecondFactorNeeded:
    """Check a password; a second factor follows where the user has one.

    The session is for `org_id`, or the first organisation that the user joined.

    Raises:
        SignInFailed: something is wrong.
        SignInThrottled: too much was wrong lately.
    """
    account = _account_of(email)
    attempt = await throttle.begin(pools, "password", account, visitor.address, now)
    async with pools.system() as conn:
        user = await users.by_email(conn, account)
    kept = None if user is None else user.password_hash
    is_right = await passwords.is_right(kept, password)
    if user is None or kept is None or not is_right:
        raise SignInFailed
    newer = await passwords.hash_of(password) if passwords.needs_new_hash(kept) else None
    async with pools.system() as conn:
        held = await users.hold(conn, user.user_id)
        if held.password_hash != kept or held.disabled_at is not None:
            raise SignInFailed
        if newer is not None:
            await users.replace_hash(conn, user.user_id, kept, newer)
        if await second_factor.is_asked(conn, user.user_id):
            await throttle.passed(conn, attempt)
            return await ask_for_second(conn, user.user_id, "password", now)
        if not passwords.stands_alone(password):
            raise SignInFailed
        await throttle.succeeded(conn, attempt)
        return await let_in(conn, held, ("password",), visitor, now, org_id)


async def second_step(
    pools: "Pools",
    vault: "VaultPort",
    token: str,
    code: str,
    visitor: Visitor,
    now: datetime,
    org_id: UUID | None = None,
) -> SignedIn:
    """Check the code that follows what was proven first; `token` is good until a code is right.

    Raises:
        SignInFailed: something is wrong, or took too long.
        SignInThrottled: too much was wrong lately.
    """
    async with pools.system() as conn:
        challenge = await challenges.read(conn, token, _SECOND_STEP, now)
        if challenge is None or challenge.user_id is None:
            raise SignInFailed
        user = await users.read(conn, challenge.user_id)
    attempt = await throttle.begin(pools, "second", user.email or "", visitor.address, now)
    async with pools.system() as conn:
        held = await users.hold(conn, user.user_id)
        method = await second_factor.use(conn, vault, user.user_id, code, now)
        taken = await challenges.take(conn, token, _SECOND_STEP, now)
        if method is None or taken is None or held.disabled_at is not None:
            raise SignInFailed
        await throttle.succeeded(conn, attempt)
        former = throttle.attempt_of("password", user.email or "", visitor.address)
        await throttle.forgotten(conn, former)
        return await let_in(conn, held, (challenge.data["first"], method), visitor, now, org_id)


async def passkey_options(pools: "Pools", site: passkeys.Site, now: datetime) -> dict[str, Any]:
    """Return what to ask a browser for, whoever sits there."""
    async with pools.system() as conn:
        return await passkeys.authentication_options(conn, site, now)


async def with_passkey(
    pools: "Pools",
    site: passkeys.Site,
    answer: passkeys.Answer,
    visitor: Visitor,
    now: datetime,
    org_id: UUID | None = None,
) -> SignedIn:
    """Check what a browser answered to `passkey_options`.

    Nobody guesses a passkey, so tries are not counted, and one works while passwords are slowed.

    Raises:
        SignInFailed: something is wrong.
    """
    async with pools.system() as conn:
        passkey = await passkeys.authenticate(conn, site, answer, now)
    if passkey is None:
        raise SignInFailed
    async with pools.system() as conn:
        user = await users.hold(conn, passkey.user_id)
        if user.disabled_at is not None:
            raise SignInFailed
        for stage in ("password", "second"):
            attempt = throttle.attempt_of(stage, user.email or "", visitor.address)
            await throttle.forgotten(conn, attempt)
        return await let_in(conn, user, ("passkey",), visitor, now, org_id)


async def let_in(
    conn: "WriteConn",
    user: User,
    methods: tuple[str, ...],
    visitor: Visitor,
    now: datetime,
    org_id: UUID | None = None,
) -> SignedIn:
    """Begin the session of a user who proved who they are; the last act of a transaction.

    Raises:
        SignInFailed: the user belongs to no such organisation.
    """
    own = [membership.org_id for membership in await memberships.of_user(conn, user.user_id)]
    if not own or (org_id is not None and org_id not in own):
        raise SignInFailed
    session, cookie = await sessions.start(
        conn, user.user_id, org_id or own[0], methods, visitor.address, visitor.user_agent, now
    )
    entry = AuditEntry(
        org_id=session.org_id,
        actor=f"user:{user.user_id}",
        action="session.started",
        target=f"session:{session.session_id}",
        details={"methods": " ".join(methods)},
    )
    await trail.record(conn, entry, now)
    return SignedIn(session=session, cookie=cookie)


async def ask_for_second(
    conn: "WriteConn", user_id: UUID, first: str, now: datetime
) -> SecondFactorNeeded:
    """Return what `second_step` wants of a user who came by a first method; nobody is in yet."""
    token = secrets.token_urlsafe(32)
    await challenges.create(
        conn,
        token,
        _SECOND_STEP,
        now,
        lives_s=SECOND_STEP_S,
        user_id=user_id,
        data={"first": first},
    )
    return SecondFactorNeeded(token=token)


def _account_of(email: str) -> str:
    """Return the address that a try counts for; what is no address is nobody's, as any other."""
    try:
        return plain_email(email)
    except InvalidInput:
        return "nobody"
