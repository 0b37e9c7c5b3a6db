"""Own signing in at an OpenID Connect provider: whom it vouches for, and who that is here.

An identity elsewhere lets in nobody before it is connected: by who is signed in here already, or by
who holds an invitation to the address that the provider vouches for. An address alone connects
nothing, since whoever invited it chose it, and may have set the account up before its owner came.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from core.errors import IdentityRefused, SignInFailed
from integrations.oidc.client import Attempt
from serve.identity import invitations, second_factor
from serve.identity.account_acts import finish, taking_away, ways_in
from serve.identity.sign_in import SecondFactorNeeded, SignedIn, Visitor, ask_for_second, let_in
from serve.identity.step_up import require_fresh
from storage.identity import challenges, external_identities, users

if TYPE_CHECKING:
    from integrations.oidc.client import OidcClient
    from integrations.oidc.codec import Identity
    from storage.identity.sessions import Session
    from storage.identity.users import User
    from storage.pool import Pools, WriteConn

ATTEMPT_S = 600
METHOD = "external"
_PURPOSE = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Hold why a browser goes to the provider, and where it wants to be afterwards.

    It signs in, or connects an identity for the person of `session_id`, or comes in by an
    invitation, which is named by organisation and id.
    """

    return_to: str
    session_id: UUID | None = None
    invitation: tuple[UUID, UUID] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Hold what a browser brought back from the provider."""

    state: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Hold where a browser goes on, as whom.

    `step` is None where the identity was connected for who is signed in already.
    """

    return_to: str
    step: SignedIn | SecondFactorNeeded | None


async def begin(
    pools: "Pools",
    provider: "OidcClient",
    redirect_uri: str,
    visit: str,
    errand: Errand,
    now: datetime,
) -> str:
    """Return where to send a browser, known by its secret `visit`, to sign in at the provider.

    Raises:
        SourceUnavailable: the provider does not answer.
        BadFrame: it describes itself wrongly.
    """
    attempt = Attempt(
        redirect_uri=redirect_uri,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
    )
    address = await provider.sign_in_url(attempt, now)
    kept = {"nonce": attempt.nonce, "verifier": attempt.verifier, **_written(errand)}
    async with pools.system() as conn:
        await challenges.create(
            conn, _bound(attempt.state, visit), _PURPOSE, now, lives_s=ATTEMPT_S, data=kept
        )
    return address


async def invitation_errand(pools: "Pools", token: str, now: datetime) -> Errand:
    """Return the errand of a browser that comes in by the invitation of a token.

    Raises:
        NotFound: the invitation is not open (any more).
    """
    async with pools.system() as conn:
        invitation = await invitations.peek(conn, token, now)
    return Errand(return_to="/account", invitation=(invitation.org_id, invitation.invitation_id))


async def connect_errand(pools: "Pools", session: "Session", now: datetime) -> Errand:
    """Return the errand of a browser whose person wants to sign in by the provider from now on.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
    """
    async with pools.system() as conn:
        await require_fresh(conn, session, now)
    return Errand(return_to="/account?done=identity", session_id=session.session_id)


async def complete(
    pools: "Pools",
    provider: "OidcClient",
    redirect_uri: str,
    brought: Brought,
    visit: str,
    session: "Session | None",
    visitor: Visitor,
    now: datetime,
) -> Arrived:
    """Take a browser back that `begin` sent away, and do what it went for; good once.

    Raises:
        SignInFailed: this browser was not sent away with this, or long ago, or as someone else.
        SourceUnavailable: the provider does not answer, or refuses the code.
        BadFrame: what it says cannot be trusted.
        IdentityRefused: it vouches for somebody, who is not let in by it.
    """
    async with pools.system() as conn:
        kept = await challenges.take(conn, _bound(brought.state, visit), _PURPOSE, now)
    if kept is None:
        raise SignInFailed
    attempt = Attempt(
        redirect_uri=redirect_uri,
        state=brought.state,
        nonce=kept.data["nonce"],
        verifier=kept.data["verifier"],
    )
    identity = await provider.redeem(brought.code, attempt, now)
    errand = _read(kept.data)
    async with pools.system() as conn:
        if errand.session_id is not None:
            await _connect(conn, identity, errand.session_id, session, now)
            return Arrived(return_to=errand.return_to, step=None)
        user = (
            await _known(conn, identity, now)
            if errand.invitation is None
            else await _invited(conn, identity, errand.invitation, now)
        )
        return Arrived(return_to=errand.return_to, step=await _enter(conn, user, visitor, now))


async def disconnect(
    pools: "Pools", session: "Session", issuer: str, subject: str, now: datetime
) -> None:
    """Let an identity elsewhere sign the person of a session in no more.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
        NotFound: it is not one of the person's.
        NoWayIn: what is left is not good enough alone.
    """
    async with taking_away(pools, session, now) as conn:
        await external_identities.unlink(conn, session.user_id, issuer, subject)
        await finish(conn, session, "identity.removed", now, {"issuer": issuer})


async def _connect(
    conn: "WriteConn",
    identity: "Identity",
    session_id: UUID,
    session: "Session | None",
    now: datetime,
) -> None:
    if session is None or session.session_id != session_id:
        raise SignInFailed
    await users.hold(conn, session.user_id)
    await _link(conn, identity, session.user_id, now)
    await finish(conn, session, "identity.added", now, {"issuer": identity.issuer})


async def _known(conn: "WriteConn", identity: "Identity", now: datetime) -> "User":
    user_id = await external_identities.user_of(conn, identity.issuer, identity.subject, now)
    if user_id is None:
        _refuse(
            "nobody here has connected it; come by your invitation, or sign in another way and "
            "connect it on your account page"
        )
    return await users.hold(conn, user_id)


async def _invited(
    conn: "WriteConn", identity: "Identity", named: tuple[UUID, UUID], now: datetime
) -> "User":
    accepted = await invitations.accept_named(conn, *named, now)
    _require_address(identity, accepted.email)
    user = await users.hold(conn, accepted.user_id)
    known = await external_identities.user_of(conn, identity.issuer, identity.subject, now)
    if known is None and (await ways_in(conn, user.user_id)).is_any:
        _refuse(
            "there is an account of this address already; join by the invitation, sign in as "
            "always, and connect it on your account page"
        )
    await _link(conn, identity, user.user_id, now)
    if accepted.is_new and identity.name is not None:
        await users.rename(conn, user.user_id, identity.name[:100])
    return user


def _require_address(identity: "Identity", invited: str) -> None:
    if identity.email is None:
        _refuse("it does not vouch for an email address")
    if identity.email != invited:
        _refuse(f"the invitation is for {invited}, and it vouches for {identity.email}")


async def _link(conn: "WriteConn", identity: "Identity", user_id: UUID, now: datetime) -> None:
    owner = await external_identities.link(conn, identity.issuer, identity.subject, user_id, now)
    if owner != user_id:
        _refuse("it is connected with another account")


async def _enter(
    conn: "WriteConn", user: "User", visitor: Visitor, now: datetime
) -> SignedIn | SecondFactorNeeded:
    if user.disabled_at is not None:
        raise SignInFailed
    if await second_factor.is_asked(conn, user.user_id):
        return await ask_for_second(conn, user.user_id, METHOD, now)
    return await let_in(conn, user, (METHOD,), visitor, now)


def _refuse(reason: str) -> NoReturn:
    raise IdentityRefused(reason=reason)


def _bound(state: str, visit: str) -> str:
    """Return what only the browser that was sent away can bring back."""
    return f"{state}\n{visit}"


def _written(errand: Errand) -> dict[str, object]:
    return {
        "return_to": errand.return_to,
        "session_id": None if errand.session_id is None else str(errand.session_id),
        "invitation": None if errand.invitation is None else list(map(str, errand.invitation)),
    }


def _read(kept: Mapping[str, Any]) -> Errand:
    session_id, invitation = kept["session_id"], kept["invitation"]
    return Errand(
        return_to=kept["return_to"],
        session_id=None if session_id is None else UUID(session_id),
        invitation=None if invitation is None else (UUID(invitation[0]), UUID(invitation[1])),
    )
