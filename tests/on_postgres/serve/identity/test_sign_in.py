"""Check who is let in, what failing costs, and that failures tell nothing."""

import asyncio
import statistics
import time
from base64 import b32decode
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from core.errors import InvalidInput, NoWayIn, SignInFailed, SignInThrottled
from core.identity import Role
from serve.identity import account_acts, factor_acts, link_sign_in, passwords, sign_in, totp
from serve.identity.sign_in import SecondFactorNeeded, SignedIn, Visitor
from storage.audit import trail
from storage.identity import sign_in_links, users
from storage.identity.sessions import Session
from storage.pool import Pools
from storage.vault.vault import Vault, open_vault
from tests.identities import NOW, add_user
from tests.vaults import TEST_VAULT

pytestmark = pytest.mark.postgres

EMAIL = "ada@example.com"
PASSWORD = "tidal oven nineteen"
HOME = Visitor(address="192.0.2.1", user_agent="browser")


@pytest.fixture
def vault() -> Vault:
    return open_vault(TEST_VAULT)


@pytest.fixture
async def user_id(pools: Pools) -> UUID:
    kept = await passwords.hash_of(PASSWORD)
    async with pools.system() as conn:
        user_id = await add_user(conn, EMAIL, Role.OWNER)
        await users.set_password(conn, user_id, kept, NOW, stands_alone=True)
    return user_id


async def signed_in(pools: Pools, at: int = 0) -> SignedIn:
    found = await sign_in.first_step(pools, EMAIL, PASSWORD, HOME, NOW + timedelta(seconds=at))
    assert isinstance(found, SignedIn)
    return found


async def add_totp(pools: Pools, vault: Vault, session: Session) -> tuple[bytes, tuple[str, ...]]:
    proposal = await factor_acts.propose_totp(pools, vault, session, NOW)
    padded = proposal.seed + "=" * (-len(proposal.seed) % 8)
    seed = b32decode(padded)
    codes = await factor_acts.confirm_totp(
        pools, vault, session, totp.hotp(seed, totp.step_at(NOW.timestamp())), HOME.address, NOW
    )
    return seed, codes


async def asked(pools: Pools, at: int) -> str:
    found = await sign_in.first_step(pools, EMAIL, PASSWORD, HOME, NOW + timedelta(seconds=at))
    assert isinstance(found, SecondFactorNeeded)
    return found.token


async def is_let_in(pools: Pools, vault: Vault, token: str, code: str, at: int) -> bool:
    now = NOW + timedelta(seconds=at)
    try:
        await sign_in.second_step(pools, vault, token, code, HOME, now)
    except SignInFailed:
        return False
    return True


@pytest.mark.usefixtures("user_id")
async def test_the_right_password_begins_a_session_that_is_written_down(pools: Pools) -> None:
    session = (await signed_in(pools)).session
    async with pools.system() as conn:
        (entry,) = await trail.page(conn, session.org_id, limit=5)
    assert (entry.action, session.methods) == ("session.started", ("password",))


async def test_whatever_is_wrong_fails_alike(pools: Pools, user_id: UUID) -> None:
    for email, password in ((EMAIL, "wrong"), ("b@example.com", PASSWORD), ("", ""), (EMAIL, "")):
        with pytest.raises(SignInFailed):
            await sign_in.first_step(pools, email, password, HOME, NOW)
    async with pools.system() as conn:
        await users.disable(conn, user_id, NOW)
    with pytest.raises(SignInFailed):
        await sign_in.first_step(pools, EMAIL, PASSWORD, HOME, NOW)


@pytest.mark.usefixtures("user_id")
async def test_each_code_is_good_once_also_when_they_race(pools: Pools, vault: Vault) -> None:
    seed, recovery = await add_totp(pools, vault, (await signed_in(pools)).session)
    code = totp.hotp(seed, totp.step_at(NOW.timestamp()) + 2)
    tokens = [await asked(pools, 60) for _ in range(3)]
    raced = await asyncio.gather(*(is_let_in(pools, vault, one, code, 60) for one in tokens))
    assert sorted(raced) == [False, False, True]
    assert not await is_let_in(pools, vault, await asked(pools, 90), code, 90)
    # so that what failed until now slows nobody any more
    assert await is_let_in(pools, vault, await asked(pools, 90), recovery[1], 90)
    tokens = [await asked(pools, 90) for _ in range(3)]
    raced = await asyncio.gather(*(is_let_in(pools, vault, t, recovery[0], 90) for t in tokens))
    assert sorted(raced) == [False, False, True]


@pytest.mark.usefixtures("user_id")
async def test_wrong_codes_are_slowed(
    pools: Pools, vault: Vault, tell: Callable[[str], None]
) -> None:
    await add_totp(pools, vault, (await signed_in(pools)).session)
    token, failures = await asked(pools, 60), 0
    with pytest.raises(SignInThrottled) as refused:  # noqa: PT012 - counts until it raises
        while failures < 50:
            assert not await is_let_in(pools, vault, token, "000000", 60)
            failures += 1
    tell(f"promise 32: throttled after {failures} wrong codes")
    assert failures == 5
    assert refused.value.context["retry_after_s"] == 30


@pytest.mark.usefixtures("user_id")
async def test_strangers_get_few_tries_and_never_shut_out_the_owner(
    pools: Pools, tell: Callable[[str], None]
) -> None:
    await signed_in(pools)
    checked = 0
    for number in range(120):
        stranger = Visitor(address=f"198.51.100.{number}", user_agent="")
        with suppress(SignInThrottled):
            with pytest.raises(SignInFailed):
                await sign_in.first_step(pools, EMAIL, "wrong", stranger, NOW)
            checked += 1
    tell(f"promise 33: {checked} of 120 guesses by 120 addresses were taken")
    assert checked == 50
    await signed_in(pools)


@pytest.mark.usefixtures("user_id")
@pytest.mark.timeout(180)
async def test_known_and_unknown_users_take_as_long(
    pools: Pools, tell: Callable[[str], None]
) -> None:
    """Take turns, each pair in another order, so that what else the machine does hits both."""
    emails = (EMAIL, "b@example.com")
    work: dict[str, list[float]] = {email: [] for email in emails}
    waits: dict[str, list[float]] = {email: [] for email in emails}
    for number in range(150):
        for email in emails if number % 2 else reversed(emails):
            # each try at its own address and a day later, so that none is throttled
            visitor = Visitor(address=f"198.51.100.{number}", user_agent="")
            now = NOW + timedelta(days=2 * number)
            begun, worked = time.perf_counter(), time.process_time()
            with pytest.raises(SignInFailed):
                await sign_in.first_step(pools, email, "wrong", visitor, now)
            work[email].append(time.process_time() - worked)
            waits[email].append(time.perf_counter() - begun)
    for what, times in (("work", work), ("waiting", waits)):
        known, unknown = (statistics.median(times[email]) for email in emails)
        apart = abs(known - unknown) / known
        tell(f"promise 33: the {what} for known and unknown users differs by {apart:.2%} (limit 5)")
        assert apart < 0.05


async def test_a_link_sets_a_password_once_and_ends_the_rest(
    pools: Pools, vault: Vault, user_id: UUID
) -> None:
    async with pools.system() as conn:
        token = await sign_in_links.create(conn, user_id, NOW, 600)
    with pytest.raises(InvalidInput):
        await link_sign_in.set_password(pools, vault, token, "short", None, HOME, NOW)
    found = await link_sign_in.set_password(
        pools, vault, token, "a much newer one", None, HOME, NOW
    )
    assert found.session.methods == ("link", "password")
    with pytest.raises(SignInFailed):
        await link_sign_in.set_password(pools, vault, token, "a third long one", None, HOME, NOW)
    with pytest.raises(SignInFailed):
        await sign_in.first_step(pools, EMAIL, PASSWORD, HOME, NOW)


@pytest.mark.usefixtures("user_id")
async def test_a_short_password_keeps_its_second_factor(pools: Pools, vault: Vault) -> None:
    session = (await signed_in(pools)).session
    seed, _ = await add_totp(pools, vault, session)
    await account_acts.change_password(pools, session, PASSWORD, "q7w zxm l", HOME.address, NOW)
    found = await sign_in.first_step(pools, EMAIL, "q7w zxm l", HOME, NOW)
    assert isinstance(found, SecondFactorNeeded)
    code = totp.hotp(seed, totp.step_at(NOW.timestamp()) + 1)
    strong = await sign_in.second_step(pools, vault, found.token, code, HOME, NOW)
    with pytest.raises(NoWayIn):
        await factor_acts.remove_totp(pools, vault, strong.session, NOW)
