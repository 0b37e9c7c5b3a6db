"""Check which proofs an act needs, what it ends, and that nobody is left with a door too weak."""

from base64 import b32decode
from dataclasses import dataclass
from datetime import datetime, timedelta

import argon2
import pytest

from core.clock import SystemClock
from core.errors import (
    InvalidInput,
    NotFound,
    NoWayIn,
    SignInFailed,
    SignInThrottled,
    StepUpRequired,
)
from core.identity import Role
from serve.identity import account_acts, factor_acts, passwords, sign_in, step_up, totp
from serve.identity.authenticator import Authenticator
from serve.identity.passkeys import Site
from serve.identity.sign_in import SignedIn, Visitor
from storage.audit import trail
from storage.identity import sessions, sign_in_links, users
from storage.identity.sessions import Session
from storage.pool import Pools
from storage.vault.vault import Vault, open_vault
from tests.identities import NOW, add_user, key_headers
from tests.people import ToldTokens
from tests.software_authenticator import SoftwareAuthenticator
from tests.vaults import TEST_VAULT

pytestmark = pytest.mark.postgres

EMAIL = "ada@example.com"
PASSWORD = "tidal oven nineteen"
SITE = Site(origin="https://desk.example")
HOME = Visitor(address="192.0.2.1", user_agent="browser")
LATER = NOW + timedelta(minutes=11)


@dataclass
class Desk:
    """Hold a person who signed in by password, and a device with no passkey yet."""

    pools: Pools
    vault: Vault
    session: Session
    device: SoftwareAuthenticator

    async def add_totp(self, now: datetime = NOW) -> tuple[bytes, tuple[str, ...]]:
        proposal = await factor_acts.propose_totp(self.pools, self.vault, self.session, now)
        seed = b32decode(proposal.seed + "=" * (-len(proposal.seed) % 8))
        code = totp.hotp(seed, totp.step_at(now.timestamp()))
        codes = await factor_acts.confirm_totp(
            self.pools, self.vault, self.session, code, HOME.address, now
        )
        return seed, codes

    async def add_passkey(self, now: datetime = NOW) -> bytes:
        options = await factor_acts.passkey_options(self.pools, SITE, self.session, now)
        answer = self.device.create(options)
        passkey = await factor_acts.add_passkey(self.pools, SITE, self.session, answer, "Key", now)
        return passkey.credential_id

    async def prove_by_passkey(self, now: datetime) -> None:
        options = await step_up.passkey_options(self.pools, SITE, self.session, now)
        answer = self.device.get(options)
        self.session = await step_up.with_passkey(self.pools, SITE, self.session, answer, now)

    async def actions(self) -> list[str]:
        async with self.pools.system() as conn:
            return [one.action for one in await trail.page(conn, self.session.org_id, limit=20)]


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    kept = await passwords.hash_of(PASSWORD)
    async with pools.system() as conn:
        user_id = await add_user(conn, EMAIL, Role.ANALYST)
        await users.set_password(conn, user_id, kept, NOW, stands_alone=True)
    signed_in = await sign_in.first_step(pools, EMAIL, PASSWORD, HOME, NOW)
    assert isinstance(signed_in, SignedIn)
    device = SoftwareAuthenticator(SITE.origin, SITE.rp_id)
    return Desk(pools, open_vault(TEST_VAULT), signed_in.session, device)


async def test_an_old_proof_changes_no_factor(desk: Desk) -> None:
    with pytest.raises(StepUpRequired):
        await desk.add_totp(LATER)
    with pytest.raises(StepUpRequired):
        await desk.add_passkey(LATER)
    desk.session = await step_up.with_password(
        desk.pools, desk.session, PASSWORD, HOME.address, LATER
    )
    await desk.add_passkey(LATER)


async def test_who_has_a_second_factor_proves_by_it(desk: Desk) -> None:
    await desk.add_passkey()
    with pytest.raises(StepUpRequired):
        await desk.add_totp()
    proven = await step_up.with_password(desk.pools, desk.session, PASSWORD, HOME.address, NOW)
    assert not step_up.is_fresh(proven, NOW, strongly=True)
    await desk.prove_by_passkey(NOW)
    await desk.add_totp()
    assert {"passkey.added", "session.stepped_up", "totp.added"} <= set(await desk.actions())


async def test_a_code_proves_once_and_not_for_long(desk: Desk) -> None:
    seed, recovery = await desk.add_totp()
    at = NOW + timedelta(minutes=1)
    code = totp.hotp(seed, totp.step_at(at.timestamp()))

    async def prove(given: str) -> Session:
        return await step_up.with_code(
            desk.pools, desk.vault, desk.session, given, HOME.address, at
        )

    proven = await prove(code)
    assert step_up.is_fresh(proven, at + timedelta(minutes=10), strongly=True)
    assert not step_up.is_fresh(proven, at + timedelta(minutes=11), strongly=True)
    for spent in (code, "000000", ""):
        with pytest.raises(SignInFailed):
            await prove(spent)
    await prove(recovery[0])
    with pytest.raises(SignInFailed):
        await prove(recovery[0])


async def test_wrong_proofs_are_slowed_as_wrong_sign_ins_are(desk: Desk) -> None:
    with pytest.raises(SignInThrottled):  # noqa: PT012 - counts until it raises
        for _ in range(20):
            with pytest.raises(SignInFailed):
                await step_up.with_password(desk.pools, desk.session, "wrong", HOME.address, NOW)


async def test_what_another_person_proves_proves_nothing(desk: Desk) -> None:
    await desk.add_passkey()
    async with desk.pools.system() as conn:
        eve = await users.read(conn, await add_user(conn, "eve@example.com", Role.ANALYST))
        session = (await sign_in.let_in(conn, eve, ("password",), HOME, NOW)).session
    options = await step_up.passkey_options(desk.pools, SITE, desk.session, NOW)
    with pytest.raises(SignInFailed):
        await step_up.with_passkey(desk.pools, SITE, session, desk.device.get(options), NOW)


async def test_a_factor_is_removed_while_something_good_enough_is_left(desk: Desk) -> None:
    await desk.add_totp()
    with pytest.raises(StepUpRequired):
        await factor_acts.remove_totp(desk.pools, desk.vault, desk.session, NOW)
    strong = await step_up_by_recovery(desk)
    await factor_acts.remove_totp(desk.pools, desk.vault, strong, NOW)
    with pytest.raises(NotFound):
        await factor_acts.remove_totp(desk.pools, desk.vault, strong, NOW)
    with pytest.raises(NotFound):
        await factor_acts.replace_recovery_codes(desk.pools, strong, NOW)
    async with desk.pools.system() as conn:
        assert await conn.fetchval("SELECT count(*) FROM recovery_codes") == 0
        assert await conn.fetchval("SELECT count(*) FROM vault_keys") == 0


async def step_up_by_recovery(desk: Desk) -> Session:
    codes = await factor_acts.replace_recovery_codes(
        desk.pools,
        await with_methods(desk, ("password", "totp")),
        NOW,
    )
    return await step_up.with_code(
        desk.pools, desk.vault, desk.session, codes[0], HOME.address, NOW
    )


async def with_methods(desk: Desk, methods: tuple[str, ...]) -> Session:
    async with desk.pools.system() as conn:
        return await sessions.prove(conn, desk.session.session_id, methods, NOW)


async def test_the_last_passkey_of_who_has_no_password_stays(desk: Desk) -> None:
    credential_id = await desk.add_passkey()
    await desk.prove_by_passkey(NOW)
    async with desk.pools.system() as conn:
        await conn.execute("UPDATE users SET password_hash = NULL")
    with pytest.raises(NoWayIn):
        await factor_acts.remove_passkey(desk.pools, desk.session, credential_id, NOW)
    await account_acts.change_password(
        desk.pools, desk.session, None, "a quite new password", HOME.address, NOW
    )
    await factor_acts.remove_passkey(desk.pools, desk.session, credential_id, NOW)
    with pytest.raises(NotFound):
        await factor_acts.remove_passkey(desk.pools, desk.session, credential_id, NOW)


async def test_a_new_password_ends_every_other_session_and_link_and_no_key(desk: Desk) -> None:
    other = await sign_in.first_step(desk.pools, EMAIL, PASSWORD, HOME, NOW)
    assert isinstance(other, SignedIn)
    async with desk.pools.system() as conn:
        link = await sign_in_links.create(conn, desk.session.user_id, NOW, 600)
    headers = await key_headers(desk.pools, Role.ANALYST, user_id=desk.session.user_id)
    await account_acts.change_password(
        desk.pools, desk.session, PASSWORD, "a quite new password", HOME.address, NOW
    )
    async with desk.pools.system() as conn:
        (left,) = await sessions.of_user(conn, desk.session.user_id, NOW)
        assert left.session_id == desk.session.session_id
        assert await sign_in_links.peek(conn, link, NOW) is None
    door = Authenticator(desk.pools, SystemClock(), ToldTokens())
    principal = await door.authenticate(headers["Authorization"])
    assert principal.user_id == desk.session.user_id


@pytest.mark.parametrize(
    ("current", "new", "refusal"),
    [
        ("wrong", "a quite new password", SignInFailed),
        (None, "a quite new password", SignInFailed),
        (PASSWORD, "short", InvalidInput),
        (PASSWORD, EMAIL, InvalidInput),
    ],
)
async def test_a_password_is_not_changed_without_the_former_or_for_a_worse(
    desk: Desk, current: str | None, new: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await account_acts.change_password(
            desk.pools, desk.session, current, new, HOME.address, NOW
        )
    assert isinstance(await sign_in.first_step(desk.pools, EMAIL, PASSWORD, HOME, NOW), SignedIn)


async def test_a_hash_that_is_too_weak_by_now_is_replaced_at_the_next_sign_in(desk: Desk) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    async with desk.pools.system() as conn:
        await users.set_password(conn, desk.session.user_id, weak, NOW, stands_alone=True)
    assert isinstance(await sign_in.first_step(desk.pools, EMAIL, PASSWORD, HOME, NOW), SignedIn)
    async with desk.pools.system() as conn:
        kept = (await users.read(conn, desk.session.user_id)).password_hash
    assert kept is not None
    assert kept != weak
    assert not passwords.needs_new_hash(kept)
    assert await passwords.is_right(kept, PASSWORD)
