"""Own how a person adds and removes factors in a session; each act ends their other sessions.

All of it needs a proof of who they are that is no older than `STEP_UP_S`, by the strongest factor
that they have.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput, NotFound
from serve.identity import passkeys, recovery_codes, throttle, totp
from serve.identity.account_acts import finish, require_way_in, taking_away, ways_in
from serve.identity.step_up import require_fresh
from storage.identity import factors, users
from storage.identity import passkeys as stored_passkeys

if TYPE_CHECKING:
    from serve.identity.second_factor import VaultPort
    from storage.identity.passkeys import Passkey
    from storage.identity.sessions import Session
    from storage.pool import Pools, ReadConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """Hold what an account page tells of a person's factors."""

    has_password: bool
    has_totp: bool
    recovery_codes_left: int
    passkeys: tuple["Passkey", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpProposal:
    """Hold a new seed as an app reads it, and as a person types it."""

    uri: str
    seed: str


async def factors_of(conn: "ReadConn", session: "Session") -> Factors:
    """Return the factors of the person of a session; needs the system role."""
    ways = await ways_in(conn, session.user_id)
    return Factors(
        has_password=ways.has_password,
        has_totp=ways.has_totp,
        recovery_codes_left=await factors.codes_left(conn, session.user_id),
        passkeys=tuple(await stored_passkeys.of_user(conn, session.user_id)),
    )


async def propose_totp(
    pools: "Pools", vault: "VaultPort", session: "Session", now: datetime
) -> TotpProposal:
    """Make a seed; it counts once `confirm_totp` was given a code of it.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
        InvalidInput: there is a confirmed seed; it must be removed first.
    """
    seed = totp.new_seed()
    async with pools.system() as conn:
        await require_fresh(conn, session, now)
        user = await users.hold(conn, session.user_id)
        former = await factors.read_totp(conn, user.user_id)
        if former is not None and former.confirmed_at is None:
            await vault.shred(conn, former.secret)
        sealed = await vault.seal(conn, seed, totp.PURPOSE)
        if not await factors.propose_totp(conn, user.user_id, sealed, now):
            raise InvalidInput(field="totp", reason="remove the present one first")
    uri = totp.uri_of(seed, user.email or user.name, passkeys.NAME)
    return TotpProposal(uri=uri, seed=totp.seed_text(seed))


async def confirm_totp(
    pools: "Pools",
    vault: "VaultPort",
    session: "Session",
    code: str,
    address: str,
    now: datetime,
) -> tuple[str, ...]:
    """Ask for codes of the proposed seed from now on, and return recovery codes, told only now.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
        InvalidInput: the code is not one of the seed, or no seed is proposed.
        SignInThrottled: too many codes were wrong lately.
    """
    async with pools.system() as conn:
        await require_fresh(conn, session, now)
        user = await users.read(conn, session.user_id)
    attempt = await throttle.begin(pools, "second", user.email or "", address, now)
    codes = recovery_codes.new_codes()
    async with pools.system() as conn:
        await users.hold(conn, session.user_id)
        proposed = await factors.read_totp(conn, session.user_id)
        if proposed is None or proposed.confirmed_at is not None:
            raise _wrong_code()
        seed = await vault.open(conn, proposed.secret, totp.PURPOSE)
        step = totp.matching_step(seed, code, now.timestamp())
        if step is None or not await factors.confirm_totp(
            conn, session.user_id, proposed.secret, step, now
        ):
            raise _wrong_code()
        digests = [recovery_codes.digest_of(code) for code in codes]
        await factors.replace_codes(conn, session.user_id, digests, now)
        await throttle.succeeded(conn, attempt)
        await finish(conn, session, "totp.added", now)
    return codes


async def remove_totp(
    pools: "Pools", vault: "VaultPort", session: "Session", now: datetime
) -> None:
    """Ask for codes no more, and forget the seed and the recovery codes.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
        NotFound: there is none.
        NoWayIn: what is left is not good enough alone.
    """
    async with pools.system() as conn:
        await require_fresh(conn, session, now)
        await users.hold(conn, session.user_id)
        ways = await ways_in(conn, session.user_id)
        if not ways.has_totp:
            raise NotFound(what="factor", name="totp")
        require_way_in(replace(ways, has_totp=False))
        sealed = await factors.remove_totp(conn, session.user_id)
        if sealed is not None:
            await vault.shred(conn, sealed)
        await finish(conn, session, "totp.removed", now)


async def replace_recovery_codes(
    pools: "Pools", session: "Session", now: datetime
) -> tuple[str, ...]:
    """Return new recovery codes, told only now; the former ones are good no more.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
        NotFound: there is no second factor that they would stand in for.
    """
    codes = recovery_codes.new_codes()
    async with pools.system() as conn:
        await require_fresh(conn, session, now)
        await users.hold(conn, session.user_id)
        if not (await ways_in(conn, session.user_id)).has_totp:
            raise NotFound(what="factor", name="totp")
        digests = [recovery_codes.digest_of(code) for code in codes]
        await factors.replace_codes(conn, session.user_id, digests, now)
        await finish(conn, session, "recovery_codes.replaced", now)
    return codes


async def passkey_options(
    pools: "Pools", site: passkeys.Site, session: "Session", now: datetime
) -> dict[str, Any]:
    """Return what to ask a browser for another passkey.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
    """
    async with pools.system() as conn:
        await require_fresh(conn, session, now)
        user = await users.read(conn, session.user_id)
        return await passkeys.registration_options(conn, site, user, now)


async def add_passkey(
    pools: "Pools",
    site: passkeys.Site,
    session: "Session",
    answer: passkeys.Answer,
    name: str,
    now: datetime,
) -> "Passkey":
    """Keep the passkey that a browser made after `passkey_options`.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
        InvalidInput: the answer makes no passkey.
    """
    async with pools.system() as conn:
        await require_fresh(conn, session, now)
        user = await users.hold(conn, session.user_id)
        passkey = await passkeys.register(conn, site, user, answer, name, now)
        await finish(conn, session, "passkey.added", now)
    return passkey


async def remove_passkey(
    pools: "Pools", session: "Session", credential_id: bytes, now: datetime
) -> None:
    """Forget a passkey.

    Raises:
        StepUpRequired: the last proof is too old or too weak.
        NotFound: it is not one of the person's.
        NoWayIn: what is left is not good enough alone.
    """
    async with taking_away(pools, session, now) as conn:
        await stored_passkeys.remove(conn, session.user_id, credential_id)
        await finish(conn, session, "passkey.removed", now)


def _wrong_code() -> InvalidInput:
    return InvalidInput(field="code", reason="expected the code that the app shows now")
